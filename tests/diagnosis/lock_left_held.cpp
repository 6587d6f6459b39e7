// A task that has ended left its lock in an object that lives on.
// rule: lock-held
// task: needs it
// says: task 'taker' took lock 'table' and has ended
#include "diagnosis.hpp"

#include <optional>

gyre::Task<> take(gyre::Lock& table, std::optional<gyre::LockGuard>& kept) {
    auto guard = co_await table.acquire();
    kept.emplace(std::move(guard));
}
gyre::Task<> need(gyre::Lock& table) {
    auto guard = co_await table.acquire();  // <- here
}
gyre::Task<> tick() {
    for (;;) co_await gyre::sleep(50ms);
}

gyre::Task<> amain() {
    gyre::Lock table("table");
    std::optional<gyre::LockGuard> kept;
    auto taker = gyre::spawn(take(table, kept), {.name = "taker"});
    co_await taker.join();
    auto ticker = gyre::spawn(tick(), {.name = "ticker"});
    auto needs = gyre::spawn(need(table), {.name = "needs it"});
    co_await needs.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

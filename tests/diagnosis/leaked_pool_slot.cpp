// A task keeps the permit of a pool in an object that outlives it.
// rule: permit-held
// task: late guest
// says: semaphore 'pool'.*task 'first guest' took one of semaphore 'pool' and has ended: it was not given back$
#include "diagnosis.hpp"

struct Session {
    std::optional<gyre::Permit> slot;
};

gyre::Task<> visit(gyre::Semaphore& pool, Session& session) {
    auto slot = co_await pool.acquire();  // <- here
    session.slot.emplace(std::move(slot));
}

gyre::Task<> amain() {
    gyre::Semaphore pool(1, "pool");
    Session first, second;
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(visit(pool, first), {.name = "first guest"});
        group.spawn(visit(pool, second), {.name = "late guest"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

// A table stays locked for reading while its reader sleeps; the writer waits, and behind it everybody else.
// rule: lock-held
// task: slow report
// says: holds lock 'table' for reading and waits on sleep.*2 tasks wait for the lock
#include "diagnosis.hpp"

gyre::Task<> report(gyre::RwLock& table) {
    auto guard = co_await table.read();
    co_await gyre::sleep(1h);  // <- here
}
gyre::Task<> update(gyre::RwLock& table) { auto guard = co_await table.write(); }

gyre::Task<> amain() {
    gyre::RwLock table("table");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(report(table), {.name = "slow report"});
        group.spawn(update(table), {.name = "update"});
        group.spawn(report(table), {.name = "next report"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

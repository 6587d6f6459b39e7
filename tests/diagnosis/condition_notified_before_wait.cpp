// A condition is notified before anybody waits, and the waiter does not look at what has changed.
// rule: never-woken
// task: reader
// says: waits on condition 'filled'.*nothing can wake it
#include "diagnosis.hpp"

gyre::Task<> read(gyre::Lock& lock, gyre::Condition& filled) {
    co_await gyre::sleep(5ms);
    auto guard = co_await lock.acquire();
    co_await filled.wait(guard);  // <- here
}
gyre::Task<> fill(gyre::Lock& lock, gyre::Condition& filled) {
    auto guard = co_await lock.acquire();
    filled.notify();
}

gyre::Task<> amain() {
    gyre::Lock lock("page");
    gyre::Condition filled(lock, "filled");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(read(lock, filled), {.name = "reader"});
        group.spawn(fill(lock, filled), {.name = "writer"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

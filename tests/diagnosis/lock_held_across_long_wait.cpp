// A lock is held while its holder sleeps; everybody else queues for it.
// rule: lock-held
// task: cache writer
// says: holds lock 'cache' and waits on sleep.*2 tasks wait for the lock
#include "diagnosis.hpp"

gyre::Task<> write(gyre::Lock& cache) {
    auto guard = co_await cache.acquire();
    co_await gyre::sleep(1h);  // <- here
}
gyre::Task<> read(gyre::Lock& cache) { auto guard = co_await cache.acquire(); }

gyre::Task<> amain() {
    gyre::Lock cache("cache");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(write(cache), {.name = "cache writer"});
        group.spawn(read(cache), {.name = "reader 1"});
        group.spawn(read(cache), {.name = "reader 2"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

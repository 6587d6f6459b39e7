// A task is spawned for everything that comes, without a limit; they come faster than they end.
// rule: growing
// task: request
// says: tasks that were spawned here in a group of 'acceptor', \d+ more than
#include "diagnosis.hpp"

gyre::Task<> handle() { co_await gyre::sleep(1h); }
gyre::Task<> accept() {
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        for (;;) {
            for (int i = 0; i < 3; ++i) group.spawn(handle(), {.name = "request"});  // <- here
            co_await gyre::sleep(2ms);
        }
    });
}

gyre::Task<> amain() {
    auto acceptor = gyre::spawn(accept(), {.name = "acceptor"});
    co_await acceptor.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

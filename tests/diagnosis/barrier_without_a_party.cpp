// One of three parties has failed before the barrier.
// rule: never-woken
// task: (first|second)
// says: waits on barrier 'start line', where 2 of 3 have come
#include "diagnosis.hpp"

gyre::Task<> come(gyre::Barrier& line, bool arrives) {
    co_await gyre::yield_now();
    if (!arrives) co_return;
    co_await line.wait();  // <- here
}

gyre::Task<> amain() {
    gyre::Barrier line(3, "start line");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(come(line, true), {.name = "first"});
        group.spawn(come(line, true), {.name = "second"});
        group.spawn(come(line, false), {.name = "third"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

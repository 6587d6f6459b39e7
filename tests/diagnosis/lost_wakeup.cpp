// A signal that nobody waits for yet is lost: an event that is set and cleared at once tells only those who wait.
// rule: never-woken
// task: consumer
// says: waits on event 'something to do'.*nothing can wake it
#include "diagnosis.hpp"

gyre::Task<> consume(gyre::Event& work) {
    co_await gyre::yield_now();
    co_await work.wait();  // <- here
}

gyre::Task<> amain() {
    gyre::Event work("something to do");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(consume(work), {.name = "consumer"});
        work.set();
        work.clear();
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

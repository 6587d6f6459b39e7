// The consumer of a queue has given up after an error that it swallowed; the producer waits for room.
// rule: queue-full
// task: producer
// says: queue 'jobs' is full \(2 items\)
#include "diagnosis.hpp"

gyre::Task<> produce(gyre::Queue<int>& jobs) {
    for (int i = 0;; ++i) co_await jobs.put(i);  // <- here
}
gyre::Task<> consume(gyre::Queue<int>& jobs) {
    try {
        auto first = co_await jobs.get();
        if (first == 0) throw std::runtime_error("not a good one");
    } catch (const std::runtime_error&) {}
}

gyre::Task<> amain() {
    gyre::Queue<int> jobs(2, "jobs");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(produce(jobs), {.name = "producer"});
        group.spawn(consume(jobs), {.name = "consumer"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

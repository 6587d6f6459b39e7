// Five tasks that sit around a table, each with a lock in the left hand.
// rule: wait-circle
// task: thinker \d
// says: 5 tasks wait for each other(.*'thinker \d' waits on lock 'fork \d', which task 'thinker \d' holds){5}
#include "diagnosis.hpp"

gyre::Task<> dine(gyre::Lock& first, gyre::Lock& second) {
    auto one = co_await first.acquire();
    co_await gyre::sleep(1ms);
    auto two = co_await second.acquire();  // <- here
}

gyre::Task<> amain() {
    std::vector<std::unique_ptr<gyre::Lock>> forks;
    std::vector<std::string> names;
    for (int i = 0; i < 5; ++i) {
        forks.push_back(std::make_unique<gyre::Lock>("fork " + std::to_string(i)));
        names.push_back("thinker " + std::to_string(i));
    }
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (std::size_t i = 0; i < 5; ++i) {
            group.spawn(dine(*forks[i], *forks[(i + 1) % 5]), {.name = names[i]});
        }
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

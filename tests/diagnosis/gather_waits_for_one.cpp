// Four answers are there, and their results wait for the fifth.
// rule: slow-branch
// task: collector
// says: its gather waits for one branch alone.*sleep
#include "diagnosis.hpp"

gyre::Task<int> quick() {
    co_await gyre::sleep(1ms);
    co_return 1;
}
gyre::Task<int> slow() {
    co_await gyre::sleep(1h);  // <- here
    co_return 2;
}
gyre::Task<> collect() {
    auto all = co_await gyre::gather(quick(), quick(), slow(), quick(), quick());
    static_cast<void>(all);
}

gyre::Task<> amain() {
    auto collector = gyre::spawn(collect(), {.name = "collector"});
    co_await collector.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

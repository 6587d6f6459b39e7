// A time limit passes, and what is inside of it cannot be stopped.
// rule: cancel-ignored
// task: converter
// says: is inside of a time limit that passed .* ago, and has not ended: it waits on job.*deadline of 10.*ms passed
#include "diagnosis.hpp"

#include <thread>

gyre::Task<> convert() {
    const auto block = [] { std::this_thread::sleep_for(1h); };  // seam: the fault
    const auto work = [&block]() -> gyre::Task<> {
        co_await gyre::to_thread(block);  // <- here
    };
    co_await gyre::timeout(10ms, work);
}

gyre::Task<> amain() {
    auto converter = gyre::spawn(convert(), {.name = "converter"});
    co_await converter.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

// A task calls a function of the system that blocks, and with it everything else.
// rule: never-yields
// task: napper
// says: blocks its loop since .*: system call \((clock_)?nanosleep\)
#include "diagnosis.hpp"

#include <thread>

gyre::Task<> nap() {
    co_await gyre::yield_now();                // <- here
    for (;;) std::this_thread::sleep_for(1h);  // seam: the fault
}

gyre::Task<> amain() {
    auto task = gyre::spawn(nap(), {.name = "napper"});
    co_await task.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

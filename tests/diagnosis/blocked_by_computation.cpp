// A task computes for ever and never waits.
// rule: never-yields
// task: prime finder
// says: blocks its loop since .*: (own code|no core)
#include "diagnosis.hpp"

#include <cstdint>

gyre::Task<> find_primes() {
    co_await gyre::yield_now();  // <- here
    volatile std::uint64_t found = 0;
    for (std::uint64_t n = 2;; n = n + 1) {
        if (n % 7 != 0) found = found + 1;
    }
}

gyre::Task<> amain() {
    auto task = gyre::spawn(find_primes(), {.name = "prime finder"});
    co_await task.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

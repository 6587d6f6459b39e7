// A task fails, and nobody looks.
// rule: unreceived-error
// task: sync
// says: nobody received this error: task 'sync' \(unreceived_error.cpp:HERE\): disk full
#include "diagnosis.hpp"

gyre::Task<> copy() {
    co_await gyre::yield_now();
    throw std::runtime_error("disk full");
}

gyre::Task<> amain() {
    gyre::spawn(copy(), {.name = "sync"});  // <- here
    co_await gyre::sleep(1h);
}

int main() { gyre::run(amain(), diagnosis::options); }

// A coroutine is called and not awaited: its body never runs.
// rule: never-started
// task: main
// says: a Task of save_everything was made and dropped
#include "diagnosis.hpp"

// GCC gives the line of the closing brace.
gyre::Task<> save_everything() { co_await gyre::yield_now(); }  // <- here

gyre::Task<> amain() {
    { auto forgotten = save_everything(); }
    co_await gyre::sleep(1h);
}

int main() { gyre::run(amain(), diagnosis::options); }

// A task waits for something by asking again and again.
// rule: self-wake
// task: poller
// says: made itself ready at \d of \d looks
#include "diagnosis.hpp"

gyre::Task<> poll(const bool& ready) {
    while (!ready) co_await gyre::yield_now();  // <- here
}

gyre::Task<> amain() {
    const bool ready = false;
    auto poller = gyre::spawn(poll(ready), {.name = "poller"});
    co_await poller.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

// A time limit around each tiny step: every one of them arms a timer and cancels it.
// rule: timer-churn
// task: parser
// says: timers a second were armed, and \d+ of \d+ cancelled.*parser
#include "diagnosis.hpp"

gyre::Task<> parse() {
    for (;;) co_await gyre::timeout(1h, gyre::yield_now());  // <- here
}

gyre::Task<> amain() {
    auto parser = gyre::spawn(parse(), {.name = "parser"});
    co_await parser.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

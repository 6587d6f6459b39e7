// A gather of two answers, and who would give them has left.
// rule: never-woken
// task: collector
// says: waits on event '(north|south)'.*nothing can wake it
#include "diagnosis.hpp"

gyre::Task<> answer_of(gyre::Event& answered) {
    co_await answered.wait();  // <- here
}
gyre::Task<> collect(gyre::Event& north, gyre::Event& south) {
    co_await gyre::gather(answer_of(north), gyre::yield_now(), answer_of(south));
}

gyre::Task<> amain() {
    gyre::Event north("north"), south("south");
    auto collector = gyre::spawn(collect(north, south), {.name = "collector"});
    co_await collector.join();
}

int main() { gyre::run(amain(), diagnosis::options); }

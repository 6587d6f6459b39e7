// Two tasks wake each other without end and do nothing.
// rule: busy-loop
// task: (ping|pong)
// says: slices a second.*tasks wake each other again and again
#include "diagnosis.hpp"

gyre::Task<> answer(gyre::Event& ball, gyre::Event& other) {
    for (;;) {
        co_await ball.wait();  // <- here
        ball.clear();
        other.set();
    }
}

gyre::Task<> amain() {
    gyre::Event left("left"), right("right");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(answer(left, right), {.name = "ping"});
        group.spawn(answer(right, left), {.name = "pong"});
        left.set();
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

// Two tasks take two locks in opposite orders.
// rule: wait-circle
// task: (Plato|Kant)
// says: 2 tasks wait for each other.*'(Plato|Kant)' waits on lock '(left|right) fork', which task '(Plato|Kant)' holds
#include "diagnosis.hpp"

gyre::Task<> dine(gyre::Lock& first, gyre::Lock& second) {
    auto one = co_await first.acquire();
    co_await gyre::sleep(1ms);
    auto two = co_await second.acquire();  // <- here
}

gyre::Task<> amain() {
    gyre::Lock left("left fork"), right("right fork");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(dine(left, right), {.name = "Plato"});
        group.spawn(dine(right, left), {.name = "Kant"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

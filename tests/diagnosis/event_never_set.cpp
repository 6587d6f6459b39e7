// The path on which an error happens does not set the event.
// rule: never-woken
// task: waiter
// says: waits on event 'config loaded'; 2 wait for it.*nothing can wake it
#include "diagnosis.hpp"

gyre::Task<> wait_for(gyre::Event& loaded) {
    co_await loaded.wait();  // <- here
}
gyre::Task<> load(gyre::Event& loaded, bool works) {
    co_await gyre::sleep(1ms);
    if (works) loaded.set();
}

gyre::Task<> amain() {
    gyre::Event loaded("config loaded");
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        group.spawn(wait_for(loaded), {.name = "waiter"});
        group.spawn(wait_for(loaded), {.name = "other waiter"});
        group.spawn(load(loaded, false), {.name = "loader"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

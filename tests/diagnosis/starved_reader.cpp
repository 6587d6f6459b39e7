// A reader of low priority stands behind tasks that never wait.
// rule: starved
// task: reader
// says: ready.*its priority is low; ahead of it: (pump|press)
#include "diagnosis.hpp"

gyre::Task<> pump() {
    for (;;) co_await gyre::yield_now();
}
gyre::Task<> read(gyre::Event& page) {
    for (;;) co_await page.wait();  // <- here
}

gyre::Task<> amain() {
    gyre::Event page("next page");
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        for (int i = 0; i < 8000; ++i) group.spawn(read(page), {.name = "reader", .priority = gyre::Priority::low});
        co_await gyre::yield_now();
        group.spawn(pump(), {.name = "pump", .priority = gyre::Priority::high});
        group.spawn(pump(), {.name = "press", .priority = gyre::Priority::high});
        for (;;) {
            co_await gyre::sleep(1ms);
            page.set();
            page.clear();
        }
    });
}

int main() {
    auto options = diagnosis::options;
    options.timing = gyre::Timing::exact;  // how long a task was ready is measured, and not guessed from a few looks
    gyre::run(amain(), options);
}

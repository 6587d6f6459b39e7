// A snapshot may be taken at any moment: between all steps of programs that begin, wait, fail and are cancelled.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <sstream>

namespace gyre::testing {

namespace {

/// Takes a snapshot, writes it both ways, and holds it against what must be true of each.
void look() {
    const auto all = obs::snapshot();
    EXPECT_EQ(all.tasks.size(), all.task_count);
    std::size_t running = 0;
    for (const auto& task : all.tasks) {
        running += task.state == obs::TaskState::running ? 1 : 0;
        const bool ends_somewhere = task.stack.wait.has_value() || !task.stack.branches.empty();
        if (task.state == obs::TaskState::waiting) EXPECT_TRUE(ends_somewhere) << "a wait without a record";
    }
    EXPECT_EQ(running, 1U) << "the one that looks";
    std::ostringstream out;
    obs::write_text(out, all);
    obs::write_json(out, all);
    EXPECT_FALSE(out.str().empty());
}

auto watch(const bool& over) -> Task<> {
    while (!over) {
        look();
        co_await yield_now();
        look();
        co_await sleep(100us);
    }
}

auto fail_after(Duration length) -> Task<> {
    co_await sleep(length);
    throw std::runtime_error("on purpose");
}

auto numbers() -> AsyncGenerator<int> {
    for (int i = 0; i < 3; ++i) {
        co_await sleep(50us);
        co_yield i;
    }
}

struct Shop {
    Lock lock{"till"};
    Queue<int> queue{1, "counter"};
    Event open{"open"};
    Semaphore baskets{1, "baskets"};
};

auto customer(Shop& shop, int number) -> Task<> {
    const auto basket = co_await shop.baskets.acquire();
    const auto turn = co_await shop.lock.acquire();
    co_await shop.queue.put(number);
    const auto clean = []() -> Task<> { co_await sleep(120us); };
    co_await move_on_after(300us, try_finally(sleep(Duration(number * 70'000)), clean));
}

auto clerk(Shop& shop) -> Task<> {
    co_await shop.open.wait();
    for (;;) static_cast<void>(co_await shop.queue.get());
}

auto day(Shop& shop) -> Task<> {
    auto serving = spawn(clerk(shop), {.name = "clerk"});
    co_await sleep(150us);
    shop.open.set();
    static_cast<void>(co_await as_outcome(task_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 6; ++i) group.spawn(customer(shop, i), {.name = "customer"});
        group.spawn(fail_after(900us));
        co_await gather(sleep(200us), shield(sleep(400us)));
        static_cast<void>(co_await race(sleep(50us), sleep(1h)));
        auto some = numbers();
        while (auto number = co_await some.next()) look();
    })));
    serving.cancel("closing time");
    static_cast<void>(co_await as_outcome(serving.join()));
}

}  // namespace

GYRE_SEEDED_TEST(SnapshotAnywhere, is_right_between_all_steps) {
    bool over = false;
    auto watcher = spawn(watch(over), {.name = "watcher"});
    Shop shop;
    co_await day(shop);
    over = true;
    co_await watcher.join();
}

}  // namespace gyre::testing

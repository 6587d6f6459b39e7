// Cancelling very many at once, and everything that core has at every step.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

auto hold(Counted) -> Task<> { co_await sleep(1h); }

auto hold_deep(int depth, int& alive) -> Task<> {
    const Counted token(alive);
    if (depth == 0) {
        co_await sleep(1h);
    } else {
        co_await hold_deep(depth - 1, alive);
    }
}

/// Calls no more from its end on.
struct CancelledAtEnd {
    TimerHandle timer;
    explicit CancelledAtEnd(TimerHandle handle) : timer(std::move(handle)) {}
    CancelledAtEnd(const CancelledAtEnd&) = delete;
    auto operator=(const CancelledAtEnd&) -> CancelledAtEnd& = delete;
    ~CancelledAtEnd() { timer.cancel(); }
};

/// Uses everything in the core once.
auto everything(int& alive) -> Task<> {
    const Counted token(alive);
    Event event;
    Promise<int> promise;
    auto future = promise.future();
    const CancelledAtEnd timer(this_loop().call_later(3ms, [&event] { event.set(); }));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        const Counted inside(alive);
        group.spawn(hold_deep(3, alive)).cancel();
        group.spawn([&]() -> Task<> {
            const Counted here(alive);
            co_await event.wait();
            promise.set_value(1);
        });
        group.spawn([&]() -> Task<> {
            const Counted here(alive);
            const int value = co_await timeout(1h, future);
            EXPECT_EQ(value, 1);
        });
        const auto pair = co_await gather(sleep(1ms), [&]() -> Task<int> {
            const Counted here(alive);
            co_await yield_now();
            co_return 2;
        });
        EXPECT_EQ(std::get<1>(pair), 2);
        const auto first = co_await race(sleep(1h), sleep(1ms));
        EXPECT_EQ(first.index(), 1U);
        co_await shield([&]() -> Task<> {
            const Counted here(alive);
            co_await sleep(1ms);
            co_await sleep(1ms);
        });
        co_await try_finally(
            [&]() -> Task<> {
                const Counted here(alive);
                co_await move_on_after(1ms, sleep(1h));
            },
            [&]() -> Task<> {
                const Counted here(alive);
                co_await sleep(1ms);
            });
        auto handle = group.spawn(sleep(1ms));
        co_await handle.join();
    });
    EXPECT_TRUE(event.is_set());
    EXPECT_TRUE(future.done());
}

}  // namespace

GYRE_TEST(MassCancel, ten_thousand_sleeping_tasks) {
    constexpr int count = 10'000;
    int alive = 0;
    std::vector<TaskHandle<>> handles;
    for (int i = 0; i < count; ++i) handles.push_back(spawn(hold(Counted(alive))));
    co_await all_blocked();
    EXPECT_EQ(alive, count);
    auto& timers = this_loop().scheduler().timers;
    EXPECT_EQ(timers.size(), static_cast<std::size_t>(count));
    for (auto& handle : handles) handle.cancel();
    EXPECT_EQ(timers.size(), 0U) << "at once";
    co_await all_blocked();
    EXPECT_EQ(alive, 0);
    for (auto& handle : handles) EXPECT_TRUE(handle.cancelled());
}

GYRE_TEST(MassCancel, a_group_of_ten_thousand_deep_ones) {
    constexpr int count = 10'000;
    int alive = 0;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < count; ++i) group.spawn(hold_deep(4, alive));
        });
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(MassCancel, a_gather_of_ten_thousand) {
    int alive = 0;
    std::vector<Task<>> many;
    for (int i = 0; i < 10'000; ++i) many.push_back(hold(Counted(alive)));
    const bool through = co_await move_on_after(1ms, gather(std::move(many)));
    EXPECT_FALSE(through);
    EXPECT_EQ(alive, 0);
}

TEST(CancelCore, everything_at_every_step_in_every_order) {
    int alive = 0;
    const std::size_t steps = CancelEverywhere([&alive] { return everything(alive); })
                                  .before_each([&alive] { alive = 0; })
                                  .invariant([&alive](const CancelledRun&) { EXPECT_EQ(alive, 0); })
                                  .orders(10)
                                  .run();
    EXPECT_GE(steps, 15U);
}

TEST(CancelCore, errors_and_cancellation_together) {
    int alive = 0;
    CancelEverywhere([&alive]() -> Task<> {
        const Counted token(alive);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(hold_deep(2, alive));
            group.spawn([&]() -> Task<> {
                const Counted here(alive);
                co_await sleep(2ms);
                throw std::runtime_error("on purpose");
            });
            co_await try_finally(gather(hold_deep(1, alive), sleep(1h)), sleep(2ms));
        });
    })
        .before_each([&alive] { alive = 0; })
        .errors_allowed()
        .invariant([&alive](const CancelledRun& run) {
            EXPECT_EQ(alive, 0);
            EXPECT_NE(run.end, CancelledRun::End::value);
            if (run.end == CancelledRun::End::error) {
                EXPECT_EQ(run.error, "on purpose");
            }
        })
        .orders(10)
        .run();
}

TEST(CancelCore, nested_scopes_and_clean_ups) {
    int cleaned = 0;
    int entered = 0;
    CancelEverywhere([&]() -> Task<> {
        const auto layer = [&](auto&& self, int depth) -> Task<> {
            const auto inside = [&]() -> Task<> {
                ++entered;
                co_await sleep(1ms);
                if (depth > 0) co_await move_on_after(5ms, self(self, depth - 1));
                co_await sleep(1ms);
            };
            const auto clean = [&]() -> Task<> {
                co_await sleep(1ms);
                ++cleaned;
            };
            co_await try_finally(inside, clean);
        };
        co_await layer(layer, 4);
    })
        .before_each([&] { cleaned = entered = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(cleaned, entered); })
        .orders(5)
        .run();
}

}  // namespace gyre::testing

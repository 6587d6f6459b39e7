// to_thread: calls that block, beside the loop.

#include "support/loops.hpp"

#include <atomic>
#include <barrier>
#include <thread>

namespace gyre::testing {

namespace {

class ToThreadOn : public OnLoops {};
GYRE_ON_LOOPS(ToThreadOn);

}  // namespace

TEST_P(ToThreadOn, calls_a_function_on_another_thread) {
    run([]() -> Task<> {
        const auto home = std::this_thread::get_id();
        const auto there = co_await to_thread([] { return std::this_thread::get_id(); });
        EXPECT_NE(there, home);
        const auto text = co_await to_thread([](std::string a, int b) { return a + std::to_string(b); }, "x", 5);
        EXPECT_EQ(text, "x5");
    });
}

TEST_P(ToThreadOn, forty_at_once_and_not_more) {
    run([]() -> Task<> {
        std::atomic<int> now = 0;
        std::atomic<int> most = 0;
        std::barrier forty(40);
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 80; ++i) {
                group.spawn([&]() -> Task<> {
                    co_await to_thread([&] {
                        const int inside = ++now;
                        int seen = most;
                        while (seen < inside && !most.compare_exchange_weak(seen, inside)) {}
                        forty.arrive_and_wait();
                        --now;
                    });
                });
            }
        });
        EXPECT_EQ(most, 40);
        EXPECT_EQ(to_thread_pool().concurrency(), 40U);
    });
}

TEST_P(ToThreadOn, a_loop_that_closes_waits_for_what_runs) {
    std::atomic<bool> ended = false;
    std::atomic<bool> begun = false;
    run([&]() -> Task<> {
        auto job = to_thread([&](StopToken stop) {
            begun = true;
            while (!stop.stop_requested()) std::this_thread::yield();
            ended = true;
        }).abandon_on_cancel();
        while (!begun) co_await yield_now();
        co_await move_on_after(0ms, std::move(job));
    });
    loop().finish();
    EXPECT_TRUE(ended);
}

TEST(ToThread, needs_a_loop) {
    EXPECT_EQ(error_of([] { static_cast<void>(to_thread([] {})); }),
        "no gyre loop runs on this thread: call this from inside gyre::run");
}

TEST(ToThread, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        const int one = co_await to_thread([] { return 1; });
        const int two = co_await to_thread([](StopToken) { return 2; });
        EXPECT_EQ(one + two, 3);
    }).run();
}

}  // namespace gyre::testing

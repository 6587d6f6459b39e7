// sleep, sleep_until, yield_now: order and time.

#include "support/loops.hpp"
#include "support/tracked.hpp"

namespace gyre::testing {

namespace {

auto note_after(Log& log, Duration delay, std::string name) -> Task<> {
    co_await sleep(delay);
    log.push_back(std::move(name));
}

}  // namespace

GYRE_TEST(Sleep, lasts_exactly_as_long_as_virtual_time_says) {
    const Time start = this_loop().now();
    co_await sleep(1h);
    EXPECT_EQ(this_loop().now() - start, 1h);
    co_await sleep_until(start + 2h);
    EXPECT_EQ(this_loop().now() - start, 2h);
}

GYRE_TEST(Sleep, zero_and_less_is_one_yield) {
    for (const Duration length : {Duration::zero(), Duration(-1s), Duration::min()}) {
        Log log;
        this_loop().call_soon([&log] { log.push_back("loop"); });
        co_await sleep(length);
        EXPECT_EQ(log, Log{"loop"});
    }
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(Sleep, until_a_moment_that_has_passed_ends_at_once) {
    const Time start = this_loop().now();
    co_await sleep_until(start);
    co_await sleep_until(start - 1h);
    co_await sleep_until(Time::min());
    EXPECT_EQ(this_loop().now(), start);
}

GYRE_TEST(Sleep, for_ever_is_possible) {
    const bool through = co_await move_on_after(1s, sleep(Duration::max()));
    EXPECT_FALSE(through);
    const bool until = co_await move_on_after(1s, sleep_until(Time::max()));
    EXPECT_FALSE(until);
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(Sleep, sleepers_wake_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_their_sleep) {
    Log log;
    co_await gather(note_after(log, 3ms, "c"), note_after(log, 1ms, "a1"), note_after(log, 2ms, "b"),
        note_after(log, 1ms, "a2"), note_after(log, 1ms, "a3"));
    EXPECT_EQ(log, (Log{"a1", "a2", "a3", "b", "c"}));
}

GYRE_TEST(Yield, lets_everything_that_is_ready_have_its_turn) {
    Log log;
    const auto three_times = [&log](std::string name) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            log.push_back(name);
            co_await yield_now();
        }
    };
    co_await gather(three_times("a"), three_times("b"), three_times("c"));
    EXPECT_EQ(log, (Log{"a", "b", "c", "a", "b", "c", "a", "b", "c"}));
}

GYRE_TEST(Yield, a_cancellation_before_its_turn_takes_effect_at_the_next_wait) {
    Log log;
    auto handle = spawn([&log]() -> Task<> {
        co_await yield_now();
        log.push_back("had its turn");
        co_await yield_now();
        log.push_back("never");
    });
    co_await yield_now();
    handle.cancel();
    const auto outcome = co_await as_outcome(handle.join());
    EXPECT_TRUE(outcome.is_error());
    EXPECT_EQ(log, Log{"had its turn"});
}

GYRE_TEST(Yield, a_chain_of_ready_tasks_does_not_starve_timers) {
    bool fired = false;
    this_loop().call_later(Duration::zero(), [&fired] { fired = true; });
    int turns = 0;
    while (!fired && turns < 100'000) {
        ++turns;
        co_await yield_now();
    }
    EXPECT_TRUE(fired);
    EXPECT_LE(turns, 1000);
}

GYRE_TEST(AllBlocked, waits_until_nothing_else_is_ready) {
    int turns = 0;
    auto busy = spawn([&turns]() -> Task<> {
        for (; turns < 50; ++turns) co_await yield_now();
        co_await sleep(1ms);
    });
    co_await all_blocked();
    EXPECT_EQ(turns, 50);
    EXPECT_FALSE(busy.done());
    co_await busy.join();
}

class SleepOn : public OnLoops {};
GYRE_ON_LOOPS(SleepOn);

TEST_P(SleepOn, never_ends_early) {
    run([]() -> Task<> {
        for (const Duration length : {Duration(1ns), Duration(900us), Duration(2ms), Duration(7ms)}) {
            const Time start = this_loop().now();
            co_await sleep(length);
            EXPECT_GE(this_loop().now() - start, length);
        }
    });
}

TEST_P(SleepOn, a_late_loop_wakes_in_the_order_of_deadlines) {
    Log log;
    run([&]() -> Task<> {
        auto c = spawn(note_after(log, 300us, "c"));
        auto a = spawn(note_after(log, 100us, "a"));
        auto b = spawn(note_after(log, 200us, "b"));
        co_await yield_now();
        // On a kernel backend the loop is kept busy until all are due.
        const Time start = this_loop().now();
        while (this_loop().backend_name() != "sim" && this_loop().now() - start < 1ms) {}
        co_await gather(a, b, c);
    });
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

}  // namespace gyre::testing

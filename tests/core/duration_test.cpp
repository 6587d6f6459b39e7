// Lengths of time that a Duration cannot hold, on every function that takes one.

#include "support/loops.hpp"

#include <cmath>
#include <limits>

namespace gyre::testing {

namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Seconds = std::chrono::duration<double>;

constexpr auto held(AnyDuration length) -> Duration { return length; }

static_assert(held(seconds::max()) == Duration::max());
static_assert(held(seconds::min()) == Duration::min());
static_assert(held(std::chrono::duration<std::uint64_t, std::milli>(~0ULL)) == Duration::max());
static_assert(held(std::chrono::duration<std::int64_t, std::pico>(1999)) == 1ns);
static_assert(held(std::chrono::duration<int, std::ratio<1, 60>>(90)) == 1500ms);
static_assert(held(0.5s) == 500ms);
static_assert(held(Seconds(std::numeric_limits<double>::infinity())) == Duration::max());
static_assert(held(Seconds(-1e30)) == Duration::min());
static_assert(held(9223372036s) == 9223372036s, "what it can hold is exact");

static_assert(Time(5ns) + hours::max() == Time::max());
static_assert(hours::max() + Time(5ns) == Time::max());
static_assert(Time(-5ns) + hours::min() == Time::min());
static_assert(Time(-5ns) - hours::max() == Time::min());
static_assert(Time(5ns) - hours::min() == Time::max());
static_assert(Time(7ns) - 2ns == Time(5ns));
static_assert(Time() + 0.5s == Time(500ms));

}  // namespace

TEST(AnyDuration, refuses_what_is_not_a_number) {
    EXPECT_EQ(error_of([] { static_cast<void>(sleep(Seconds(std::nan("")))); }), "a duration is not a number (NaN)");
}

/// The work lasts longer than anything but the limit, and ends with 1.
static auto an_hour() -> Task<int> {
    co_await sleep(1h);
    co_return 1;
}

GYRE_TEST(AnyDuration, a_limit_that_never_comes_cancels_nothing) {
    const auto start = this_loop().now();
    const int in_time = co_await timeout(seconds::max(), an_hour());
    const int in_more_time = co_await timeout(hours::max(), {.shield = true}, an_hour());
    const auto moved = co_await move_on_after(Seconds(1e300), an_hour());
    const auto set_later = co_await cancel_scope([](CancelScope& scope) -> Task<int> {
        scope.set_timeout(seconds::max());
        EXPECT_EQ(scope.deadline(), Time::max());
        const int value = co_await an_hour();
        co_return value;
    });
    EXPECT_EQ(in_time + in_more_time + moved.value_or(0) + set_later.value_or(0), 4);
    std::vector<TaskHandle<int>> handles(1, spawn(an_hour(), {.deadline = this_loop().now() + hours::max()}));
    const auto sets = co_await wait(handles, ReturnWhen::all_completed, {.timeout = seconds::max()});
    EXPECT_EQ(sets.done.size(), 1U);
    std::vector<Task<int>> work;
    work.push_back(an_hour());
    auto results = as_completed(std::move(work), {.timeout = hours::max()});
    const auto result = co_await results.next();
    EXPECT_EQ(result, 1);
    EXPECT_EQ(this_loop().now() - start, 6h);
}

GYRE_TEST(AnyDuration, a_sleep_that_never_ends_is_one) {
    const auto start = this_loop().now();
    const bool slept = co_await move_on_after(1h, sleep(seconds::max()));
    EXPECT_FALSE(slept);
    const bool slept_long = co_await move_on_after(1h, sleep(Seconds(1e300)));
    EXPECT_FALSE(slept_long);
    const bool reached = co_await move_on_after(1h, sleep_until(start + hours::max()));
    EXPECT_FALSE(reached);
    EXPECT_EQ(this_loop().now() - start, 3h);
    int calls = 0;
    auto call = this_loop().call_later(seconds::max(), [&] { ++calls; });
    EXPECT_EQ(call.when(), Time::max());
    co_await sleep(1000 * 24h);
    EXPECT_EQ(calls, 0);
    call.cancel();
}

GYRE_TEST(AnyDuration, the_most_negative_is_over_at_once) {
    const auto start = this_loop().now();
    co_await sleep(seconds::min());
    co_await sleep_until(start - hours::max());
    co_await sleep_until(Time::min());
    const bool began = co_await move_on_after(seconds::min(), sleep(1h));
    EXPECT_FALSE(began);
    const bool began_either = co_await move_on_after(hours::min(), sleep(1h));
    EXPECT_FALSE(began_either);
    const bool went_on = co_await cancel_scope([](CancelScope& scope) -> Task<> {
        scope.set_timeout(hours::min());
        co_await sleep(1h);
    });
    EXPECT_FALSE(went_on);
    const auto late = co_await as_outcome(timeout(seconds::min(), an_hour()));
    EXPECT_TRUE(failed_with<TimeoutError>(late));
    std::vector<TaskHandle<int>> handles(1, spawn(an_hour()));
    const auto sets = co_await wait(handles, ReturnWhen::all_completed, {.timeout = seconds::min()});
    EXPECT_EQ(sets.pending.size(), 1U);
    handles[0].cancel();
    Event called;
    this_loop().call_later(seconds::min(), [&] { called.set(); });
    co_await called.wait();
    EXPECT_EQ(this_loop().now(), start);
}

GYRE_TEST(AnyDuration, floating_point_lengths_are_to_the_nanosecond) {
    const auto start = this_loop().now();
    co_await sleep(0.25s);
    co_await sleep_until(this_loop().now() + 1.5ms);
    EXPECT_EQ(this_loop().now() - start, 251'500us);
}

class LongWait : public OnKernel {};
GYRE_ON_KERNEL(LongWait);

TEST_P(LongWait, the_kernel_waits_for_what_comes_and_not_for_ever) {
    run([]() -> Task<> {
        auto sleeper = spawn(sleep(seconds::max()));
        auto nearly = spawn(sleep(Duration::max() - 1ns));
        auto guarded = spawn(timeout(hours::max(), an_hour()));
        co_await sleep(1ms);
        EXPECT_FALSE(sleeper.done() || nearly.done() || guarded.done());
        sleeper.cancel();
        nearly.cancel();
        guarded.cancel();
    });
}

}  // namespace gyre::testing

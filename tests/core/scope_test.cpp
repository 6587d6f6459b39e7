// Scopes: timeout, move_on_after, shield, cancel_scope. Who asked, what comes out, and that it is level-triggered.

#include "small_works.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

GYRE_TEST(Timeout, gives_the_value_in_time) {
    const int value = co_await timeout(2ms, give(1, 1ms));
    EXPECT_EQ(value, 1);
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U) << "its timer is gone";
    const int at_once = co_await timeout(2ms, []() -> Task<int> { co_return 2; });
    EXPECT_EQ(at_once, 2);
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(Timeout, throws_with_the_limit_and_the_place) {
    const Time start = this_loop().now();
    std::string text;
    try {
        co_await timeout(1500us, give(1, 1h));
    } catch (const TimeoutError& error) {
        text = error.what();
    }
    EXPECT_EQ(this_loop().now() - start, 1500us);
    EXPECT_EQ(text.rfind("timeout: deadline of 1.5 ms passed (set at scope_test.cpp:", 0), 0U) << text;
    co_await sleep(1ms);  // the caller goes on
}

GYRE_TEST(Timeout, errors_of_the_work_pass) {
    const auto outcome = co_await as_outcome(timeout(1s, fail_after(1ms)));
    EXPECT_EQ(describe(outcome.error()), "work");
}

GYRE_TEST(Timeout, completion_at_the_deadline_counts) {
    // The sleep was armed after the deadline of the scope, for the same moment: the scope is cancelled first.
    const auto late = co_await as_outcome(timeout(5ms, give(1, 5ms)));
    EXPECT_TRUE(failed_with<TimeoutError>(late));
    // Here the wake-up was on its way already when the cancellation came.
    Event go;
    const auto woken = co_await cancel_scope([&](CancelScope& scope) -> Task<int> {
        this_loop().call_later(5ms, [&] {
            go.set();
            scope.cancel();
        });
        co_await go.wait();
        co_return 2;
    });
    EXPECT_EQ(woken.value_or(0), 2);
}

GYRE_TEST(Timeout, zero_and_less_cancel_at_the_first_real_wait) {
    for (const Duration limit : {Duration::zero(), Duration(-1s), Duration::min()}) {
        int steps = 0;
        const auto outcome = co_await as_outcome(timeout(limit, [&steps]() -> Task<> {
            ++steps;
            co_await sleep(1ms);
            ++steps;
        }));
        EXPECT_TRUE(failed_with<TimeoutError>(outcome));
        EXPECT_EQ(steps, 1);
        const int value = co_await timeout(limit, []() -> Task<int> { co_return 3; });
        EXPECT_EQ(value, 3) << "what needs no wait is in time";
    }
}

GYRE_TEST(Timeout, without_end_and_with_a_point_in_time) {
    const int forever = co_await timeout(Duration::max(), give(1, 1h));
    const int never = co_await timeout_at(Time::max(), give(2, 1h));
    EXPECT_EQ(forever + never, 3);
    const Time deadline = this_loop().now() + 3ms;
    const auto outcome = co_await as_outcome(timeout_at(deadline, give(1, 1h)));
    EXPECT_TRUE(failed_with<TimeoutError>(outcome));
    EXPECT_EQ(this_loop().now(), deadline);
    const auto past = co_await move_on_at(deadline - 1h, give(1, 1ms));
    EXPECT_FALSE(past.has_value());
}

GYRE_TEST(Timeout, of_handles_and_futures) {
    auto handle = spawn(give(1, 5ms));
    const auto first = co_await as_outcome(timeout(1ms, handle));
    EXPECT_TRUE(failed_with<TimeoutError>(first));
    const int value = co_await timeout(1h, handle);
    EXPECT_EQ(value, 1);
    Promise<int> promise;
    auto future = promise.future();
    const auto none = co_await move_on_after(1ms, future);
    EXPECT_FALSE(none.has_value());
    promise.set_value(4);
    const int got = co_await timeout(1ms, future);
    EXPECT_EQ(got, 4);
}

GYRE_TEST(Timeout, waits_for_the_clean_up_of_its_work) {
    const Time start = this_loop().now();
    const bool through = co_await move_on_after(1ms, try_finally(sleep(1h), []() -> Task<> { co_await sleep(10ms); }));
    EXPECT_FALSE(through);
    EXPECT_EQ(this_loop().now() - start, 11ms);
}

GYRE_TEST(Timeout, keeps_a_callable_alive) {
    int alive = 0;
    {
        auto work = [token = Counted(alive)]() -> Task<> { co_await sleep(1ms); };
        auto limited = timeout(1s, std::move(work));
        co_await std::move(limited);
    }
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(NestedScopes, the_inner_deadline_ends_the_inner_scope) {
    const auto outer = co_await move_on_after(10ms, [&]() -> Task<int> {
        const auto inner = co_await move_on_after(1ms, give(1, 1h));
        EXPECT_FALSE(inner.has_value());
        co_await sleep(1ms);
        co_return 5;
    });
    EXPECT_EQ(outer.value_or(0), 5);
}

GYRE_TEST(NestedScopes, the_outer_deadline_goes_through_the_inner_scope) {
    Log log;
    const auto outer = co_await move_on_after(1ms, [&]() -> Task<int> {
        const Guard guard(log, "outer");
        co_await move_on_after(10ms, [&]() -> Task<> {
            const Guard inner(log, "inner");
            co_await sleep(1h);
        });
        log.push_back("never");
        co_return 1;
    });
    EXPECT_FALSE(outer.has_value());
    EXPECT_EQ(log, (Log{"~inner", "~outer"}));
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(NestedScopes, an_inner_timeout_is_an_error_inside_the_outer_one) {
    bool caught = false;
    co_await timeout(10ms, [&]() -> Task<> {
        try {
            co_await timeout(1ms, sleep(1h));
        } catch (const TimeoutError&) {
            caught = true;
        }
        co_await sleep(1ms);
    });
    EXPECT_TRUE(caught);
}

GYRE_TEST(NestedScopes, equal_deadlines_end_both) {
    const auto outer = co_await move_on_after(1ms, [&]() -> Task<int> {
        const auto inner = co_await move_on_after(1ms, give(1, 1h));
        co_return inner.value_or(7);
    });
    EXPECT_FALSE(outer.has_value());
}

GYRE_TEST(NestedScopes, inner_cancelled_first_and_outer_while_it_unwinds) {
    // The inner scope has asked, but before its clean-up is through the outer one asks too: both go.
    bool after_inner = false;
    const bool through = co_await move_on_after(5ms, [&]() -> Task<> {
        co_await move_on_after(1ms, try_finally(sleep(1h), []() -> Task<> { co_await sleep(10ms); }));
        after_inner = true;
    });
    EXPECT_FALSE(through);
    EXPECT_FALSE(after_inner);
}

GYRE_TEST(CancelScope, tells_whether_it_ran_through) {
    const bool through = co_await cancel_scope([](CancelScope&) -> Task<> { co_await sleep(1ms); });
    EXPECT_TRUE(through);
    const auto value = co_await cancel_scope([](CancelScope&) -> Task<int> { co_return 4; });
    EXPECT_EQ(value.value_or(0), 4);
    const auto none = co_await cancel_scope([](CancelScope& scope) -> Task<int> {
        EXPECT_FALSE(scope.cancel_called());
        scope.cancel("first");
        scope.cancel("second");
        EXPECT_TRUE(scope.cancel_called());
        co_await sleep(1h);
        co_return 4;
    });
    EXPECT_FALSE(none.has_value());
}

GYRE_TEST(CancelScope, a_body_that_does_not_wait_again_has_run_through) {
    const auto value = co_await cancel_scope([](CancelScope& scope) -> Task<int> {
        scope.cancel();
        co_return 4;
    });
    EXPECT_EQ(value.value_or(0), 4);
}

GYRE_TEST(CancelScope, is_level_triggered) {
    int cancelled_waits = 0;
    const Time start = this_loop().now();
    Event set;
    set.set();
    auto ended = spawn(give(1, Duration::zero()));
    co_await all_blocked();
    Promise<int> promise;
    promise.set_value(1);
    auto future = promise.future();
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        const auto nap = co_await as_outcome(sleep(1h));
        const auto yield = co_await as_outcome(yield_now());
        const auto event = co_await as_outcome(set.wait());
        const auto join = co_await as_outcome(ended.join());
        const auto done = co_await as_outcome(future);
        const auto both = co_await as_outcome(gather(sleep(1h), sleep(1h)));
        const auto first = co_await as_outcome(race(sleep(1h), sleep(1h)));
        const auto inner = co_await as_outcome(timeout(1h, sleep(1h)));
        const auto group = co_await as_outcome(task_group([](TaskGroup& tasks) { tasks.spawn(sleep(1h)); }));
        for (const bool cancelled : {nap.is_cancelled(), event.is_cancelled(), join.is_cancelled(), done.is_cancelled(),
                 both.is_cancelled(), first.is_cancelled(), inner.is_cancelled(), group.is_cancelled()}) {
            cancelled_waits += cancelled ? 1 : 0;
        }
        EXPECT_TRUE(yield.is_cancelled());
        EXPECT_EQ(nap.cause()->where.line(), yield.cause()->where.line());
    });
    EXPECT_EQ(cancelled_waits, 8);
    EXPECT_EQ(this_loop().now(), start);
    const int value = co_await ended.join();
    EXPECT_EQ(value, 1) << "a cancelled join took nothing";
}

GYRE_TEST(Shield, holds_until_its_work_has_ended) {
    const Time start = this_loop().now();
    int value = 0;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        value = co_await shield(give(5, 10ms));
        co_await sleep(1h);
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(value, 5) << "its value is not lost";
    EXPECT_EQ(this_loop().now() - start, 10ms) << "and the next wait is cancelled";
}

GYRE_TEST(Shield, inside_a_cancelled_scope_the_work_still_runs) {
    bool ran = false;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        co_await shield([&ran]() -> Task<> {
            co_await sleep(1ms);
            ran = true;
        });
    });
    EXPECT_TRUE(ran);
}

GYRE_TEST(Shield, a_scope_inside_it_can_still_be_cancelled) {
    const auto value = co_await move_on_after(1ms, shield([&]() -> Task<int> {
        const auto inner = co_await move_on_after(5ms, give(1, 1h));
        co_return inner.value_or(9);
    }));
    EXPECT_EQ(value.value_or(0), 9);
}

GYRE_TEST(Shield, its_errors_pass) {
    const auto outcome = co_await as_outcome(move_on_after(1ms, shield(fail_after(5ms))));
    EXPECT_EQ(describe(outcome.error()), "work");
}

GYRE_TEST(AsOutcome, gives_all_three) {
    auto value = co_await as_outcome(give(1, 1ms));
    EXPECT_TRUE(value.has_value());
    EXPECT_TRUE(static_cast<bool>(value));
    EXPECT_EQ(value.value(), 1);
    EXPECT_EQ(value.error(), nullptr);
    EXPECT_EQ(value.cause(), nullptr);
    const auto error = co_await as_outcome(fail_after(1ms));
    EXPECT_TRUE(error.is_error());
    EXPECT_EQ(error_of([&] { static_cast<void>(error.value()); }), "work");
    Log log;
    co_await move_on_after(1ms, [&]() -> Task<> {
        const auto cancelled = co_await as_outcome(give(1, 1h));
        EXPECT_TRUE(cancelled.is_cancelled());
        EXPECT_EQ(cancelled.cause()->reason, "deadline of 1 ms passed");
        log.push_back("went on");
        co_await yield_now();
        log.push_back("never");
    });
    EXPECT_EQ(log, Log{"went on"});
}

GYRE_TEST(AsOutcome, throws_nothing_of_its_own) {
    const auto thrown = co_await as_outcome([]() -> Task<int> {
        if (this_loop().is_running()) throw std::runtime_error("at once");
        return give(1, 1ms);
    });
    EXPECT_EQ(describe(thrown.error()), "at once");
    auto task = give(1, 1ms);
    const auto taken = std::move(task);
    const auto empty = co_await as_outcome(std::move(task));  // NOLINT(bugprone-use-after-move): that is the test
    EXPECT_TRUE(failed_with<InvalidStateError>(empty));
}

}  // namespace gyre::testing

// Scopes that are changed while they run, and what can be read from them afterwards.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

class OnScopes : public OnLoops {};
GYRE_ON_LOOPS(OnScopes);

}  // namespace

TEST_P(OnScopes, a_deadline_is_moved_while_it_runs) {
    run([]() -> Task<> {
        const Time begin = this_loop().now();
        const bool through = co_await move_on_after(1ms, [&](CancelScope& scope) -> Task<> {
            EXPECT_LE(scope.deadline(), this_loop().now() + 1ms);
            scope.set_timeout(20ms);
            co_await sleep(1h);
        });
        EXPECT_FALSE(through);
        EXPECT_GE(this_loop().now() - begin, 20ms);
        EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
    });
}

GYRE_TEST(ChangeableScope, deadlines_come_later_earlier_and_never) {
    const Time begin = this_loop().now();
    co_await timeout(1ms, [&](CancelScope& scope) -> Task<> {
        scope.set_deadline(Time::max());
        co_await sleep(10ms);
        EXPECT_EQ(scope.deadline(), Time::max());
    });
    EXPECT_EQ(this_loop().now() - begin, 10ms);
    std::string text;
    try {
        co_await timeout(1h, [](CancelScope& scope) -> Task<> {
            scope.set_deadline(this_loop().now() + 2ms);
            co_await sleep(1h);
        });
    } catch (const TimeoutError& error) {
        text = error.what();
    }
    EXPECT_EQ(this_loop().now() - begin, 12ms);
    EXPECT_EQ(text.rfind("timeout: deadline passed (set at changeable_scope_test.cpp:", 0), 0U) << text;
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(ChangeableScope, by_somebody_else) {
    CancelScope scope;
    auto other = spawn([&scope]() -> Task<> {
        co_await sleep(1ms);
        scope.set_timeout(1ms);
    });
    const Time begin = this_loop().now();
    const bool through = co_await scope.run(sleep(1h));
    EXPECT_FALSE(through);
    EXPECT_EQ(this_loop().now() - begin, 2ms);
    co_await other;
}

GYRE_TEST(ChangeableScope, a_deadline_that_has_passed_cancels_at_the_next_real_wait) {
    for (const Duration limit : {Duration::zero(), Duration(-1s)}) {
        int steps = 0;
        const Time begin = this_loop().now();
        const bool through = co_await move_on_after(1h, [&](CancelScope& scope) -> Task<> {
            scope.set_timeout(limit);
            ++steps;
            co_await sleep(1ms);
            ++steps;
        });
        EXPECT_FALSE(through);
        EXPECT_EQ(steps, 1);
        EXPECT_EQ(this_loop().now(), begin);
    }
}

GYRE_TEST(ChangeableScope, what_was_set_before_holds_from_the_start) {
    const Time begin = this_loop().now();
    CancelScope slow;
    slow.set_timeout(5ms);
    slow.set_shield(true);
    co_await sleep(1ms);
    const auto outer = co_await move_on_after(2ms, slow.run(sleep(1h)));
    EXPECT_EQ(this_loop().now() - begin, 6ms) << "it counts from its start, and the outer limit did not come in";
    EXPECT_TRUE(outer.has_value() && !*outer);
    EXPECT_TRUE(slow.cancel_called());
    EXPECT_TRUE(slow.cancelled_caught());
    CancelScope early;
    early.cancel("before");
    EXPECT_TRUE(early.cancel_called());
    bool ran = false;
    const bool through = co_await early.run([&](CancelScope& scope) -> Task<> {
        ran = true;
        EXPECT_TRUE(scope.cancel_called());
        co_await sleep(1h);
    });
    EXPECT_TRUE(ran && !through);
}

GYRE_TEST(ChangeableScope, cancel_called_is_told_apart_from_cancelled_caught) {
    CancelScope unheard;
    const auto value = co_await unheard.run([](CancelScope& scope) -> Task<int> {
        scope.cancel();
        co_return 1;
    });
    EXPECT_EQ(value.value_or(0), 1);
    EXPECT_TRUE(unheard.cancel_called());
    EXPECT_FALSE(unheard.cancelled_caught()) << "it ended all the same";
    CancelScope quiet;
    const bool through = co_await quiet.run(sleep(1ms));
    EXPECT_TRUE(through);
    EXPECT_FALSE(quiet.cancel_called());
    EXPECT_FALSE(quiet.cancelled_caught());
    CancelScope inner;
    co_await cancel_scope([&](CancelScope& outer) -> Task<> {
        this_loop().call_later(1ms, [&] {
            inner.cancel();
            outer.cancel();
        });
        co_await inner.run(sleep(1h));
    });
    EXPECT_TRUE(inner.cancel_called());
    EXPECT_FALSE(inner.cancelled_caught()) << "the outer one took it back";
}

GYRE_TEST(ChangeableScope, is_used_once) {
    CancelScope scope;
    std::string nested;
    co_await scope.run([&]() -> Task<> {
        const auto again = co_await as_outcome(scope.run(sleep(1ms)));
        nested = describe(again.error());
    });
    EXPECT_EQ(nested, "CancelScope: it is used once, and this one runs already");
    const auto again = co_await as_outcome(timeout(1s, {.scope = &scope}, sleep(1ms)));
    EXPECT_EQ(describe(again.error()), "CancelScope: it is used once, and this one has run before");
    EXPECT_EQ(error_of([&] { scope.set_timeout(1s); }), "CancelScope::set_deadline: the scope has run before");
}

GYRE_TEST(ChangeableScope, switching_a_shield_off_while_the_outside_is_cancelled_lets_it_in_at_once) {
    const Time begin = this_loop().now();
    Log log;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await cancel_scope({.shield = true}, [&](CancelScope& scope) -> Task<> {
            EXPECT_TRUE(scope.shielded());
            const Guard guard(log, "body");
            this_loop().call_later(5ms, [&scope] { scope.set_shield(false); });
            co_await sleep(3ms);
            log.push_back("held");
            co_await sleep(1h);
        });
        log.push_back("never");
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(this_loop().now() - begin, 5ms);
    EXPECT_EQ(log, (Log{"held", "~body"}));
}

GYRE_TEST(ChangeableScope, a_shield_that_is_switched_on_holds_off_what_comes_later) {
    const Time begin = this_loop().now();
    bool held = false;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            scope.set_shield(true);
            co_await sleep(3ms);
            held = true;
        });
        co_await sleep(1h);
    });
    EXPECT_TRUE(held && !through);
    EXPECT_EQ(this_loop().now() - begin, 3ms);
    bool late = false;
    co_await cancel_scope([&](CancelScope& outer) -> Task<> {
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            outer.cancel();
            scope.set_shield(true);
            co_await sleep(1ms);
            late = true;
        });
    });
    EXPECT_FALSE(late) << "what has come in stays";
}

GYRE_TEST(ChangeableScope, a_shielded_one_can_still_be_cancelled_itself) {
    CancelScope scope;
    scope.set_shield(true);
    const auto outer = co_await move_on_after(1ms, [&]() -> Task<int> {
        this_loop().call_later(3ms, [&scope] { scope.cancel(); });
        co_await scope.run(sleep(1h));
        co_return 1;
    });
    EXPECT_EQ(outer.value_or(0), 1) << "after it the body needs no wait";
    EXPECT_TRUE(scope.cancelled_caught());
}

GYRE_TEST(ChangeableScope, a_timeout_that_is_cancelled_by_hand_is_no_timeout) {
    const auto outcome = co_await as_outcome(timeout(1h, [](CancelScope& scope) -> Task<> {
        scope.cancel("by hand");
        co_await sleep(1h);
    }));
    EXPECT_TRUE(failed_with<CancelledError>(outcome));
    EXPECT_EQ(describe(outcome.error()).find("cancelled: by hand"), 0U);
}

// curio's four outcomes.

GYRE_TEST(FourOutcomes, its_own_timeout) {
    CancelScope scope;
    const auto outcome = co_await as_outcome(timeout(1ms, {.scope = &scope}, sleep(1h)));
    EXPECT_TRUE(failed_with<TimeoutError>(outcome));
    EXPECT_TRUE(scope.cancel_called() && scope.cancelled_caught());
}

GYRE_TEST(FourOutcomes, an_outer_one_that_passes_inside) {
    CancelScope inner;
    CancelScope outer;
    bool after = false;
    const auto outcome = co_await as_outcome(timeout(1ms, {.scope = &outer}, [&]() -> Task<> {
        const auto cut = co_await as_outcome(timeout(1h, {.scope = &inner}, sleep(1h)));
        EXPECT_TRUE(cut.is_cancelled());
        co_await timeout(1h, sleep(1h));
        after = true;
    }));
    EXPECT_TRUE(failed_with<TimeoutError>(outcome));
    EXPECT_FALSE(after);
    EXPECT_FALSE(inner.cancel_called() || inner.cancelled_caught());
    EXPECT_TRUE(outer.cancelled_caught());
}

GYRE_TEST(FourOutcomes, an_inner_timeout_that_nobody_caught) {
    CancelScope scope;
    const auto outcome = co_await as_outcome(timeout(1h, {.scope = &scope}, timeout(1ms, sleep(1h))));
    EXPECT_TRUE(failed_with<TimeoutError>(outcome));
    EXPECT_FALSE(scope.cancel_called() || scope.cancelled_caught()) << "an error like any other";
}

GYRE_TEST(FourOutcomes, a_plain_cancellation) {
    CancelScope scope;
    auto handle = spawn([&]() -> Task<> { co_await timeout(1h, {.scope = &scope}, sleep(1h)); });
    co_await yield_now();
    handle.cancel("stop");
    const auto outcome = co_await as_outcome(handle.join());
    EXPECT_TRUE(failed_with<CancelledError>(outcome));
    EXPECT_FALSE(scope.cancel_called() || scope.cancelled_caught());
}

TEST(ChangeableScope, survives_cancellation_anywhere) {
    std::optional<CancelScope> scope;
    CancelEverywhere([&]() -> Task<> {
        auto changer = spawn([&scope]() -> Task<> {
            co_await sleep(1ms);
            scope->set_shield(true);
            co_await sleep(1ms);
            scope->set_timeout(2ms);
            scope->set_shield(false);
        });
        co_await scope->run([&](CancelScope& inner) -> Task<> {
            co_await move_on_after(1ms, sleep(1h));
            co_await yield_now();
            inner.set_deadline(this_loop().now() + 1h);
            co_await sleep(1h);
        });
        changer.cancel();
    })
        .before_each([&] { scope.emplace(); })
        .invariant([&](const CancelledRun&) {
            if (scope->cancelled_caught()) {
                EXPECT_TRUE(scope->cancel_called());
            }
        })
        .run();
}

}  // namespace gyre::testing

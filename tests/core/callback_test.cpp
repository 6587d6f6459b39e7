// call_soon, call_later, call_at and their handles.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <memory>
#include <stdexcept>

namespace gyre::testing {

GYRE_TEST(CallSoon, runs_in_order_and_after_what_is_ready) {
    Log log;
    auto& loop = this_loop();
    loop.call_soon([&] {
        log.push_back("a");
        loop.call_soon([&] { log.push_back("a2"); });
    });
    loop.call_soon([&] { log.push_back("b"); });
    co_await yield_now();
    EXPECT_EQ(log, (Log{"a", "b"}));
    co_await yield_now();
    EXPECT_EQ(log, (Log{"a", "b", "a2"}));
}

GYRE_TEST(CallSoon, a_cancelled_one_is_not_called_and_drops_what_it_holds_at_once) {
    int alive = 0;
    bool called = false;
    auto handle = this_loop().call_soon([&called, token = Counted(alive)] { called = true; });
    EXPECT_FALSE(handle.cancelled());
    EXPECT_EQ(alive, 1);
    handle.cancel();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(handle.cancelled());
    handle.cancel();
    co_await yield_now();
    EXPECT_FALSE(called);
}

GYRE_TEST(CallSoon, one_that_ran_is_not_cancelled_any_more) {
    bool called = false;
    auto handle = this_loop().call_soon([&called] { called = true; });
    co_await yield_now();
    EXPECT_TRUE(called);
    handle.cancel();
    EXPECT_FALSE(handle.cancelled());
}

GYRE_TEST(CallSoon, may_cancel_itself_and_others_while_it_runs) {
    Log log;
    Handle first;
    Handle second;
    int alive = 0;
    first = this_loop().call_soon([&, token = Counted(alive)] {
        first.cancel();
        second.cancel();
        EXPECT_EQ(alive, 1) << "what it holds lives while it runs";
        log.push_back("first");
    });
    second = this_loop().call_soon([&] { log.push_back("second"); });
    co_await yield_now();
    EXPECT_EQ(log, Log{"first"});
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(CallSoon, dropping_the_handle_cancels_nothing) {
    bool called = false;
    {
        auto handle = this_loop().call_soon([&called] { called = true; });
    }
    co_await yield_now();
    EXPECT_TRUE(called);
}

GYRE_TEST(CallSoon, takes_functions_that_only_move) {
    int got = 0;
    this_loop().call_soon([&got, box = std::make_unique<int>(3)] { got = *box; });
    co_await yield_now();
    EXPECT_EQ(got, 3);
}

GYRE_TEST(CallSoon, an_error_goes_to_the_handler_and_the_loop_goes_on) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::callback);
        heard.push_back(describe(context.error));
        throw std::runtime_error("the handler fails too");
    });
    bool after = false;
    this_loop().call_soon([] { throw std::runtime_error("callback"); });
    this_loop().call_soon([&after] { after = true; });
    co_await yield_now();
    EXPECT_TRUE(after);
    EXPECT_EQ(heard, std::vector<std::string>{"callback"});
}

GYRE_TEST(CallLater, runs_when_its_time_has_come_in_the_order_of_deadlines) {
    Log log;
    auto& loop = this_loop();
    const Time start = loop.now();
    auto b = loop.call_later(2ms, [&log] { log.push_back("b"); });
    auto a = loop.call_later(1ms, [&log] { log.push_back("a"); });
    auto b2 = loop.call_at(start + 2ms, [&log] { log.push_back("b2"); });
    EXPECT_EQ(a.when(), start + 1ms);
    EXPECT_EQ(b2.when(), start + 2ms);
    EXPECT_EQ(TimerHandle().when(), Time::max());
    co_await sleep(2ms);
    EXPECT_EQ(log, (Log{"a", "b", "b2"}));
    EXPECT_FALSE(b.cancelled());
}

GYRE_TEST(CallLater, a_cancelled_one_leaves_no_timer) {
    int alive = 0;
    auto& timers = this_loop().scheduler().timers;
    std::vector<TimerHandle> handles;
    for (int i = 0; i < 100; ++i) {
        handles.push_back(this_loop().call_later((i * 37 % 100) * 1ms, [token = Counted(alive)] {}));
    }
    EXPECT_EQ(timers.size(), 100U);
    for (auto& handle : handles) handle.cancel();
    for (auto& handle : handles) handle.cancel();
    EXPECT_EQ(timers.size(), 0U);
    EXPECT_EQ(alive, 0);
    co_await yield_now();
}

GYRE_TEST(CallLater, can_be_cancelled_between_its_deadline_and_its_turn) {
    Log log;
    TimerHandle second;
    this_loop().call_later(1ms, [&] {
        log.push_back("first");
        second.cancel();
    });
    second = this_loop().call_later(1ms, [&] { log.push_back("second"); });
    co_await sleep(2ms);
    EXPECT_EQ(log, Log{"first"});
}

GYRE_TEST(CallLater, a_deadline_that_has_passed_is_due_at_once) {
    bool called = false;
    this_loop().call_at(this_loop().now() - 1h, [&called] { called = true; });
    const Time start = this_loop().now();
    co_await sleep_until(start);
    EXPECT_TRUE(called);
    EXPECT_EQ(this_loop().now(), start);
}

GYRE_TEST(CallLater, what_is_ready_runs_before_timers) {
    Log log;
    this_loop().call_later(Duration::zero(), [&log] { log.push_back("timer"); });
    this_loop().call_soon([&log] { log.push_back("soon"); });
    co_await sleep(1ms);
    EXPECT_EQ(log, (Log{"soon", "timer"}));
}

TEST(CallLater, ones_that_are_left_when_the_loop_closes_are_dropped_without_a_call) {
    int alive = 0;
    bool called = false;
    {
        TestLoop loop;
        TimerHandle kept;
        loop.run([&]() -> Task<> {
            this_loop().call_later(1h, [&called, token = Counted(alive)] { called = true; });
            kept = this_loop().call_later(2h, [&called, token = Counted(alive)] { called = true; });
            co_return;
        });
        loop->call_soon([&called, token = Counted(alive)] { called = true; });
        EXPECT_EQ(alive, 3);
        loop->close();
        EXPECT_EQ(alive, 0);
        kept.cancel();
    }
    EXPECT_FALSE(called);
}

TEST(CallLater, a_handle_may_be_cancelled_after_its_loop) {
    TimerHandle handle;
    Handle soon;
    {
        EventLoop loop(backend::make_sim_backend());
        loop.run_until_complete([&]() -> Task<> {
            handle = this_loop().call_later(1h, [] {});
            soon = this_loop().call_soon([] {});
            co_return;
        });
    }
    handle.cancel();
    soon.cancel();
    EXPECT_TRUE(handle.cancelled());
}

GYRE_TEST(CallLater, absurd_delays_do_not_overflow) {
    auto far = this_loop().call_later(Duration::max(), [] {});
    EXPECT_GT(far.when(), this_loop().now());
    auto past = this_loop().call_later(Duration::min(), [] {});
    EXPECT_LE(past.when(), this_loop().now());
    far.cancel();
    co_await sleep(1ms);
}

GYRE_TEST(CallLater, a_handle_may_be_cancelled_by_what_its_function_owns) {
    struct Owner {
        TimerHandle timer;
    };
    auto owner = std::make_shared<Owner>();
    Owner& kept = *owner;
    bool called = false;
    kept.timer = this_loop().call_later(1ms, [owner = std::move(owner), &called] { called = true; });
    kept.timer.cancel();  // drops the function, and with it the owner of this handle
    co_await sleep(2ms);
    EXPECT_FALSE(called);
}

}  // namespace gyre::testing

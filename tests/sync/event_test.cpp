// Event: wakes everyone, in order.

#include "support/loops.hpp"

#include "support/tracked.hpp"
#include "sync/critical.hpp"
#include <thread>

namespace gyre::testing {

namespace {

auto wait_for(Event& event, Log& log, std::string name) -> Task<> {
    co_await event.wait();
    log.push_back(std::move(name));
}

}  // namespace

GYRE_TEST(Event, wakes_all_waiters_in_the_order_in_which_they_came) {
    Event event("door");
    Log log;
    auto a = spawn(wait_for(event, log, "a"));
    auto b = spawn(wait_for(event, log, "b"));
    co_await all_blocked();
    EXPECT_EQ(event.waiter_count(), 2U);
    EXPECT_EQ(event.statistics().waiting, 2U);
    EXPECT_FALSE(event.statistics().set);
    EXPECT_FALSE(event.is_set());
    EXPECT_EQ(event.name(), "door");
    event.set();
    EXPECT_EQ(event.waiter_count(), 0U);
    EXPECT_TRUE(log.empty()) << "set is not a suspension point";
    co_await gather(a, b);
    EXPECT_EQ(log, (Log{"a", "b"}));
}

GYRE_TEST(Event, passes_at_once_when_it_is_set) {
    Event event;
    event.set();
    event.set();
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    co_await event.wait();
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(Event, waits_again_after_clear) {
    Event event;
    event.set();
    event.clear();
    EXPECT_FALSE(event.is_set());
    const bool through = co_await move_on_after(1ms, event.wait());
    EXPECT_FALSE(through);
    EXPECT_EQ(event.waiter_count(), 0U);
}

GYRE_TEST(Event, a_pulse_wakes_those_who_wait_though_it_is_cleared_at_once) {
    Event event;
    Log log;
    auto waiter = spawn(wait_for(event, log, "a"));
    co_await all_blocked();
    event.set();
    event.clear();
    co_await waiter.join();
    EXPECT_EQ(log, Log{"a"});
}

GYRE_TEST(Event, a_cancelled_waiter_leaves_and_the_others_stay) {
    Event event;
    Log log;
    auto a = spawn(wait_for(event, log, "a"));
    auto b = spawn(wait_for(event, log, "b"));
    co_await all_blocked();
    a.cancel();
    EXPECT_EQ(event.waiter_count(), 1U);
    co_await all_blocked();
    event.set();
    co_await b.join();
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(log, Log{"b"});
}

GYRE_TEST(Event, a_waiter_that_was_woken_keeps_its_wake_up_though_cancelled_afterwards) {
    Event event;
    Log log;
    auto a = spawn(wait_for(event, log, "a"));
    co_await all_blocked();
    event.set();
    a.cancel();
    co_await a.join();
    EXPECT_EQ(log, Log{"a"});
}

GYRE_TEST(Event, in_a_cancelled_scope_nobody_waits) {
    Event event;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        const auto outcome = co_await as_outcome(event.wait());
        EXPECT_TRUE(outcome.is_cancelled());
    });
    EXPECT_EQ(event.waiter_count(), 0U);
}

TEST(Event, belongs_to_the_loop_that_waited_first) {
    Event event("door");
    event.set();
    const auto use = [&]() -> Task<> { co_await event.wait(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(error_on_another_loop(use), "wait: event 'door' belongs to another loop, which used it first");
}

TEST(Event, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        Event event;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                group.spawn([&event]() -> Task<> { co_await event.wait(); });
            }
            co_await sleep(1ms);
            event.set();
        });
        EXPECT_EQ(event.waiter_count(), 0U);
    }).run();
}

TEST(Event, set_from_another_thread_names_the_mistake) {
    TestLoop loop(kernel_backend());
    loop.run([]() -> Task<> {
        Event event{"door"};
        auto waiter = spawn([&]() -> Task<> { co_await event.wait(); });
        co_await yield_now();
        std::string text;
        std::thread([&] { text = error_of([&] { event.set(); }); }).join();
        EXPECT_NE(text.find("door"), std::string::npos) << text;
        event.set();
        co_await waiter.join();
    });
}

TEST(TaskHandle, cancel_from_another_thread_names_the_mistake) {
    TestLoop loop(kernel_backend());
    loop.run([]() -> Task<> {
        auto handle = spawn([]() -> Task<> { co_await sleep(1h); }, {.name = "sleeper"});
        co_await yield_now();
        std::string text;
        std::thread([&] { text = error_of([&] { handle.cancel(); }); }).join();
        EXPECT_NE(text.find("sleeper"), std::string::npos) << text;
        handle.cancel();
        const auto outcome = co_await as_outcome(handle.join());
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
    });
}

}  // namespace gyre::testing

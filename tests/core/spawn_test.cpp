// spawn and TaskHandle: order, join, cancel, errors that nobody receives.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

auto note(Log& log, std::string text) -> Task<> {
    log.push_back(std::move(text));
    co_return;
}

auto fail(std::string text) -> Task<int> {
    co_await yield_now();
    throw std::runtime_error(text);
}

auto fail_at_once() -> Task<int> { throw std::runtime_error("no task"); }

auto give(int value) -> Task<int> {
    co_await sleep(1ms);
    co_return value;
}

auto hold(Counted, bool& started) -> Task<> {
    started = true;
    co_await sleep(1h);
}

}  // namespace

GYRE_TEST(Spawn, tasks_have_their_first_turn_in_order_after_what_is_ready) {
    Log log;
    this_loop().call_soon([&log] { log.push_back("callback"); });
    auto a = spawn(note(log, "a"));
    auto b = spawn(note(log, "b"));
    this_loop().call_soon([&log] { log.push_back("second callback"); });
    auto c = spawn(note(log, "c"));
    EXPECT_TRUE(log.empty());
    co_await c.join();
    EXPECT_EQ(log, (Log{"callback", "a", "b", "second callback", "c"}));
    EXPECT_TRUE(a.done());
    EXPECT_TRUE(b.done());
}

GYRE_TEST(Spawn, takes_callables_and_keeps_them_while_they_run) {
    int alive = 0;
    {
        const Counted token(alive);
        spawn([token]() -> Task<> { co_await sleep(2ms); });
    }
    EXPECT_EQ(alive, 1);
    co_await sleep(1ms);
    EXPECT_EQ(alive, 1);
    co_await sleep(2ms);
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(Spawn, takes_awaitables_that_are_no_tasks) {
    auto nap = spawn(sleep(1ms));
    auto value = spawn(give(4));
    auto again = spawn(value);
    co_await nap.join();
    const int got = co_await again.join();
    EXPECT_EQ(got, 4);
}

GYRE_TEST(Spawn, a_callable_that_throws_at_once_throws_to_the_caller) {
    const auto text = error_of([] { spawn([]() -> Task<int> { return fail_at_once(); }); });
    EXPECT_EQ(text, "no task");
    co_return;
}

GYRE_TEST(TaskHandle, done_join_and_value_once) {
    auto handle = spawn(give(7));
    EXPECT_FALSE(handle.done());
    EXPECT_EQ(this_loop().background_task_count(), 1U);
    const int value = co_await handle;
    EXPECT_EQ(value, 7);
    EXPECT_TRUE(handle.done());
    EXPECT_FALSE(handle.cancelled());
    EXPECT_EQ(this_loop().background_task_count(), 0U);
    const auto second = co_await as_outcome(handle.join());
    EXPECT_TRUE(failed_with<InvalidStateError>(second));
}

GYRE_TEST(TaskHandle, one_without_a_value_can_be_joined_by_many_in_their_order) {
    Log log;
    auto handle = spawn(sleep(1ms));
    const auto wait = [&log, handle](std::string name) -> Task<> {
        co_await handle.join();
        log.push_back(name);
    };
    co_await gather(wait("a"), wait("b"), wait("c"));
    co_await handle.join();
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

GYRE_TEST(TaskHandle, a_task_cannot_join_itself) {
    std::optional<TaskHandle<>> self;
    std::string text;
    self = spawn(
        [&]() -> Task<> {
            try {
                co_await self->join();
            } catch (const InvalidStateError& error) {
                text = error.what();
            }
        },
        {.name = "narcissus"});
    co_await self->join();
    EXPECT_NE(text.find("narcissus"), std::string::npos) << text;
    EXPECT_NE(text.find("itself"), std::string::npos) << text;
}

GYRE_TEST(TaskHandle, an_error_is_received_by_join_as_often_as_asked) {
    auto handle = spawn(fail("boom"));
    for (int i = 0; i < 2; ++i) {
        const auto outcome = co_await as_outcome(handle.join());
        EXPECT_EQ(describe(outcome.error()), "boom");
    }
    EXPECT_TRUE(handle.done());
    EXPECT_FALSE(handle.cancelled());
}

GYRE_TEST(TaskHandle, an_error_is_received_by_looking_at_it) {
    auto handle = spawn(fail("boom"));
    EXPECT_EQ(handle.error(), nullptr);
    co_await all_blocked();
    EXPECT_EQ(describe(handle.error()), "boom");
}

GYRE_TEST(TaskHandle, a_lost_error_goes_to_the_handler_with_the_name_of_the_task) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::task);
        heard.push_back(context.text());
    });
    spawn(fail("dropped at once"), {.name = "first"});
    {
        auto handle = spawn(fail("dropped later"));
        co_await all_blocked();
        EXPECT_EQ(heard.size(), 1U);
    }
    EXPECT_EQ(heard.size(), 2U);
    if (heard.size() == 2) {
        EXPECT_TRUE(heard[0].starts_with("task 'first' (spawn_test.cpp:")) << heard[0];
        EXPECT_TRUE(heard[0].ends_with("): dropped at once")) << heard[0];
        EXPECT_NE(heard[1].find("spawn_test.cpp:"), std::string::npos) << heard[1];
    }
    EXPECT_EQ(this_loop().unreceived_error_count(), 2U);
    EXPECT_TRUE(this_loop().unreceived_errors().empty());
}

GYRE_TEST(TaskHandle, cancelled_before_its_first_step_the_body_never_starts) {
    int alive = 0;
    bool started = false;
    auto handle = spawn(hold(Counted(alive), started));
    EXPECT_EQ(alive, 1);
    EXPECT_TRUE(handle.cancel());
    EXPECT_FALSE(handle.done()) << "cancel is a request";
    co_await yield_now();
    EXPECT_TRUE(handle.done());
    EXPECT_TRUE(handle.cancelled());
    EXPECT_FALSE(started);
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(TaskHandle, cancel_says_who_where_and_why) {
    auto handle = spawn(sleep(1h), {.name = "victim"});
    auto killer = spawn(
        [handle]() -> Task<> {
            EXPECT_TRUE(handle.cancel("no longer needed"));
            EXPECT_FALSE(handle.cancel("again"));
            co_return;
        },
        {.name = "killer"});
    co_await killer.join();
    std::string text;
    std::string reason;
    try {
        co_await handle.join();
    } catch (const CancelledError& error) {
        text = error.what();
        reason = error.reason();
        EXPECT_EQ(error.cause().who, "killer");
        EXPECT_EQ(error.cause().when, this_loop().now());
    }
    EXPECT_EQ(reason, "no longer needed");
    EXPECT_NE(text.find("cancelled: no longer needed (cancelled at spawn_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("by task 'killer')"), std::string::npos) << text;
    EXPECT_FALSE(handle.cancel()) << "it has ended";
}

GYRE_TEST(TaskHandle, joining_a_cancelled_task_does_not_cancel_the_caller) {
    auto handle = spawn(sleep(1h));
    handle.cancel();
    bool cancelled = false;
    try {
        co_await handle.join();
    } catch (const CancelledError&) {
        cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    co_await sleep(1ms);
}

GYRE_TEST(TaskHandle, a_cancelled_join_leaves_the_task_alone) {
    auto handle = spawn(give(3));
    const auto none = co_await move_on_after(Duration::zero(), handle);
    EXPECT_FALSE(none.has_value());
    EXPECT_FALSE(handle.done());
    const int value = co_await handle.join();
    EXPECT_EQ(value, 3);
}

GYRE_TEST(TaskHandle, a_task_may_cancel_itself) {
    Log log;
    std::optional<TaskHandle<>> self;
    self = spawn([&]() -> Task<> {
        const Guard guard(log, "local");
        EXPECT_TRUE(self->cancel("enough"));
        log.push_back("still running");
        co_await yield_now();
        log.push_back("never");
    });
    const auto outcome = co_await as_outcome(self->join());
    EXPECT_TRUE(failed_with<CancelledError>(outcome));
    EXPECT_EQ(log, (Log{"still running", "~local"}));
}

GYRE_TEST(TaskHandle, a_task_that_ends_without_another_wait_was_not_cancelled) {
    auto handle = spawn([]() -> Task<int> {
        co_await sleep(1ms);
        co_return 1;
    });
    co_await sleep(1ms);  // its wake-up and ours are both due
    handle.cancel();
    const auto outcome = co_await as_outcome(handle.join());
    EXPECT_TRUE(outcome.has_value()) << "completion beats cancellation";
}

GYRE_TEST(TaskHandle, its_name_is_the_given_one_or_the_place) {
    auto named = spawn(sleep(1ms), {.name = std::string("na") + "me"});
    auto placed = spawn(sleep(1ms));
    EXPECT_EQ(named.name(), "name");
    EXPECT_EQ(placed.name().rfind("spawn_test.cpp:", 0), 0U) << placed.name();
    co_await gather(named, placed);
}

GYRE_TEST(TaskHandle, dropping_a_handle_cancels_nothing) {
    bool ended = false;
    spawn([&ended]() -> Task<> {
        co_await sleep(5ms);
        ended = true;
    });
    co_await sleep(10ms);
    EXPECT_TRUE(ended);
}

TEST(TaskHandle, may_outlive_its_loop) {
    std::optional<TaskHandle<int>> value;
    std::optional<TaskHandle<int>> left;
    {
        TestLoop loop;
        loop.allow_left_tasks();
        loop.run([&]() -> Task<> {
            value = spawn(give(5));
            left = spawn([]() -> Task<int> {
                co_await sleep(1h);
                co_return 0;
            });
            co_await sleep(2ms);
        });
        EXPECT_FALSE(left->done());
        loop->close();
        EXPECT_TRUE(left->cancelled());
        EXPECT_TRUE(value->done());
        EXPECT_FALSE(left->cancel());
        value.reset();
        left.reset();
    }
}

TEST(Spawn, outside_of_a_loop_is_an_error) {
    EXPECT_NE(error_of([] { spawn(give(1)); }).find("no gyre loop"), std::string::npos);
}

}  // namespace gyre::testing

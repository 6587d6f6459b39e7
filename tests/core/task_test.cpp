// Task: lazy, move-only, started in place; exceptions and cancellation through its frames.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

auto note(Log& log, std::string text) -> Task<> {
    log.push_back(std::move(text));
    co_return;
}

auto hold(Counted) -> Task<> { co_return; }

auto fail_at(int depth) -> Task<int> {
    if (depth == 0) throw std::out_of_range("bottom");
    const int below = co_await fail_at(depth - 1);
    co_return below + 1;
}

auto fail_late_at(int depth) -> Task<int> {
    if (depth == 0) {
        co_await sleep(1ms);
        throw std::out_of_range("late bottom");
    }
    const int below = co_await fail_late_at(depth - 1);
    co_return below + 1;
}

auto nested(Log& log, int depth) -> Task<> {
    const Guard outer(log, "outer " + std::to_string(depth));
    try {
        const Guard inner(log, "inner " + std::to_string(depth));
        if (depth > 0) {
            co_await nested(log, depth - 1);
        } else {
            co_await sleep(1h);
        }
        log.push_back("reached");
    } catch (...) {
        log.push_back("caught");
        throw;
    }
}

}  // namespace

GYRE_TEST(Task, does_nothing_before_it_is_awaited) {
    Log log;
    auto task = note(log, "ran");
    co_await yield_now();
    EXPECT_TRUE(log.empty());
    EXPECT_TRUE(task.valid());
    co_await std::move(task);
    EXPECT_EQ(log, Log{"ran"});
}

TEST(Task, one_that_never_started_frees_its_arguments) {
    int alive = 0;
    {
        const auto task = hold(Counted(alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(Task, moves_and_swaps) {
    Log log;
    auto first = note(log, "first");
    auto second = note(log, "second");
    auto moved = std::move(first);
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the test
    first = std::move(second);
    co_await std::move(first);
    co_await std::move(moved);
    EXPECT_EQ(log, (Log{"second", "first"}));
    static_assert(!std::is_copy_constructible_v<Task<>>);
    static_assert(!std::is_copy_assignable_v<Task<>>);
}

GYRE_TEST(Task, an_empty_one_says_so) {
    Log log;
    auto task = note(log, "x");
    auto taken = std::move(task);
    co_await std::move(taken);
    std::string text;
    try {
        co_await std::move(task);  // NOLINT(bugprone-use-after-move): that is the test
    } catch (const InvalidStateError& error) {
        text = error.what();
    }
    EXPECT_NE(text.find("empty"), std::string::npos);
    const auto spawned = error_of([&] { spawn(std::move(task)); });
    EXPECT_NE(spawned.find("empty"), std::string::npos);
}

GYRE_TEST(Task, a_child_starts_in_place_and_ends_without_a_turn_of_the_loop) {
    Log log;
    this_loop().call_soon([&log] { log.push_back("loop"); });
    co_await note(log, "a");
    co_await note(log, "b");
    co_await yield_now();
    EXPECT_EQ(log, (Log{"a", "b", "loop"}));
}

GYRE_TEST(Task, an_exception_passes_through_all_frames) {
    std::string text;
    try {
        co_await fail_at(300);
    } catch (const std::out_of_range& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "bottom");
    try {
        co_await fail_late_at(300);
    } catch (const std::out_of_range& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "late bottom");
}

GYRE_TEST(Task, the_program_goes_on_after_a_caught_error) {
    for (int i = 0; i < 10; ++i) {
        const auto outcome = co_await as_outcome(fail_late_at(i));
        EXPECT_TRUE(failed_with<std::out_of_range>(outcome));
    }
}

GYRE_TEST(Task, cancellation_destroys_locals_leaf_first_and_runs_no_catch_block) {
    Log log;
    const bool through = co_await move_on_after(1ms, nested(log, 2));
    EXPECT_FALSE(through);
    EXPECT_EQ(log, (Log{"~inner 0", "~outer 0", "~inner 1", "~outer 1", "~inner 2", "~outer 2"}));
}

GYRE_TEST(Task, an_error_runs_them_in_the_same_order) {
    Log log;
    const auto broken = [&log](auto&& self, int depth) -> Task<> {
        const Guard guard(log, std::to_string(depth));
        if (depth == 0) throw std::runtime_error("x");
        co_await self(self, depth - 1);
    };
    const auto outcome = co_await as_outcome(broken(broken, 2));
    EXPECT_TRUE(outcome.is_error());
    EXPECT_EQ(log, (Log{"~0", "~1", "~2"}));
}

GYRE_TEST(Task, arguments_live_as_long_as_the_frame) {
    Log log;
    const auto keep = [](Log& into, Guard) -> Task<> {
        co_await sleep(1ms);
        into.push_back("body");
    };
    co_await keep(log, Guard(log, "argument"));
    EXPECT_EQ(log, (Log{"body", "~argument"}));
}

GYRE_TEST(Task, a_loop_of_awaits_inside_try_and_catch_keeps_its_state) {
    int errors = 0;
    int sum = 0;
    for (int i = 0; i < 100; ++i) {
        try {
            if (i % 3 == 0) {
                co_await fail_late_at(i % 5);
            } else {
                co_await sleep(1us);
                sum += i;
            }
        } catch (const std::out_of_range&) {
            ++errors;
        }
    }
    EXPECT_EQ(errors, 34);
    EXPECT_EQ(sum, 4950 - 1683);
}

GYRE_TEST(Task, lambdas_that_capture_are_awaited_when_they_are_named) {
    const std::string text = "a text that is too long for the small buffer of a string";
    const auto give = [text]() -> Task<std::string> {
        co_await sleep(1ms);
        co_return text;
    };
    const auto got = co_await give();
    EXPECT_EQ(got, text);
}

}  // namespace gyre::testing

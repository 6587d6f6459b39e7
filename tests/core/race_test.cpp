// race: the first to finish wins, an error too; the others are gone before it returns.

#include "small_works.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <functional>
#include <stdexcept>
#include <vector>

namespace gyre::testing {

namespace {

auto give_text(std::string text) -> Task<std::string> { co_return text; }

auto hold(Log& log, std::string name) -> Task<> {
    log.push_back(name);
    const Guard guard(log, name);
    co_await sleep(1h);
}

}  // namespace

GYRE_TEST(Race, the_first_to_finish_wins) {
    Log log;
    const Time start = this_loop().now();
    const auto result = co_await race(give(1, 3ms), give(2, 1ms), hold(log, "a"));
    EXPECT_EQ(result.index(), 1U);
    EXPECT_EQ(std::get<1>(result), 2);
    EXPECT_EQ(log, (Log{"a", "~a"}));
    EXPECT_EQ(this_loop().now() - start, 1ms);
    EXPECT_EQ(this_loop().scheduler().timers.size(), 0U);
}

GYRE_TEST(Race, those_after_one_that_finishes_at_once_are_not_started) {
    Log log;
    const auto result = co_await race(hold(log, "a"), give_text("now"), hold(log, "b"));
    EXPECT_EQ(std::get<1>(result), "now");
    EXPECT_EQ(log, (Log{"a", "~a"}));
}

GYRE_TEST(Race, an_error_ends_it_too) {
    Log log;
    const auto outcome = co_await as_outcome([&] { return race(fail_after(1ms, "boom"), hold(log, "a")); });
    EXPECT_EQ(describe(outcome.error()), "boom");
    EXPECT_EQ(log, (Log{"a", "~a"}));
    const auto thrower = []() -> Task<int> { throw std::runtime_error("callable"); };
    const auto thrown = co_await as_outcome([&] { return race(hold(log, "b"), thrower, hold(log, "c")); });
    EXPECT_EQ(describe(thrown.error()), "callable");
    EXPECT_EQ(log, (Log{"a", "~a", "b", "~b"}));
}

GYRE_TEST(Race, of_two_that_finish_together_the_first_in_the_queue_wins) {
    const auto result = co_await race(give(1, 1ms), give(2, 1ms));
    EXPECT_EQ(result.index(), 0U);
}

GYRE_TEST(Race, a_loser_that_fails_all_the_same_is_reported) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) { heard.push_back(describe(context.error)); });
    const auto result = co_await race(give(1, 1ms), fail_after(1ms, "boom"));
    EXPECT_EQ(result.index(), 0U);
    EXPECT_EQ(heard, std::vector<std::string>{"boom"});
}

GYRE_TEST(Race, waits_for_the_clean_up_of_the_losers) {
    bool clean = false;
    const auto tidy = [&clean]() -> Task<> {
        co_await sleep(5ms);
        clean = true;
    };
    auto result = co_await race(give(1, 1ms), try_finally(sleep(1h), tidy));
    EXPECT_EQ(result.index(), 0U);
    EXPECT_TRUE(clean);
}

GYRE_TEST(Race, cancelling_it_cancels_all) {
    Log log;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await race(hold(log, "a"), hold(log, "b"));
        log.push_back("never");
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(log, (Log{"a", "b", "~a", "~b"}));
}

GYRE_TEST(Race, a_winner_counts_more_than_a_cancellation) {
    int won = -1;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        const auto result = co_await race(
            [&]() -> Task<int> {
                co_await sleep(1ms);
                scope.cancel();
                co_return 3;
            },
            sleep(1h));
        won = std::get<0>(result);
    });
    EXPECT_EQ(won, 3);
}

GYRE_TEST(Race, of_one) {
    const auto result = co_await race(give(4, 1ms));
    EXPECT_EQ(std::get<0>(result), 4);
}

/// Ends with `value` after so many milliseconds.
static auto after(int milliseconds, int value) -> Task<int> {
    co_await sleep(std::chrono::milliseconds(milliseconds));
    co_return value;
}

GYRE_TEST(RaceOfMany, gives_the_place_and_the_value_of_the_first) {
    std::vector<Task<int>> work;
    for (const int milliseconds : {30, 10, 20}) work.push_back(after(milliseconds, 100 + milliseconds));
    const auto start = this_loop().now();
    const auto won = co_await race(std::move(work));
    EXPECT_EQ(won.index, 1U);
    EXPECT_EQ(won.value, 110);
    EXPECT_EQ(this_loop().now() - start, 10ms);
    std::vector<TaskHandle<>> handles;
    for (const auto length : {2h, 1h}) handles.push_back(spawn(sleep(length)));
    const auto handle = co_await race(handles);
    EXPECT_EQ(handle.index, 1U);
    EXPECT_FALSE(handles[0].done()) << "a handle is only waited for";
    handles[0].cancel();
}

GYRE_TEST(RaceOfMany, does_not_start_those_after_one_that_ends_at_once) {
    int started = 0;
    std::vector<std::function<Task<int>()>> work(3, [&started]() -> Task<int> {
        const int value = ++started;
        co_return value;
    });
    const auto won = co_await race(std::move(work));
    EXPECT_EQ(won.index, 0U);
    EXPECT_EQ(won.value, 1);
    EXPECT_EQ(started, 1);
}

GYRE_TEST(RaceOfMany, the_first_to_fail_loses_it_for_all) {
    std::vector<Task<int>> work;
    work.push_back(after(10, 1));
    work.push_back([]() -> Task<int> {
        co_await sleep(1ms);
        throw std::runtime_error("fell");
    }());
    const auto outcome = co_await as_outcome(race(std::move(work)));
    EXPECT_EQ(describe(outcome.error()), "fell");
    EXPECT_EQ(error_of([] { static_cast<void>(race(std::vector<Task<int>>())); }),
        "race: the vector is empty, there is nothing that could win");
}

GYRE_TEST(RaceOfMany, is_cancelled_with_its_caller) {
    int cleaned = 0;
    std::vector<std::function<Task<>()>> work(2, [&cleaned]() -> Task<> {
        co_await try_finally(sleep(1h), [&cleaned]() -> Task<> {
            co_await sleep(1ms);
            ++cleaned;
        });
    });
    const auto won = co_await move_on_after(1ms, race(std::move(work)));
    EXPECT_FALSE(won.has_value());
    EXPECT_EQ(cleaned, 2);
}

}  // namespace gyre::testing

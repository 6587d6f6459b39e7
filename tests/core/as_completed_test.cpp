// as_completed: results in the order in which they come; dropped half-read, the rest is cancelled and waited for.

#include "small_works.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <source_location>
#include <stdexcept>

namespace gyre::testing {

namespace {

class OnAsCompleted : public OnLoops {};
GYRE_ON_LOOPS(OnAsCompleted);

auto with_cleanup(Log& log, Duration delay) -> Task<int> {
    co_await try_finally(sleep(delay), [&]() -> Task<> {
        co_await sleep(5ms);
        log.push_back("cleaned up");
    });
    co_return 0;
}

auto works(std::vector<Duration> delays) -> std::vector<Task<int>> {
    std::vector<Task<int>> tasks;
    int value = 0;
    for (const Duration delay : delays) tasks.push_back(give(value++, delay));
    return tasks;
}

}  // namespace

TEST_P(OnAsCompleted, gives_results_in_the_order_in_which_they_come) {
    std::vector<int> values;
    run([&]() -> Task<> {
        auto finished = as_completed(works({30ms, 1ms, 15ms}));
        EXPECT_EQ(finished.remaining(), 3U);
        while (auto value = co_await finished.next()) {
            values.push_back(*value);
            EXPECT_EQ(finished.index(), static_cast<std::size_t>(*value));
        }
        const auto after = co_await finished.next();
        EXPECT_FALSE(after.has_value());
        EXPECT_EQ(finished.remaining(), 0U);
    });
    EXPECT_EQ(values, (std::vector<int>{1, 2, 0}));
}

GYRE_TEST(AsCompleted, of_arguments_of_nothing_and_without_values) {
    auto two = as_completed(give(1, 2ms), [] { return give(2, 1ms); });
    const auto first = co_await two.next();
    EXPECT_EQ(first.value_or(0), 2);
    std::vector<Task<int>> none;
    auto nothing = as_completed(std::move(none));
    const auto end = co_await nothing.next();
    EXPECT_FALSE(end.has_value());
    auto plain = as_completed(sleep(1ms), sleep(2ms));
    int count = 0;
    while (co_await plain.next()) ++count;
    EXPECT_EQ(count, 2);
    const auto last = co_await two.next();
    EXPECT_EQ(last.value_or(0), 1);
}

GYRE_TEST(AsCompleted, an_error_comes_in_its_turn_and_the_iteration_goes_on) {
    auto finished = as_completed(give(1, 1ms), fail_after(2ms), give(3, 3ms));
    const auto first = co_await finished.next();
    EXPECT_EQ(first.value_or(0), 1);
    const auto second = co_await as_outcome(finished.next());
    EXPECT_EQ(describe(second.error()), "work");
    EXPECT_EQ(finished.index(), 1U);
    const auto third = co_await finished.next();
    EXPECT_EQ(third.value_or(0), 3);
    const auto end = co_await finished.next();
    EXPECT_FALSE(end.has_value());
}

GYRE_TEST(AsCompleted, dropped_half_read_its_scope_waits_for_the_end_of_the_rest) {
    Log log;
    const auto half_read = [&log]() -> Task<> {
        std::vector<Task<int>> tasks;
        tasks.push_back(with_cleanup(log, 1h));
        tasks.push_back(give(1, 1ms));
        auto finished = as_completed(std::move(tasks));
        co_await finished.next();
    };
    const Time begin = this_loop().now();
    co_await timeout(1h, half_read);
    EXPECT_EQ(log, Log{"cleaned up"});
    EXPECT_EQ(this_loop().now() - begin, 6ms);
    co_await task_group([&](TaskGroup& group) { group.spawn(half_read()); });
    EXPECT_EQ(log.size(), 2U);
    co_await move_on_after(2ms, [&]() -> Task<> {
        auto finished = as_completed(with_cleanup(log, 1h), give(1, 1ms));
        co_await finished.next();
        co_await finished.next();
    });
    EXPECT_EQ(log.size(), 3U) << "also when the reader is cancelled";
}

GYRE_TEST(AsCompleted, errors_that_nobody_read_go_to_the_handler) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) { heard.push_back(describe(context.error)); });
    {
        auto finished = as_completed(fail_after(1ms), give(1, 2ms));
        co_await sleep(3ms);
    }
    EXPECT_EQ(heard, std::vector<std::string>{"work"});
}

GYRE_TEST(AsCompleted, a_timeout_ends_the_reading_only) {
    auto finished = as_completed(works({1ms, 1h, 1h}), {.timeout = 5ms});
    const auto first = co_await finished.next();
    EXPECT_EQ(first.value_or(-1), 0);
    for (int i = 0; i < 2; ++i) {
        const auto late = co_await as_outcome(finished.next());
        EXPECT_TRUE(failed_with<TimeoutError>(late));
        EXPECT_EQ(describe(late.error()).rfind("as_completed: 2 of 3 have not ended within 5 ms (set at ", 0), 0U)
            << describe(late.error());
    }
}

GYRE_TEST(AsCompleted, a_cancelled_next_takes_nothing) {
    auto finished = as_completed(give(1, 5ms), give(2, 6ms));
    const auto none = co_await move_on_after(1ms, finished.next());
    EXPECT_FALSE(none.has_value());
    const auto first = co_await finished.next();
    EXPECT_EQ(first.value_or(0), 1);
    auto second = spawn([&]() -> Task<> { co_await finished.next(); });
    co_await yield_now();
    const auto third = co_await as_outcome(finished.next());
    EXPECT_EQ(describe(third.error()), "as_completed: two tasks wait for the next result at once");
    co_await second;
}

GYRE_TEST(AsCompleted, of_handles_only_waits) {
    std::vector<TaskHandle<int>> handles;
    handles.push_back(spawn(give(1, 5ms)));
    handles.push_back(spawn(give(2, 1ms)));
    {
        auto finished = as_completed(handles);
        const auto first = co_await finished.next();
        EXPECT_EQ(first.value_or(0), 2);
    }
    const int value = co_await handles.front().join();
    EXPECT_EQ(value, 1);
}

TEST(AsCompleted, survives_cancellation_anywhere) {
    Log log;
    int begun = 0;
    CancelEverywhere([&]() -> Task<> {
        auto all = as_completed(works({2ms, 1ms, 3ms}));
        while (co_await all.next()) ++begun;
        auto half = as_completed(with_cleanup(log, 1h), give(1, 1ms));
        co_await half.next();
        co_await yield_now();
    }).run();
}

GYRE_TEST(AsCompleted, its_tasks_are_named_after_the_place_of_the_call) {
    const auto here = std::source_location::current();
    const auto results = as_completed(sleep(1ms), sleep(2ms));
    const std::string place = "as_completed_test.cpp:" + std::to_string(here.line() + 1);
    int named = 0;
    for (const auto& task : all_tasks(this_loop())) named += task.name() == place ? 1 : 0;
    EXPECT_EQ(named, 2);
    EXPECT_EQ(results.remaining(), 2U);
    co_await yield_now();
}

}  // namespace gyre::testing

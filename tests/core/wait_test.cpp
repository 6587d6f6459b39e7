// wait: sorts handles into done and pending, and cancels nothing.

#include "small_works.hpp"
#include "support/loops.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

class OnWait : public OnLoops {};
GYRE_ON_LOOPS(OnWait);

auto spawn_all(std::vector<Duration> delays) -> std::vector<TaskHandle<int>> {
    std::vector<TaskHandle<int>> handles;
    int value = 0;
    for (const Duration delay : delays) handles.push_back(spawn(give(value++, delay)));
    return handles;
}

}  // namespace

TEST_P(OnWait, returns_when_the_first_has_ended) {
    run([]() -> Task<> {
        auto handles = spawn_all({1h, 1ms, 1h});
        auto sets = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_EQ(sets.done.size(), 1U);
        EXPECT_EQ(sets.pending.size(), 2U);
        const int value = co_await sets.done.front().join();
        EXPECT_EQ(value, 1);
        for (auto& handle : sets.pending) handle.cancel();
        auto rest = co_await wait(sets.pending);
        EXPECT_EQ(rest.done.size(), 2U);
        EXPECT_TRUE(rest.done.front().cancelled());
    });
}

GYRE_TEST(WaitForTasks, all_completed_is_the_default) {
    const Time begin = this_loop().now();
    auto handles = spawn_all({3ms, 1ms, 2ms});
    auto sets = co_await wait(std::move(handles));
    EXPECT_EQ(this_loop().now() - begin, 3ms);
    EXPECT_EQ(sets.done.size(), 3U);
    EXPECT_TRUE(sets.pending.empty());
    const int first = co_await sets.done.front().join();
    EXPECT_EQ(first, 0) << "in the order in which they were given";
    const auto again = co_await wait(sets.done);
    EXPECT_EQ(again.done.size(), 3U) << "at once, if all have ended";
}

GYRE_TEST(WaitForTasks, first_exception_passes_by_values_and_cancelled_ones) {
    const Time begin = this_loop().now();
    auto handles = spawn_all({1ms, 1h});
    handles.push_back(spawn(fail_after(5ms)));
    handles.push_back(spawn(give(1, 1h)));
    handles.back().cancel();
    auto sets = co_await wait(handles, ReturnWhen::first_exception);
    EXPECT_EQ(this_loop().now() - begin, 5ms);
    EXPECT_EQ(sets.done.size(), 3U);
    EXPECT_EQ(sets.pending.size(), 1U);
    EXPECT_EQ(describe(handles[2].error()), "work");
    sets.pending.front().cancel();
    auto all = co_await wait(sets.pending, ReturnWhen::first_exception);
    EXPECT_EQ(all.done.size(), 1U) << "nothing failed: it waits for all";
}

GYRE_TEST(WaitForTasks, a_timeout_cancels_nothing) {
    const Time begin = this_loop().now();
    auto handles = spawn_all({1ms, 5ms});
    auto sets = co_await wait(std::move(handles), ReturnWhen::all_completed, {.timeout = 2ms});
    EXPECT_EQ(this_loop().now() - begin, 2ms);
    EXPECT_EQ(sets.done.size(), 1U);
    EXPECT_EQ(sets.pending.size(), 1U);
    const auto now = co_await wait(sets.pending, ReturnWhen::all_completed, {.timeout = 0ms});
    EXPECT_EQ(now.pending.size(), 1U);
    EXPECT_EQ(this_loop().now() - begin, 2ms) << "zero only looks";
    const int value = co_await sets.pending.front().join();
    EXPECT_EQ(value, 1);
}

GYRE_TEST(WaitForTasks, of_nothing_and_of_itself_is_an_error) {
    std::vector<TaskHandle<int>> none;
    const auto empty = co_await as_outcome(wait(none));
    EXPECT_TRUE(failed_with<std::invalid_argument>(empty));
    EXPECT_EQ(describe(empty.error()), "wait: there are no tasks to wait for");
    std::vector<TaskHandle<>> itself;
    std::string text;
    itself.push_back(spawn(
        [&]() -> Task<> {
            const auto outcome = co_await as_outcome(wait(itself));
            text = describe(outcome.error());
        },
        {.name = "ouroboros"}));
    co_await itself.front();
    EXPECT_EQ(text, "wait: task 'ouroboros' waits for itself");
}

GYRE_TEST(WaitForTasks, a_cancelled_caller_leaves_the_tasks_alone) {
    auto handles = spawn_all({5ms});
    const auto none = co_await move_on_after(1ms, wait(handles));
    EXPECT_FALSE(none.has_value());
    const int value = co_await handles.front().join();
    EXPECT_EQ(value, 0);
}

TEST(WaitForTasks, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        auto handles = spawn_all({1ms, 2ms, 3ms, 1h});
        auto first = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_GE(first.done.size(), 1U);
        auto some = co_await wait(handles, ReturnWhen::all_completed, {.timeout = 5ms});
        EXPECT_EQ(some.pending.size(), 1U);
        some.pending.front().cancel();
        co_await wait(std::move(some.pending));
    }).run();
}

}  // namespace gyre::testing

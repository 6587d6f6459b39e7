// SpawnOptions: priorities that starve nobody, eager starts, deadlines. current_task, all_tasks, done-callbacks, misuse.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <algorithm>
#include <stdexcept>

namespace gyre::testing {

namespace {

auto note(Log& log, std::string text) -> Task<> {
    log.push_back(std::move(text));
    co_return;
}

auto note_turns(Log& log, std::string text, int turns) -> Task<> {
    for (int i = 0; i < turns; ++i) {
        log.push_back(text);
        co_await yield_now();
    }
}

auto fail_early(std::string text) -> Task<> {
    if (!text.empty()) throw std::runtime_error(text);
    co_return;
}

auto hold() -> Task<> { co_await sleep(1h); }

auto names(const std::vector<AnyTaskHandle>& tasks) -> Log {
    Log all;
    for (const auto& task : tasks) all.push_back(task.name());
    std::sort(all.begin(), all.end());
    return all;
}

class SpawnOptionsLoops : public OnLoops {};

}  // namespace

GYRE_ON_LOOPS(SpawnOptionsLoops);

TEST_P(SpawnOptionsLoops, higher_priorities_run_first_and_equal_ones_in_order) {
    run([]() -> Task<> {
        Log log;
        spawn(note(log, "low"), {.priority = Priority::low});
        spawn(note(log, "normal 1"));
        spawn(note(log, "high 1"), {.priority = Priority::high});
        spawn(note(log, "normal 2"));
        spawn(note(log, "high 2"), {.priority = Priority::high});
        co_await sleep(1ms);
        EXPECT_EQ(log, (Log{"high 1", "high 2", "normal 1", "normal 2", "low"}));
    });
}

TEST_P(SpawnOptionsLoops, no_priority_starves_those_below) {
    run([]() -> Task<> {
        Log log;
        spawn(note(log, "low"), {.priority = Priority::low});
        spawn(note(log, "normal"));
        auto busy = spawn(note_turns(log, "high", 200), {.priority = Priority::high});
        co_await busy.join();
        const auto place = [&](const char* text) { return std::find(log.begin(), log.end(), text) - log.begin(); };
        EXPECT_LE(place("normal"), 9);
        EXPECT_LE(place("low"), 81);
    });
}

GYRE_TEST(SpawnOptions, a_priority_changes_with_the_next_wake_up) {
    Log log;
    auto first = spawn(note_turns(log, "a", 2));
    auto second = spawn(note_turns(log, "b", 2));
    second.set_priority(Priority::high);
    EXPECT_EQ(second.priority(), Priority::high);
    EXPECT_EQ(first.priority(), Priority::normal);
    co_await sleep(1ms);
    EXPECT_EQ(log, (Log{"a", "b", "b", "a"}));
}

TEST_P(SpawnOptionsLoops, eager_runs_to_its_first_wait_inside_spawn) {
    run([]() -> Task<> {
        Log log;
        auto waits = spawn(
            [&]() -> Task<> {
                log.push_back("begins");
                co_await yield_now();
                log.push_back("ends");
            },
            {.start = Start::eager});
        log.push_back("spawned");
        EXPECT_FALSE(waits.done());
        co_await waits.join();
        EXPECT_EQ(log, (Log{"begins", "spawned", "ends"}));
        auto ends = spawn(note(log, "at once"), {.start = Start::eager});
        EXPECT_TRUE(ends.done());
        co_await ends.join();
    });
}

TEST_P(SpawnOptionsLoops, eager_keeps_its_error_for_who_joins) {
    run([]() -> Task<> {
        auto failed = spawn(fail_early("no"), {.start = Start::eager});
        EXPECT_TRUE(failed.done());
        std::string text;
        try {
            co_await failed.join();
        } catch (const std::runtime_error& error) {
            text = error.what();
        }
        EXPECT_EQ(text, "no");
    });
}

GYRE_TEST(SpawnOptions, eager_swaps_the_current_task_and_puts_it_back) {
    std::string inside;
    auto spawner = spawn(
        [&]() -> Task<> {
            spawn(
                [&]() -> Task<> {
                    inside = current_task().name();
                    co_return;
                },
                {.name = "inner", .start = Start::eager});
            EXPECT_EQ(current_task().name(), "outer");
            co_return;
        },
        {.name = "outer"});
    co_await spawner.join();
    EXPECT_EQ(inside, "inner");
}

GYRE_TEST(SpawnOptions, eager_in_a_group_that_is_cancelled_never_starts) {
    bool started = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.cancel();
        group.spawn(
            [&]() -> Task<> {
                started = true;
                co_return;
            },
            {.start = Start::eager});
        co_return;
    });
    EXPECT_FALSE(started);
}

GYRE_TEST(SpawnOptions, eager_failure_cancels_its_group_but_not_the_line_that_spawned) {
    bool went_on = false;
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fail_early("early"), {.start = Start::eager});
            went_on = true;
            co_await sleep(1h);
        });
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_TRUE(went_on);
    EXPECT_EQ(text, "early");
}

namespace {

auto nest_eagerly(int depth, int& reached) -> Task<> {
    ++reached;
    if (depth > 0) spawn(nest_eagerly(depth - 1, reached), {.start = Start::eager});
    co_return;
}

}  // namespace

GYRE_TEST(SpawnOptions, eager_tasks_inside_one_another_do_not_grow_the_stack_without_end) {
    int reached = 0;
    spawn(nest_eagerly(100'000, reached), {.start = Start::eager});
    EXPECT_LT(reached, 1000);
    co_await sleep(1ms);
    EXPECT_EQ(reached, 100'001);
}

TEST_P(SpawnOptionsLoops, a_deadline_ends_the_task_with_a_timeout_error) {
    run([]() -> Task<> {
        auto late = spawn(hold(), {.name = "late", .deadline = this_loop().now() + 2ms});
        std::string text;
        try {
            co_await late.join();
        } catch (const TimeoutError& error) {
            text = error.what();
        }
        EXPECT_EQ(text, "timeout: the deadline of task 'late' passed");
        EXPECT_FALSE(late.cancelled());
    });
}

GYRE_TEST(SpawnOptions, what_ends_before_its_deadline_leaves_no_timer) {
    const auto timers = this_loop().scheduler().timers.size();
    auto early = spawn(
        []() -> Task<int> {
            co_await sleep(1ms);
            co_return 7;
        },
        {.deadline = this_loop().now() + 1h});
    const int value = co_await early.join();
    EXPECT_EQ(value, 7);
    EXPECT_EQ(this_loop().scheduler().timers.size(), timers);
}

GYRE_TEST(SpawnOptions, a_task_with_a_deadline_that_is_cancelled_otherwise_is_cancelled) {
    auto held = spawn(hold(), {.deadline = this_loop().now() + 1h});
    co_await yield_now();
    held.cancel("enough");
    co_await sleep(1ms);
    EXPECT_TRUE(held.cancelled());
}

TEST(SpawnOptions, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            const auto work = []() -> Task<> {
                co_await yield_now();
                co_await sleep(1ms);
            };
            group.spawn(work, {.priority = Priority::high, .start = Start::eager});
            group.spawn(work, {.name = "low", .priority = Priority::low});
            group.spawn(work, {.start = Start::eager, .deadline = this_loop().now() + 1h});
            co_await yield_now();
        });
    }).run();
}

TEST_P(SpawnOptionsLoops, all_tasks_are_those_of_the_loop_and_of_groups_until_they_end) {
    run([]() -> Task<> {
        auto one = spawn(hold(), {.name = "one"});
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(hold(), {.name = "two"});
            EXPECT_EQ(names(all_tasks(this_loop())), (Log{"main", "one", "two"}));
            group.cancel();
            co_return;
        });
        one.cancel();
        co_await yield_now();
        EXPECT_EQ(names(all_tasks(this_loop())), (Log{"main"}));
        EXPECT_EQ(all_tasks(this_loop()).front(), current_task());
    });
}

GYRE_TEST(CurrentTask, is_none_in_a_callback) {
    std::string text;
    this_loop().call_soon([&] {
        try {
            static_cast<void>(current_task());
        } catch (const LoopError& error) {
            text = error.what();
        }
    });
    co_await yield_now();
    EXPECT_EQ(text, "current_task: no task runs here; this is a callback");
}

TEST_P(SpawnOptionsLoops, done_callbacks_have_their_turn_in_the_queue) {
    run([]() -> Task<> {
        Log log;
        auto task = spawn(note(log, "task"), {.name = "one"});
        task.add_done_callback([&](const TaskHandle<>& done) { log.push_back("first " + done.name()); });
        task.add_done_callback([&](const TaskHandle<>& done) { log.push_back(done.done() ? "second" : "too early"); });
        co_await task.join();
        task.add_done_callback([&](const TaskHandle<>&) { log.push_back("late"); });
        log.push_back("joined");
        co_await yield_now();
        EXPECT_EQ(log, (Log{"task", "first one", "second", "joined", "late"}));
    });
}

GYRE_TEST(DoneCallback, of_an_eager_task_is_not_called_inside_spawn) {
    Log log;
    auto task = spawn(note(log, "task"), {.start = Start::eager});
    task.add_done_callback([&](const TaskHandle<>&) { log.push_back("callback"); });
    log.push_back("spawned");
    co_await yield_now();
    EXPECT_EQ(log, (Log{"task", "spawned", "callback"}));
}

GYRE_TEST(DoneCallback, of_a_cancelled_task_is_called) {
    bool called = false;
    auto task = spawn(hold());
    task.add_done_callback([&](const TaskHandle<>& done) { called = done.cancelled(); });
    task.cancel();
    co_await sleep(1ms);
    EXPECT_TRUE(called);
}

}  // namespace gyre::testing

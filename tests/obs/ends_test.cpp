// What dumps and `obs::findings` say of parts of a task that were cancelled and do not end: the inside of a time limit that has
// passed, the branches of a race that is won. Of whole tasks: see findings_test.cpp.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <sstream>
#include <stdexcept>

namespace gyre::testing {

namespace {

using obs::Finding;
using obs::Rule;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto text_of(const std::vector<Finding>& found) -> std::string {
    std::ostringstream all;
    obs::write_text(all, found);
    return all.str();
}

auto count_of_ignored(const std::vector<Finding>& found) -> std::size_t {
    std::size_t count = 0;
    for (const Finding& finding : found) count += finding.rule == Rule::cancel_ignored ? 1 : 0;
    return count;
}

auto only_ignored(const std::vector<Finding>& found) -> Finding {
    EXPECT_EQ(count_of_ignored(found), 1U) << text_of(found);
    for (const Finding& finding : found) {
        if (finding.rule == Rule::cancel_ignored) return finding;
    }
    return {};
}

auto dump_text() -> std::string {
    std::ostringstream out;
    obs::dump(out);
    return out.str();
}

auto task_named(const obs::Snapshot& all, std::string_view name) -> const obs::TaskInfo& {
    for (const auto& task : all.tasks) {
        if (task.name == name) return task;
    }
    throw std::runtime_error("no task '" + std::string(name) + "'");
}

/// Does not end when it is cancelled, before `over` is set.
auto stay(Event& over) -> Task<> { co_await shield(over.wait()); }
constexpr unsigned stay_line = __LINE__ - 1;

auto win() -> Task<> { co_await sleep(20ms); }
auto sleep_long() -> Task<> { co_await sleep(1h); }
auto fail() -> Task<> {
    co_await sleep(20ms);
    throw std::runtime_error("disk full");
}

}  // namespace

GYRE_TEST(Ends, a_time_limit_that_has_passed_is_told_with_its_line_and_what_is_waited_for) {
    Event over("acknowledged");
    const auto ask = [&over]() -> Task<> { static_cast<void>(co_await move_on_after(100ms, stay(over))); };
    constexpr unsigned limit_line = __LINE__ - 1;
    auto task = spawn(ask(), {.name = "asks"});
    const auto early = co_await obs::examine({.long_wait = 50ms});
    EXPECT_EQ(count_of_ignored(early), 0U) << "it has not passed\n" << text_of(early);
    co_await sleep(1s);
    const auto found = co_await obs::examine();
    const Finding finding = only_ignored(found);
    EXPECT_EQ(finding.task, "asks");
    EXPECT_EQ(finding.severity, obs::Severity::warning);
    EXPECT_EQ(finding.place.line, stay_line);
    EXPECT_TRUE(has(finding.text, "is inside of a time limit that passed 2.")) << finding.text;
    EXPECT_TRUE(has(finding.text, "and has not ended: it waits on event 'acknowledged' at ends_test.cpp:"))
        << finding.text;
    EXPECT_TRUE(has(finding.text, "deadline of 100 ms passed (cancelled at ends_test.cpp:" + std::to_string(limit_line)))
        << finding.text;
    EXPECT_TRUE(has(dump_text(), "[scope, overdue by 2.")) << dump_text();
    EXPECT_TRUE(has(dump_text(), "ago: deadline of 100 ms passed")) << dump_text();
    over.set();
    co_await task.join();
}

GYRE_TEST(Ends, a_time_limit_that_has_just_passed_is_no_finding) {
    Event over("acknowledged");
    const auto ask = [&over]() -> Task<> { static_cast<void>(co_await move_on_after(800ms, stay(over))); };
    auto task = spawn(ask());
    const auto found = co_await obs::examine();
    EXPECT_EQ(count_of_ignored(found), 0U) << text_of(found);
    over.set();
    co_await task.join();
}

GYRE_TEST(Ends, a_race_that_is_won_names_the_branch_that_does_not_end) {
    Event over("acknowledged");
    const auto compete = [&over]() -> Task<> { co_await race(win(), stay(over)); };
    auto task = spawn(compete(), {.name = "compete"});
    co_await sleep(1s);
    const auto found = co_await obs::examine();
    const Finding finding = only_ignored(found);
    EXPECT_EQ(finding.task, "compete");
    EXPECT_EQ(finding.place.line, stay_line);
    EXPECT_TRUE(has(finding.text, "has a branch that was cancelled 2.")) << finding.text;
    EXPECT_TRUE(has(finding.text, "it waits on event 'acknowledged' at")) << finding.text;
    EXPECT_TRUE(has(finding.text, "another one won the race")) << finding.text;
    const auto text = dump_text();
    EXPECT_TRUE(has(text, "waits on race, cancelled 2.")) << text;
    EXPECT_TRUE(has(text, "ago: another one won the race")) << text;
    const auto look = obs::snapshot();
    EXPECT_TRUE(task_named(look, "compete").stack.part_cancelled.has_value());
    EXPECT_EQ(task_named(look, "compete").stack.part_cancelled->kind, CancelKind::sibling);
    EXPECT_FALSE(task_named(look, "compete").cancelled.has_value()) << "the task was not";
    EXPECT_FALSE(task_named(look, "main").stack.part_cancelled.has_value());
    over.set();
    co_await task.join();
}

GYRE_TEST(Ends, a_race_that_is_won_is_no_entry_with_one_that_goes_on) {
    Event over("acknowledged");
    const auto compete = [&over](bool wins) -> Task<> {
        auto other = wins ? win() : sleep_long();
        co_await race(std::move(other), stay(over));
    };
    std::vector<TaskHandle<>> tasks;
    for (const bool wins : {true, false}) tasks.push_back(spawn(compete(wins)));
    co_await sleep(1s);
    const auto text = dump_text();
    EXPECT_FALSE(has(text, "2 tasks of")) << text;
    over.set();
    for (auto& task : tasks) co_await task.join();
}

GYRE_TEST(Ends, a_gather_that_has_failed_names_the_branch_that_does_not_end) {
    Event over("acknowledged");
    const auto collect = [&over]() -> Task<> { co_await gather(fail(), stay(over)); };
    auto task = spawn(collect(), {.name = "collect"});
    co_await sleep(1s);
    const auto found = co_await obs::examine();
    const Finding finding = only_ignored(found);
    EXPECT_EQ(finding.task, "collect");
    EXPECT_TRUE(has(finding.text, "another one failed")) << finding.text;
    over.set();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error());
}

GYRE_TEST(Ends, a_limit_inside_of_a_branch_is_told_of_that_branch) {
    Event over("acknowledged");
    const auto ask = [&over]() -> Task<> { static_cast<void>(co_await move_on_after(100ms, stay(over))); };
    const auto both = [&]() -> Task<> { co_await gather(ask(), sleep(1h)); };
    auto task = spawn(both(), {.name = "both"});
    co_await sleep(2s);
    const auto found = obs::findings(obs::snapshot());
    EXPECT_EQ(only_ignored(found).place.line, stay_line);
    const auto look = obs::snapshot();
    const obs::Stack& stack = task_named(look, "both").stack;
    EXPECT_FALSE(stack.part_cancelled.has_value());
    EXPECT_EQ(stack.branches.size(), 2U);
    EXPECT_TRUE(stack.branches[0].part_cancelled.has_value());
    EXPECT_FALSE(stack.branches[1].part_cancelled.has_value());
    over.set();
    task.cancel();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error());
}

GYRE_TEST(Ends, of_a_task_that_was_cancelled_as_a_whole_its_parts_say_nothing) {
    Event over("acknowledged");
    const auto compete = [&over]() -> Task<> { co_await race(sleep(1h), stay(over)); };
    auto task = spawn(compete(), {.name = "compete"});
    co_await sleep(1ms);
    task.cancel("not wanted");
    const auto found = co_await obs::examine();
    EXPECT_TRUE(has(only_ignored(found).text, "not wanted")) << text_of(found);
    EXPECT_FALSE(task_named(obs::snapshot(), "compete").stack.part_cancelled.has_value());
    over.set();
    static_cast<void>(co_await as_outcome(task.join()));
}

GYRE_TEST(Ends, of_a_group_in_a_limit_that_has_passed_its_tasks_are_told) {
    Event over("acknowledged");
    const auto limited = [&over]() -> Task<> {
        static_cast<void>(co_await move_on_after(
            100ms, task_group([&over](TaskGroup& group) { group.spawn(stay(over), {.name = "child"}); })));
    };
    auto task = spawn(limited(), {.name = "parent"});
    co_await sleep(2s);
    const auto found = obs::findings(obs::snapshot());
    EXPECT_EQ(only_ignored(found).task, "child");
    over.set();
    co_await task.join();
}

}  // namespace gyre::testing

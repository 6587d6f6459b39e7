// What snapshots, and findings over several of them, tell of tasks that work for those of other loops.

#include "support/loops.hpp"

#include "obs/looks.hpp"

#include <gyre/obs.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace gyre::testing {

namespace {

using obs::Snapshot;
using obs::TaskInfo;
using obs::WaitInfo;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto find_if(const Snapshot& all, const std::function<bool(const TaskInfo&)>& is_it) -> const TaskInfo& {
    const auto found = std::find_if(all.tasks.begin(), all.tasks.end(), is_it);
    if (found == all.tasks.end()) throw std::runtime_error("there is no such task");
    return *found;
}

auto text_of(const Snapshot& all) -> std::string {
    std::ostringstream out;
    obs::write_text(out, all);
    return std::move(out).str();
}

/// A circle over two loops, looked at twice: Plato (1) of loop 0 has the left fork, and waits for his work (12) on loop 1, which
/// wants the right one; Kant (11) the other way round (2).
class Table {
public:
    Table() {
        for (const Time taken : {Time{} + 1s, Time{} + 2s}) {
            add(0, taken, {asks(1, "Plato", 1, 12), works(2, 11, "task 'Kant' of loop 1", 1)});
            add(1, taken + 1ms, {asks(11, "Kant", 0, 2), works(12, 1, "task 'Plato' of loop 0", 11)});
        }
    }

    [[nodiscard]] static auto asks(std::uint64_t id, std::string name, std::size_t loop, std::uint64_t work)
        -> TaskInfo {
        TaskInfo task = waits(id, WaitKind::loop, work);
        task.name = std::move(name);
        task.stack.wait->loop = loop;
        return task;
    }
    [[nodiscard]] static auto works(std::uint64_t id, std::uint64_t sender_id, std::string sender, std::uint64_t holder)
        -> TaskInfo {
        TaskInfo task = waits(id, WaitKind::lock, holder);
        task.sender = std::move(sender);
        task.sender_id = sender_id;
        return task;
    }
    [[nodiscard]] static auto waits(std::uint64_t id, WaitKind kind, std::uint64_t owner) -> TaskInfo {
        TaskInfo task;
        task.id = id;
        task.spawned.file = "dine.cpp";
        task.spawned.line = static_cast<std::uint_least32_t>(id);
        WaitInfo& wait = task.stack.wait.emplace();
        wait.kind = kind;
        wait.owner_id = owner;
        wait.text = "something";
        return task;
    }
    void add(std::size_t loop, Time taken, std::vector<TaskInfo> tasks) {
        Snapshot& look = looks[loop].emplace_back();
        look.loop = loop;
        look.taken = taken;
        look.task_count = tasks.size();
        look.tasks = std::move(tasks);
    }
    /// Changes all looks at a task of a loop.
    void change(std::size_t loop, std::size_t task, const std::function<void(TaskInfo&)>& function) {
        for (Snapshot& look : looks[loop]) function(look.tasks[task]);
    }
    [[nodiscard]] auto circles() const -> std::vector<obs::WaitCircle> {
        auto taken = looks;
        return obs::find_circles_across(taken);
    }

    std::vector<std::vector<Snapshot>> looks = std::vector<std::vector<Snapshot>>(2);
};

}  // namespace

TEST(OtherLoop, both_sides_of_some_work_name_each_other) {
    const auto program = []() -> Task<> {
        EventLoop& other = loops()[1];
        std::atomic<bool> is_there{false};
        const auto rest = [&]() -> Task<> {
            is_there = true;
            co_await sleep(1h);
        };
        const auto ask = [&]() -> Task<> { co_await on(other, rest); };
        auto alice = spawn(ask(), {.name = "alice"});
        while (!is_there) co_await sleep(1ms);
        const auto here = obs::snapshot();
        const auto look = []() -> Task<Snapshot> { co_return obs::snapshot(); };
        const auto there = co_await on(other, look);
        const TaskInfo& asks = find_if(here, [](const TaskInfo& task) { return task.name == "alice"; });
        const WaitInfo& wait = asks.stack.wait.value();
        EXPECT_EQ(wait.kind, WaitKind::loop);
        EXPECT_EQ(wait.loop, 1U);
        EXPECT_EQ(wait.text, "other loop 1, task of " + wait.owner);
        const TaskInfo& works = find_if(there, [&](const TaskInfo& task) { return task.id == wait.owner_id; });
        EXPECT_EQ(works.sender, "task 'alice' of loop 0");
        EXPECT_EQ(works.sender_id, asks.id);
        EXPECT_EQ(wait.owner, std::string(works.spawned.file) + ":" + std::to_string(works.spawned.line));
        EXPECT_TRUE(has(text_of(here), "waits on other loop 1, task of other_loop_test.cpp:")) << text_of(here);
        EXPECT_TRUE(has(text_of(there), ", for task 'alice' of loop 0, waiting")) << text_of(there);
        EXPECT_TRUE(asks.sender.empty());
        alice.cancel();
    };
    RunOptions options;
    options.loops = 2;
    run(program, options);
}

TEST(OtherLoop, a_circle_over_two_loops_is_found) {
    const auto circles = Table().circles();
    ASSERT_EQ(circles.size(), 1U);
    const obs::Finding& found = circles.front().finding;
    EXPECT_EQ(found.rule, obs::Rule::wait_circle);
    EXPECT_EQ(found.severity, obs::Severity::error);
    EXPECT_TRUE(has(found.text, "4 tasks wait for each other, and will for ever")) << found.text;
    EXPECT_TRUE(has(found.text, "'dine.cpp:12' for task 'Plato' of loop 0, waits on")) << found.text;
    auto tasks = circles.front().tasks;
    std::sort(tasks.begin(), tasks.end());
    EXPECT_EQ(tasks, (std::vector<std::uint64_t>{1, 2, 11, 12}));
}

TEST(OtherLoop, no_loop_by_itself_sees_that_circle) {
    const Table table;
    for (const auto& of_loop : table.looks) {
        for (const obs::Finding& finding : obs::findings(of_loop)) EXPECT_NE(finding.rule, obs::Rule::wait_circle);
    }
}

TEST(OtherLoop, what_moved_between_the_looks_is_in_no_circle) {
    Table other_call;
    other_call.looks[0][0].tasks[0].stack.wait->owner_id = 13;
    EXPECT_TRUE(other_call.circles().empty());
    Table other_line;
    other_line.looks[1][0].tasks[1].stack.awaits.emplace_back();
    EXPECT_TRUE(other_line.circles().empty());
    Table other_holder;
    other_holder.looks[1][0].tasks[1].stack.wait->owner_id = 14;
    EXPECT_TRUE(other_holder.circles().empty());
}

TEST(OtherLoop, looks_without_a_common_moment_between_them_tell_nothing) {
    Table table;
    for (Snapshot& look : table.looks[1]) look.taken += 2s;
    EXPECT_TRUE(table.circles().empty());
    Table missed_one;  // loop 0 did not answer the last time, and then the look before that counts
    missed_one.add(1, Time{} + 3s, missed_one.looks[1].back().tasks);
    EXPECT_EQ(missed_one.circles().size(), 1U);
    Table once;
    once.looks[1].resize(1);
    EXPECT_TRUE(once.circles().empty());
    Table blocked;
    blocked.looks[1].back().blocked_for = 1s;
    EXPECT_TRUE(blocked.circles().empty());
    Table in_part;
    ++in_part.looks[1].back().task_count;
    EXPECT_TRUE(in_part.circles().empty());
}

TEST(OtherLoop, a_limit_of_who_asks_ends_the_work) {
    const auto limit = [](TaskInfo& task) { task.stack.limit = Time{} + 1h; };
    Table limited;
    limited.change(0, 0, limit);
    EXPECT_TRUE(limited.circles().empty());
    // Between what works for Plato and for Kant alone, who are in no circle themselves.
    const auto between = [](Table& table) {
        table.change(0, 1, [](TaskInfo& task) { task.stack.wait->owner_id = 12; });
        table.change(1, 1, [](TaskInfo& task) { task.stack.wait->owner_id = 2; });
    };
    Table unlimited;
    between(unlimited);
    EXPECT_EQ(unlimited.circles().size(), 1U);
    Table by_sender;
    between(by_sender);
    by_sender.change(0, 0, limit);
    EXPECT_TRUE(by_sender.circles().empty());
    Table by_cancellation;
    between(by_cancellation);
    by_cancellation.change(1, 0, [](TaskInfo& task) { task.cancelled.emplace(); });
    EXPECT_TRUE(by_cancellation.circles().empty());
}

TEST(OtherLoop, a_circle_of_one_loop_is_left_to_that) {
    Table table;
    table.change(0, 0, [](TaskInfo& task) { task = Table::waits(1, WaitKind::lock, 2); });
    EXPECT_TRUE(table.circles().empty());
}

}  // namespace gyre::testing

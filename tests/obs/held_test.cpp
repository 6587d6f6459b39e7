// What `obs::findings` says of locks and permits that are held for long, or by tasks that have ended.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <optional>
#include <sstream>

namespace gyre::testing {

namespace {

using obs::Finding;
using obs::Rule;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto only(const std::vector<Finding>& found, Rule rule) -> Finding {
    std::vector<Finding> of_rule;
    for (const Finding& finding : found) {
        if (finding.rule == rule) of_rule.push_back(finding);
    }
    std::ostringstream all;
    obs::write_text(all, found);
    EXPECT_EQ(of_rule.size(), 1U) << to_string(rule) << " in\n" << all.str();
    return of_rule.empty() ? Finding() : of_rule.front();
}

auto read_for(RwLock& table, AnyDuration length) -> Task<> {
    const auto guard = co_await table.read();
    co_await sleep(length);
}
constexpr unsigned read_line = __LINE__ - 2;

auto write(RwLock& table) -> Task<> { const auto guard = co_await table.write(); }

auto keep(RwLock& table, std::optional<ReadGuard>& kept) -> Task<> {
    auto guard = co_await table.read();
    kept.emplace(std::move(guard));
}

auto take_lock(Lock& lock, std::optional<LockGuard>& kept) -> Task<> {
    auto guard = co_await lock.acquire();
    kept.emplace(std::move(guard));
}
auto lock_shortly(Lock& lock) -> Task<> { const auto guard = co_await lock.acquire(); }
constexpr unsigned lock_line = __LINE__ - 1;

auto keep_writing(RwLock& table, std::optional<WriteGuard>& kept) -> Task<> {
    auto guard = co_await table.write();
    kept.emplace(std::move(guard));
}

auto take(Semaphore& pool, std::optional<Permit>& kept) -> Task<> {
    auto permit = co_await pool.acquire();
    kept.emplace(std::move(permit));
}
constexpr unsigned take_line = __LINE__ - 3;

auto holder_names(const obs::Snapshot& all, std::string_view waiting) -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const obs::TaskInfo& task : all.tasks) {
        if (task.name != waiting || !task.stack.wait) continue;
        for (const obs::Holder& holder : task.stack.wait->holders) {
            names.push_back(holder.task + (holder.ended ? " (ended)" : ""));
        }
    }
    return names;
}

}  // namespace

GYRE_TEST(HeldLocks, tell_a_writer_who_reads) {
    RwLock table("table");
    std::optional<ReadGuard> kept;
    auto ended = spawn(keep(table, kept), {.name = "ended"});
    auto reader = spawn(read_for(table, 10ms), {.name = "reader"});
    co_await ended.join();
    auto mine = table.try_read();
    auto writer = spawn(write(table), {.name = "writer"});
    auto behind = spawn(read_for(table, 1ms), {.name = "behind"});
    co_await yield_now();
    const std::vector<std::string> all{"ended (ended)", "reader", "main"};
    EXPECT_EQ(holder_names(obs::snapshot(), "writer"), all);
    EXPECT_EQ(holder_names(obs::snapshot(), "behind"), all);
    mine.reset();
    kept.reset();
    co_await reader.join();
    co_await writer.join();
    co_await behind.join();
}

GYRE_TEST(HeldLocks, forget_a_reader_whose_guard_was_released_moved_or_overwritten) {
    RwLock table("table");
    RwLock other("other");
    auto first = co_await table.read();
    auto second = co_await table.read();
    auto third = std::move(first);
    second = co_await other.read();
    auto writer = spawn(write(table), {.name = "writer"});
    auto waits = spawn(write(other), {.name = "waits"});
    co_await yield_now();
    EXPECT_EQ(holder_names(obs::snapshot(), "writer").size(), 1U);
    EXPECT_EQ(holder_names(obs::snapshot(), "waits").size(), 1U);
    third.release();
    co_await writer.join();
    second.release();
    co_await waits.join();
}

GYRE_TEST(HeldLocks, name_the_reader_that_waits_long) {
    RwLock table("table");
    auto reader = spawn(read_for(table, 1h), {.name = "report"});
    auto writer = spawn(write(table), {.name = "writer"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::lock_held);
    EXPECT_EQ(finding.task, "report");
    EXPECT_EQ(finding.place.line, read_line);
    EXPECT_TRUE(has(finding.text, "holds lock 'table' for reading and waits on sleep")) << finding.text;
    EXPECT_TRUE(has(finding.text, "1 task waits for the lock")) << finding.text;
    reader.cancel();
    co_await writer.join();
}

GYRE_TEST(HeldLocks, say_of_a_reader_that_has_ended_that_its_guard_may_be_somebody_elses) {
    RwLock table("table");
    std::optional<ReadGuard> kept;
    auto reader = spawn(keep(table, kept), {.name = "report"});
    co_await reader.join();
    auto writer = spawn(write(table), {.name = "writer"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::lock_held);
    EXPECT_EQ(finding.task, "writer");
    EXPECT_EQ(finding.severity, obs::Severity::warning);
    EXPECT_TRUE(has(finding.text,
        "task 'report' took lock 'table' for reading and has ended: it was not given back, or "
        "was given to somebody"))
        << finding.text;
    kept.reset();
    co_await writer.join();
}

GYRE_TEST(HeldLocks, say_of_an_owner_that_has_ended_that_its_guard_may_be_somebody_elses) {
    Lock table("table");
    std::optional<LockGuard> kept;
    auto taker = spawn(take_lock(table, kept), {.name = "taker"});
    co_await taker.join();
    auto needs = spawn(lock_shortly(table), {.name = "needs it"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::lock_held);
    EXPECT_EQ(finding.task, "needs it");
    EXPECT_EQ(finding.severity, obs::Severity::warning);
    EXPECT_EQ(finding.place.line, lock_line);
    EXPECT_TRUE(has(
        finding.text, "task 'taker' took lock 'table' and has ended: it was not given back, or was given to somebody"))
        << finding.text;
    std::ostringstream dump;
    obs::dump(dump);
    EXPECT_TRUE(has(dump.str(), "waits on lock 'table', which task 'taker', which has ended, took")) << dump.str();
    kept.reset();
    co_await needs.join();
}

GYRE_TEST(HeldLocks, say_so_of_a_writer_that_has_ended) {
    RwLock table("table");
    std::optional<WriteGuard> kept;
    auto taker = spawn(keep_writing(table, kept), {.name = "taker"});
    co_await taker.join();
    auto reader = spawn(read_for(table, 1ms), {.name = "reader"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::lock_held);
    EXPECT_EQ(finding.task, "reader");
    EXPECT_TRUE(has(finding.text, "task 'taker' took lock 'table' and has ended")) << finding.text;
    kept.reset();
    co_await reader.join();
}

TEST(HeldLock, of_an_owner_that_has_ended_is_certain_where_nothing_can_wake_who_waits) {
    TestLoop loop(kernel_backend());
    Lock table("table");
    std::optional<LockGuard> kept;
    auto late = loop->run_until_complete([&]() -> Task<TaskHandle<void>> {
        auto taker = spawn(take_lock(table, kept), {.name = "taker"});
        co_await taker.join();
        auto needs = spawn(lock_shortly(table), {.name = "needs it"});
        co_await yield_now();
        co_return needs;
    });
    std::vector<obs::Snapshot> looks(2, obs::snapshot(*loop));
    looks.back().taken = looks.back().taken + 2s;
    const Finding finding = only(obs::findings(looks), Rule::lock_held);
    EXPECT_EQ(finding.severity, obs::Severity::error);
    EXPECT_TRUE(finding.text.ends_with("and has ended: it was not given back")) << finding.text;
    loop.run([&]() -> Task<> {
        kept.reset();
        co_await late.join();
    });
}

GYRE_TEST(HeldPermits, of_a_task_that_has_ended_may_be_somebody_elses) {
    Semaphore pool(1, "pool");
    std::optional<Permit> first;
    std::optional<Permit> second;
    auto one = spawn(take(pool, first), {.name = "one"});
    co_await one.join();
    auto two = spawn(take(pool, second), {.name = "two"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::permit_held);
    EXPECT_EQ(finding.severity, obs::Severity::warning);
    EXPECT_EQ(finding.task, "two");
    EXPECT_EQ(finding.place.line, take_line);
    EXPECT_TRUE(has(finding.text,
        "task 'one' took one of semaphore 'pool' and has ended: it was not given back, or was "
        "given to somebody"))
        << finding.text;
    first.reset();
    co_await two.join();
    second.reset();
}

TEST(HeldPermit, of_a_task_that_has_ended_is_certain_where_nothing_can_wake_who_waits) {
    TestLoop loop(kernel_backend());
    Semaphore pool(1, "pool");
    std::optional<Permit> first;
    std::optional<Permit> second;
    auto late = loop->run_until_complete([&]() -> Task<TaskHandle<void>> {
        auto one = spawn(take(pool, first), {.name = "one"});
        co_await one.join();
        auto two = spawn(take(pool, second), {.name = "two"});
        co_await yield_now();
        co_return two;
    });
    std::vector<obs::Snapshot> looks(2, obs::snapshot(*loop));
    looks.back().taken = looks.back().taken + 2s;
    const Finding finding = only(obs::findings(looks), Rule::permit_held);
    EXPECT_EQ(finding.severity, obs::Severity::error);
    EXPECT_TRUE(finding.text.ends_with("and has ended: it was not given back")) << finding.text;
    loop.run([&]() -> Task<> {
        first.reset();
        co_await late.join();
        second.reset();
    });
}

}  // namespace gyre::testing

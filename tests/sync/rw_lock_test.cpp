// RwLock: many readers or one writer, and neither starves.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

namespace gyre::testing {

namespace {

auto read_in(RwLock& lock, Log& log, std::string name) -> Task<> {
    const auto guard = co_await lock.read();
    log.push_back(name + "+");
    co_await sleep(1ms);
    log.push_back(name + "-");
}

auto write_in(RwLock& lock, Log& log, std::string name) -> Task<> {
    const auto guard = co_await lock.write();
    log.push_back(name + "+");
    co_await sleep(1ms);
    log.push_back(name + "-");
}

auto read_often(RwLock& lock, Inside& readers, Inside& writers, int times) -> Task<> {
    for (int i = 0; i < times; ++i) {
        const auto guard = co_await lock.read();
        const Inside::Visit visit(readers);
        EXPECT_EQ(writers.count(), 0);
        co_await sleep(1ms);
    }
}

auto write_often(RwLock& lock, Inside& readers, Inside& writers, int times) -> Task<> {
    for (int i = 0; i < times; ++i) {
        const auto guard = co_await lock.write();
        const Inside::Visit visit(writers);
        EXPECT_EQ(readers.count(), 0);
        co_await sleep(1ms);
    }
}

}  // namespace

class RwLockOn : public OnLoops {};
GYRE_ON_LOOPS(RwLockOn);

TEST_P(RwLockOn, readers_that_come_together_go_together_and_none_overtakes_a_writer) {
    Log log;
    run([&]() -> Task<> {
        RwLock lock("table");
        co_await task_group([&](TaskGroup& group) {
            group.spawn(read_in(lock, log, "a"));
            group.spawn(read_in(lock, log, "b"));
            group.spawn(write_in(lock, log, "W"));
            group.spawn(read_in(lock, log, "c"));
            group.spawn(read_in(lock, log, "d"));
        });
        EXPECT_EQ(lock.statistics().readers, 0U);
    });
    EXPECT_EQ(log, (Log{"a+", "b+", "a-", "b-", "W+", "W-", "c+", "d+", "c-", "d-"}));
}

GYRE_TEST(RwLock, does_not_suspend_when_it_is_free) {
    RwLock lock;
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    auto first = co_await lock.read();
    auto second = co_await lock.read();
    EXPECT_FALSE(lock.try_write().has_value());
    EXPECT_TRUE(lock.try_read().has_value());
    first.release();
    second.release();
    const auto writer = lock.try_write();
    EXPECT_TRUE(writer.has_value());
    EXPECT_FALSE(lock.try_read().has_value());
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(RwLock, tells_who_holds_it_and_who_waits) {
    RwLock lock("table");
    Log log;
    auto writer = spawn(write_in(lock, log, "W"), {.name = "writer"});
    auto reader = spawn(read_in(lock, log, "r"));
    auto second = spawn(write_in(lock, log, "V"));
    co_await all_blocked();
    const auto statistics = lock.statistics();
    EXPECT_TRUE(statistics.writing);
    EXPECT_EQ(statistics.writer, "writer");
    EXPECT_EQ(statistics.waiting_readers, 1U);
    EXPECT_EQ(statistics.waiting_writers, 1U);
    EXPECT_FALSE(lock.try_read().has_value());
    co_await gather(writer, reader, second);
    EXPECT_EQ(lock.statistics().waiting_writers, 0U);
    EXPECT_EQ(lock.statistics().writer, "");
}

GYRE_TEST(RwLock, a_writer_does_not_wait_for_itself) {
    RwLock lock("table");
    const auto guard = co_await lock.write();
    const auto again = co_await as_outcome(lock.write());
    EXPECT_TRUE(failed_with<DeadlockError>(again));
    const auto read = co_await as_outcome(lock.read());
    EXPECT_EQ(describe(read.error()),
        "read: readers-writer lock 'table' is held for writing by task 'main' itself, which "
        "would wait for ever");
}

GYRE_TEST(RwLock, a_cancelled_writer_lets_the_readers_behind_it_go) {
    RwLock lock;
    Log log;
    auto reader = co_await lock.read();
    auto writer = spawn(write_in(lock, log, "W"));
    co_await all_blocked();
    auto behind = spawn(read_in(lock, log, "r"));
    co_await all_blocked();
    EXPECT_TRUE(log.empty());
    writer.cancel();
    co_await behind.join();
    EXPECT_EQ(log, (Log{"r+", "r-"}));
    EXPECT_EQ(lock.statistics().waiting_writers, 0U);
    EXPECT_EQ(lock.statistics().readers, 1U);
}

TEST(RwLock, belongs_to_the_loop_that_used_it_first) {
    RwLock lock("table");
    const auto use = [&]() -> Task<> { const auto guard = co_await lock.read(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(
        error_on_another_loop(use), "read: readers-writer lock 'table' belongs to another loop, which used it first");
}

TEST(RwLock, survives_cancellation_anywhere) {
    int passed = 0;
    CancelEverywhere([&passed]() -> Task<> {
        RwLock lock;
        Inside readers(3);
        Inside writers(1);
        const auto reader = [&]() -> Task<> {
            co_await read_often(lock, readers, writers, 2);
            ++passed;
        };
        const auto writer = [&]() -> Task<> {
            co_await write_often(lock, readers, writers, 2);
            ++passed;
        };
        const auto victim = [&]() -> Task<> {
            co_await write_often(lock, readers, writers, 1);
            co_await read_often(lock, readers, writers, 1);
        };
        const std::vector<std::function<Task<>()>> others{reader, writer, reader};
        co_await among_others(victim, others);
        const auto left = lock.statistics();
        EXPECT_EQ(left.readers, 0U);
        EXPECT_FALSE(left.writing);
    })
        .before_each([&] { passed = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(passed, 3); })
        .run();
}

}  // namespace gyre::testing

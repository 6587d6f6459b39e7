// Lock: one at a time, in order, and nobody who stole it.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

namespace gyre::testing {

namespace {

auto enter(Lock& lock, Log& log, std::string name) -> Task<> {
    const auto guard = co_await lock.acquire();
    co_await sleep(1ms);
    log.push_back(std::move(name));
}

auto hold(Lock& lock, Inside& inside, int times) -> Task<> {
    for (int i = 0; i < times; ++i) {
        const auto guard = co_await lock.acquire();
        const Inside::Visit visit(inside);
        co_await sleep(1ms);
        co_await yield_now();
    }
}

}  // namespace

class LockOn : public OnLoops {};
GYRE_ON_LOOPS(LockOn);

TEST_P(LockOn, lets_one_in_at_a_time_in_the_order_of_arrival) {
    Log log;
    run([&]() -> Task<> {
        Lock lock("door");
        co_await task_group([&](TaskGroup& group) {
            for (const char* who : {"a", "b", "c"}) group.spawn(enter(lock, log, who));
        });
        EXPECT_FALSE(lock.locked());
    });
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

GYRE_TEST(Lock, does_not_suspend_when_it_is_free) {
    Lock lock;
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    {
        const auto guard = co_await lock.acquire();
        EXPECT_TRUE(lock.locked());
    }
    EXPECT_FALSE(lock.locked());
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(Lock, nobody_slips_in_before_those_who_wait) {
    Lock lock;
    Log log;
    std::optional<LockGuard> guard = co_await lock.acquire();
    auto waiter = spawn(enter(lock, log, "waiter"));
    co_await all_blocked();
    guard.reset();
    EXPECT_TRUE(lock.locked()) << "it was handed over, not freed";
    EXPECT_FALSE(lock.try_acquire().has_value());
    co_await enter(lock, log, "I");
    co_await waiter.join();
    EXPECT_EQ(log, (Log{"waiter", "I"}));
}

GYRE_TEST(Lock, tells_who_holds_it_and_how_many_wait) {
    Lock lock("journal");
    Log log;
    EXPECT_EQ(lock.name(), "journal");
    EXPECT_EQ(lock.statistics().owner, "");
    auto a = spawn(enter(lock, log, "a"), {.name = "writer"});
    auto b = spawn(enter(lock, log, "b"));
    co_await all_blocked();
    const auto statistics = lock.statistics();
    EXPECT_TRUE(statistics.locked);
    EXPECT_EQ(statistics.owner, "writer");
    EXPECT_EQ(statistics.waiting, 1U);
    co_await gather(a, b);
}

GYRE_TEST(Lock, the_record_of_a_wait_names_lock_and_owner) {
    Lock lock("journal");
    const auto guard = co_await lock.acquire();
    auto waiter = spawn([&]() -> Task<> { const auto mine = co_await lock.acquire(); });
    co_await all_blocked();
    auto& tasks = this_loop().background().tasks;
    int found = 0;
    for (auto* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
        const internal::Wait* wait = task->root->wait();
        if (wait == nullptr || wait->record().kind != WaitKind::lock) continue;
        ++found;
        EXPECT_EQ(wait->record().object, &lock.state());
        EXPECT_EQ(wait->record().name, "journal");
        EXPECT_EQ(wait->record().owner, internal::running_task());
    }
    EXPECT_EQ(found, 1);
    waiter.cancel();
}

GYRE_TEST(Lock, is_given_up_early_or_tried) {
    Lock lock;
    auto guard = lock.try_acquire();
    EXPECT_TRUE(guard.has_value());
    EXPECT_FALSE(lock.try_acquire().has_value());
    guard->release();
    EXPECT_FALSE(static_cast<bool>(*guard));
    guard->release();
    auto again = co_await lock.acquire();
    LockGuard moved = std::move(again);
    EXPECT_TRUE(lock.locked());
    moved = LockGuard(std::move(*guard));
    EXPECT_FALSE(lock.locked()) << "what is assigned over gives up its own";
}

GYRE_TEST(Lock, a_task_that_holds_it_does_not_wait_for_itself) {
    const Time start = this_loop().now();
    Lock lock("journal");
    const auto guard = co_await lock.acquire();
    const auto direct = co_await as_outcome(lock.acquire());
    EXPECT_TRUE(failed_with<DeadlockError>(direct));
    EXPECT_EQ(
        describe(direct.error()), "acquire: lock 'journal' is held by task 'main' itself, which would wait for ever");
    const auto inside = co_await as_outcome([&] {
        return timeout(1s, [&]() -> Task<> {
            co_await task_group([&](TaskGroup&) -> Task<> { const auto mine = co_await lock.acquire(); });
        });
    });
    EXPECT_TRUE(failed_with<DeadlockError>(inside)) << "through scopes and the body of a group";
    EXPECT_EQ(this_loop().now(), start) << "not by the timeout";
}

GYRE_TEST(Lock, a_branch_that_runs_alone_does_not_wait_for_its_own_task) {
    Lock lock("journal");
    const auto guard = co_await lock.acquire();
    const auto take = [&]() -> Task<> { const auto mine = co_await lock.acquire(); };
    const auto only = [&]() -> Task<> { co_await gather(take()); };
    const auto of_only = co_await as_outcome(only);
    EXPECT_TRUE(failed_with<DeadlockError>(of_only));
    const auto take_later = [&]() -> Task<> {
        co_await sleep(2ms);
        co_await take();
    };
    const auto last = [&]() -> Task<> { co_await gather(yield_now(), sleep(1ms), take_later()); };
    const auto of_last = co_await as_outcome(last);
    EXPECT_TRUE(failed_with<DeadlockError>(of_last)) << "the others have ended";
    const auto numbers = [](Lock& wanted) -> AsyncGenerator<int> {
        const auto mine = co_await wanted.acquire();
        co_yield 1;
    };
    auto source = numbers(lock);
    const auto read = [&]() -> Task<> { static_cast<void>(co_await source.next()); };
    const auto of_read = co_await as_outcome(read);
    EXPECT_TRUE(failed_with<DeadlockError>(of_read)) << "in a generator that the task reads";
}

GYRE_TEST(Lock, a_branch_waits_for_what_one_that_has_not_started_gives_up) {
    Lock lock("journal");
    auto guard = co_await lock.acquire();
    bool taken = false;
    const auto take = [&]() -> Task<> {
        const auto mine = co_await lock.acquire();
        taken = true;
    };
    const auto give_up = [&]() -> Task<> {
        guard.release();
        co_return;
    };
    co_await gather(take(), give_up());
    EXPECT_TRUE(taken);
}

GYRE_TEST(Lock, branches_of_one_task_wait_for_each_other) {
    Lock lock;
    Log log;
    co_await gather(enter(lock, log, "a"), enter(lock, log, "b"), enter(lock, log, "c"));
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

GYRE_TEST(Lock, is_released_by_its_owner_after_the_guard_was_detached) {
    Lock lock("journal");
    EXPECT_EQ(error_of([&] { lock.release(); }), "release: lock 'journal' is not held");
    auto guard = co_await lock.acquire();
    EXPECT_EQ(error_of([&] { lock.release(); }), "release: lock 'journal' is held by a guard, which will give it up");
    guard.detach();
    EXPECT_TRUE(lock.locked());
    auto stranger = spawn(
        [&]() -> Task<> {
            lock.release();
            co_return;
        },
        {.name = "thief"});
    const auto outcome = co_await as_outcome(stranger.join());
    EXPECT_TRUE(failed_with<InvalidStateError>(outcome));
    EXPECT_EQ(describe(outcome.error()), "release: lock 'journal' is held by task 'main', not by task 'thief'");
    EXPECT_TRUE(lock.locked());
    lock.release();
    EXPECT_FALSE(lock.locked());
}

TEST_P(LockOn, a_guard_that_is_moved_to_another_task_is_given_up_there) {
    run([]() -> Task<> {
        Lock lock("journal");
        auto guard = co_await lock.acquire();
        const auto inherit = [&lock](LockGuard mine) -> Task<> {
            EXPECT_EQ(
                error_of([&] { lock.release(); }), "release: lock 'journal' is held by task 'main', not by task 'heir'")
                << "it is the guard that was handed over";
            co_await sleep(1ms);
            mine.release();
        };
        auto heir = spawn(inherit(std::move(guard)), {.name = "heir"});
        const auto refused = co_await as_outcome(lock.acquire());
        EXPECT_TRUE(failed_with<DeadlockError>(refused)) << "it is still the owner by name";
        auto third = spawn(lock.acquire());
        co_await heir.join();
        const auto again = co_await third.join();
        EXPECT_TRUE(static_cast<bool>(again));
    });
}

TEST_P(LockOn, one_whose_owner_ended_without_giving_it_up_is_broken) {
    run([]() -> Task<> {
        Lock lock("journal");
        auto careless = spawn(
            [&]() -> Task<> {
                auto guard = co_await lock.acquire();
                guard.detach();
                co_await sleep(1ms);
            },
            {.name = "careless"});
        const std::string text =
            "acquire: lock 'journal' was left held by task 'careless', which has ended: what it protects "
            "may be half done; release() makes it free again";
        co_await yield_now();
        auto first = spawn(lock.acquire());
        auto second = spawn(lock.acquire());
        const auto a = co_await as_outcome(first.join());
        const auto b = co_await as_outcome(second.join());
        EXPECT_TRUE(failed_with<BrokenLockError>(a));
        EXPECT_TRUE(failed_with<BrokenLockError>(b));
        const auto late = co_await as_outcome(lock.acquire());
        EXPECT_EQ(describe(late.error()), text);
        EXPECT_FALSE(lock.try_acquire().has_value());
        EXPECT_TRUE(careless.done());
        lock.release();
        const auto guard = co_await lock.acquire();
        EXPECT_EQ(lock.statistics().owner, "main");
    });
}

GYRE_TEST(Lock, one_that_was_released_in_time_is_not_broken) {
    Lock lock;
    co_await spawn([&]() -> Task<> {
        auto guard = co_await lock.acquire();
        guard.detach();
        lock.release();
        guard = co_await lock.acquire();
        guard.detach();
        lock.release();
    }).join();
    const auto guard = co_await lock.acquire();
    EXPECT_TRUE(static_cast<bool>(guard));
}

GYRE_TEST(Lock, who_comes_from_a_condition_gets_one_that_was_left_held) {
    Lock lock;
    Condition changed(lock);
    std::vector<std::string> log;
    const auto wait = [&](std::string name) -> Task<> {
        auto guard = co_await lock.acquire();
        co_await changed.wait(guard);
        log.push_back(std::move(name));
    };
    auto notified = spawn(wait("notified"));
    auto cancelled = spawn(wait("cancelled"));
    co_await all_blocked();
    auto careless = spawn([&]() -> Task<> {
        auto guard = co_await lock.acquire();
        changed.notify();
        guard.detach();
    });
    co_await careless.join();
    co_await notified.join();
    EXPECT_EQ(log, std::vector<std::string>{"notified"});
    cancelled.cancel();
    co_await all_blocked();
    EXPECT_TRUE(cancelled.cancelled());
    EXPECT_FALSE(lock.locked());
}

GYRE_TEST(Lock, a_guard_may_outlive_the_task_that_acquired_it) {
    Lock lock;
    auto guard = co_await spawn([&]() -> Task<LockGuard> { co_return co_await lock.acquire(); }, {.name = "gone"}).join();
    EXPECT_EQ(lock.statistics().owner, "gone");
    guard.release();
    EXPECT_FALSE(lock.locked());
}

GYRE_TEST(Lock, a_cancelled_waiter_leaves_and_the_next_gets_it) {
    Lock lock;
    Log log;
    std::optional<LockGuard> guard = co_await lock.acquire();
    auto a = spawn(enter(lock, log, "a"));
    auto b = spawn(enter(lock, log, "b"));
    co_await all_blocked();
    a.cancel();
    EXPECT_EQ(lock.statistics().waiting, 1U);
    guard.reset();
    co_await b.join();
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(log, Log{"b"});
}

GYRE_TEST(Lock, one_that_was_handed_over_is_held_though_cancelled_afterwards) {
    Lock lock;
    bool had = false;
    std::optional<LockGuard> guard = co_await lock.acquire();
    auto waiter = spawn([&]() -> Task<> {
        const auto mine = co_await lock.acquire();
        had = true;
        co_await sleep(1ms);
        ADD_FAILURE() << "the next wait ends";
    });
    co_await all_blocked();
    guard.reset();
    waiter.cancel();
    co_await all_blocked();
    EXPECT_TRUE(had);
    EXPECT_TRUE(waiter.cancelled());
    EXPECT_FALSE(lock.locked());
}

GYRE_TEST(Lock, in_a_cancelled_scope_nobody_gets_it) {
    Lock lock;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        const auto outcome = co_await as_outcome(lock.acquire());
        EXPECT_TRUE(outcome.is_cancelled());
    });
    EXPECT_FALSE(lock.locked());
}

GYRE_TEST(Lock, a_wait_with_a_limit_gives_a_guard_or_nothing) {
    Lock lock;
    auto guard = co_await move_on_after(1ms, lock.acquire());
    EXPECT_TRUE(guard.has_value());
    auto other = spawn([&]() -> Task<> {
        const auto none = co_await move_on_after(1ms, lock.acquire());
        EXPECT_FALSE(none.has_value());
    });
    co_await other.join();
    EXPECT_EQ(lock.statistics().waiting, 0U);
}

TEST(Lock, belongs_to_the_loop_that_used_it_first) {
    Lock lock("journal");
    const auto use = [&]() -> Task<> { const auto guard = co_await lock.acquire(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(error_on_another_loop(use), "acquire: lock 'journal' belongs to another loop, which used it first");
    EXPECT_EQ(error_on_another_loop([&]() -> Task<> {
        static_cast<void>(lock.try_acquire());
        co_return;
    }),
        "try_acquire: lock 'journal' belongs to another loop, which used it first");
    first.run(use);
}

#ifndef NDEBUG
TEST(LockDeathTest, must_outlive_its_guard) {
    EXPECT_DEATH(
        {
            TestLoop loop;
            loop.run([]() -> Task<> {
                std::optional<Lock> lock(std::in_place);
                const auto guard = co_await lock->acquire();
                lock.reset();
            });
        },
        "destroyed before its guard");
}
#endif

TEST(Lock, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        Lock lock;
        Inside inside;
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 3; ++i) group.spawn([&] { return hold(lock, inside, 2); });
        });
        EXPECT_FALSE(lock.locked());
    }).run();
    int passed = 0;
    CancelEverywhere([&passed]() -> Task<> {
        Lock lock;
        Inside inside;
        const auto once = [&]() -> Task<> {
            co_await hold(lock, inside, 2);
            ++passed;
        };
        const std::vector<std::function<Task<>()>> others(3, once);
        co_await among_others([&] { return hold(lock, inside, 3); }, others);
        EXPECT_FALSE(lock.locked());
    })
        .before_each([&] { passed = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(passed, 3); })
        .run();
}

}  // namespace gyre::testing

// Condition: wakes in order, and never answers without the lock.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

namespace gyre::testing {

namespace {

auto wait_in(Lock& lock, Condition& changed, Log& log, std::string name) -> Task<> {
    auto guard = co_await lock.acquire();
    co_await changed.wait(guard);
    log.push_back(std::move(name));
}

/// A stack of items that takers wait for.
struct Store {
    Lock lock{"store"};
    Condition changed{lock, "items"};
    Inside inside;
    int items = 0;

    auto put(int count) -> Task<> {
        for (int i = 0; i < count; ++i) {
            const auto guard = co_await lock.acquire();
            const Inside::Visit visit(inside);
            co_await yield_now();
            ++items;
            changed.notify();
        }
    }
    auto take(int& taken) -> Task<> {
        auto guard = co_await lock.acquire();
        while (items == 0) co_await changed.wait(guard);
        const Inside::Visit visit(inside);
        --items;
        ++taken;
        co_await yield_now();
    }
};

}  // namespace

class ConditionOn : public OnLoops {};
GYRE_ON_LOOPS(ConditionOn);

TEST_P(ConditionOn, wakes_as_many_as_asked_in_the_order_of_arrival) {
    Log log;
    run([&]() -> Task<> {
        Lock lock;
        Condition changed(lock);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (const char* who : {"a", "b", "c", "d"}) group.spawn(wait_in(lock, changed, log, who));
            co_await sleep(1ms);
            {
                const auto guard = co_await lock.acquire();
                changed.notify();
            }
            co_await sleep(1ms);
            EXPECT_EQ(log, Log{"a"});
            {
                const auto guard = co_await lock.acquire();
                changed.notify(2);
            }
            co_await sleep(1ms);
            EXPECT_EQ(log, (Log{"a", "b", "c"}));
            EXPECT_EQ(changed.statistics().waiting, 1U);
            const auto guard = co_await lock.acquire();
            changed.notify_all();
            EXPECT_EQ(changed.statistics().waiting, 0U);
            EXPECT_EQ(changed.statistics().lock.waiting, 1U) << "who was notified waits for the lock";
        });
        EXPECT_FALSE(lock.locked());
    });
    EXPECT_EQ(log, (Log{"a", "b", "c", "d"}));
}

GYRE_TEST(Condition, holds_the_lock_before_and_after_and_not_meanwhile) {
    Lock lock;
    Condition changed(lock, "change");
    EXPECT_EQ(changed.name(), "change");
    auto waiter = spawn(
        [&]() -> Task<> {
            auto guard = co_await lock.acquire();
            co_await changed.wait(guard);
            EXPECT_TRUE(lock.locked());
            EXPECT_EQ(lock.statistics().owner, "waiter");
            guard.release();
        },
        {.name = "waiter"});
    co_await all_blocked();
    EXPECT_FALSE(lock.locked());
    {
        const auto guard = co_await lock.acquire();
        changed.notify_all();
        co_await sleep(1ms);
        EXPECT_EQ(lock.statistics().owner, "main");
        EXPECT_FALSE(waiter.done());
    }
    co_await waiter.join();
}

GYRE_TEST(Condition, waits_until_a_predicate_holds_which_is_called_under_the_lock) {
    Lock lock;
    Condition changed(lock);
    int stage = 0;
    int calls = 0;
    auto waiter = spawn([&]() -> Task<> {
        auto guard = co_await lock.acquire();
        co_await changed.wait(guard, [&] {
            ++calls;
            EXPECT_TRUE(lock.locked());
            return stage == 2;
        });
        EXPECT_EQ(stage, 2);
        co_await changed.wait(guard, [&] { return stage == 2; });
    });
    for (int i = 0; i < 2; ++i) {
        co_await all_blocked();
        const auto guard = co_await lock.acquire();
        ++stage;
        changed.notify_all();
    }
    co_await waiter.join();
    EXPECT_EQ(calls, 3);
}

GYRE_TEST(Condition, a_predicate_that_throws_leaves_the_lock_held_by_the_guard) {
    Lock lock;
    Condition changed(lock);
    auto guard = co_await lock.acquire();
    const auto outcome = co_await as_outcome(changed.wait(guard, []() -> bool { throw std::runtime_error("no"); }));
    EXPECT_TRUE(failed_with<std::runtime_error>(outcome));
    EXPECT_TRUE(lock.locked());
}

GYRE_TEST(Condition, needs_the_guard_of_its_own_lock) {
    Lock lock("right");
    Lock wrong("wrong");
    Condition changed(lock, "change");
    auto guard = co_await wrong.acquire();
    const auto outcome = co_await as_outcome(changed.wait(guard));
    EXPECT_TRUE(failed_with<InvalidStateError>(outcome));
    EXPECT_EQ(describe(outcome.error()), "wait: condition 'change': the guard does not hold its lock 'right'");
}

GYRE_TEST(Condition, only_who_holds_the_lock_notifies) {
    Lock lock("store");
    Condition changed(lock);
    EXPECT_EQ(error_of([&] { changed.notify(); }), "notify: lock 'store' is not held");
    const auto guard = co_await lock.acquire();
    auto stranger = spawn(
        [&]() -> Task<> {
            changed.notify_all();
            co_return;
        },
        {.name = "stranger"});
    const auto outcome = co_await as_outcome(stranger.join());
    EXPECT_EQ(describe(outcome.error()), "notify: lock 'store' is held by task 'main', not by task 'stranger'");
    changed.notify();
}

GYRE_TEST(Condition, a_cancelled_waiter_has_the_lock_again_when_it_is_unwound) {
    Lock lock;
    Condition changed(lock);
    bool held = false;
    auto waiter = spawn(
        [&]() -> Task<> {
            auto guard = co_await lock.acquire();
            struct Check {
                Lock& lock;
                bool& held;
                ~Check() { held = lock.statistics().owner == "waiter"; }
            } const check{lock, held};
            co_await changed.wait(guard);
            ADD_FAILURE() << "it was not notified";
        },
        {.name = "waiter"});
    co_await all_blocked();
    {
        const auto guard = co_await lock.acquire();
        waiter.cancel();
        co_await all_blocked();
        EXPECT_FALSE(waiter.done()) << "it waits for the lock";
        changed.notify();
    }
    const auto outcome = co_await as_outcome(waiter.join());
    EXPECT_TRUE(waiter.cancelled());
    EXPECT_TRUE(failed_with<CancelledError>(outcome));
    EXPECT_TRUE(held);
    EXPECT_FALSE(lock.locked());
}

GYRE_TEST(Condition, a_limit_around_the_wait_leaves_the_lock_held) {
    Lock lock;
    Condition changed(lock);
    auto guard = co_await lock.acquire();
    const bool notified = co_await move_on_after(1ms, changed.wait(guard));
    EXPECT_FALSE(notified);
    EXPECT_EQ(lock.statistics().owner, "main");
    EXPECT_EQ(changed.statistics().waiting, 0U);
}

GYRE_TEST(Condition, a_notify_passes_over_who_was_cancelled) {
    Lock lock;
    Condition changed(lock);
    Log log;
    auto a = spawn(wait_in(lock, changed, log, "a"));
    auto b = spawn(wait_in(lock, changed, log, "b"));
    co_await all_blocked();
    {
        const auto guard = co_await lock.acquire();
        a.cancel();
        changed.notify();
    }
    co_await b.join();
    EXPECT_EQ(log, Log{"b"});
}

GYRE_TEST(Condition, who_was_notified_completes_though_cancelled_while_it_waits_for_the_lock) {
    Lock lock;
    Condition changed(lock);
    Log log;
    auto a = spawn(wait_in(lock, changed, log, "a"));
    co_await all_blocked();
    {
        const auto guard = co_await lock.acquire();
        changed.notify();
        a.cancel();
    }
    co_await a.join();
    EXPECT_EQ(log, Log{"a"});
}

GYRE_TEST(Condition, the_record_says_what_is_waited_for) {
    Lock lock("store");
    Condition changed(lock, "items");
    auto waiter = spawn([&]() -> Task<> {
        auto guard = co_await lock.acquire();
        const internal::TaskNode* self = internal::running_task();
        this_loop().call_soon([&lock, self] {
            const WaitRecord waiting = self->root->wait()->record();
            EXPECT_EQ(waiting.kind, WaitKind::condition);
            EXPECT_EQ(waiting.name, "items");
            EXPECT_FALSE(lock.locked());
        });
        co_await changed.wait(guard);
    });
    co_await all_blocked();
    auto guard = co_await lock.acquire();
    changed.notify();
    auto& tasks = this_loop().background().tasks;
    bool found = false;
    for (auto* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
        if (task->root->wait() == nullptr || task->root->wait()->record().name != "store") continue;
        found = true;
        EXPECT_EQ(task->root->wait()->record().kind, WaitKind::lock);
        EXPECT_EQ(task->root->wait()->record().owner, internal::running_task());
    }
    EXPECT_TRUE(found);
    guard.release();
    co_await waiter.join();
}

TEST(Condition, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        Store store;
        int taken = 0;
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 3; ++i) group.spawn([&] { return store.take(taken); });
            group.spawn([&] { return store.put(3); });
        });
        EXPECT_FALSE(store.lock.locked());
    }).run();
    int taken = 0;
    CancelEverywhere([&taken]() -> Task<> {
        Store store;
        int by_victim = 0;
        const auto take = [&]() -> Task<> { co_await store.take(taken); };
        const auto put = [&]() -> Task<> {
            co_await sleep(1ms);
            co_await store.put(3);
        };
        // Three items for three who stay, or for two of them and the victim: then one more is put.
        const auto top_up = [&]() -> Task<> {
            co_await sleep(5ms);
            if (by_victim > 0) co_await store.put(1);
        };
        const std::vector<std::function<Task<>()>> others{take, take, take, put, top_up};
        co_await among_others([&] { return store.take(by_victim); }, others);
        EXPECT_FALSE(store.lock.locked());
        EXPECT_EQ(store.items, 0);
    })
        .before_each([&] { taken = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(taken, 3); })
        .run();
}

}  // namespace gyre::testing

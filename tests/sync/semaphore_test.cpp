// Semaphore, BoundedSemaphore: permits are conserved.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

namespace gyre::testing {

namespace {

auto enter(Semaphore& slots, Log& log, std::string name) -> Task<> {
    const auto permit = co_await slots.acquire();
    log.push_back(std::move(name));
    co_await sleep(1ms);
}

auto visit_often(Semaphore& slots, Inside& inside, int times) -> Task<> {
    for (int i = 0; i < times; ++i) {
        const auto permit = co_await slots.acquire();
        const Inside::Visit visit(inside);
        co_await sleep(1ms);
        co_await yield_now();
    }
}

}  // namespace

class SemaphoreOn : public OnLoops {};
GYRE_ON_LOOPS(SemaphoreOn);

TEST_P(SemaphoreOn, lets_so_many_in_in_the_order_of_arrival) {
    Log log;
    run([&]() -> Task<> {
        Semaphore slots(2, "slots");
        Inside inside(2);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (const char* who : {"a", "b", "c", "d", "e"}) group.spawn(enter(slots, log, who));
            co_await yield_now();
            co_await yield_now();
            EXPECT_TRUE(slots.locked());
            EXPECT_EQ(slots.statistics().held, 2U);
            EXPECT_EQ(slots.statistics().waiting, 3U);
        });
        EXPECT_EQ(slots.value(), 2U);
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 7; ++i) group.spawn([&] { return visit_often(slots, inside, 3); });
        });
        EXPECT_EQ(slots.value(), 2U);
    });
    EXPECT_EQ(log, (Log{"a", "b", "c", "d", "e"}));
}

GYRE_TEST(Semaphore, does_not_suspend_while_there_are_permits) {
    Semaphore slots{2};
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    auto one = co_await slots.acquire();
    auto two = co_await slots.acquire();
    EXPECT_FALSE(turned);
    EXPECT_TRUE(slots.locked());
    EXPECT_FALSE(slots.try_acquire().has_value());
    one.release();
    one.release();
    EXPECT_EQ(slots.value(), 1U);
    auto three = slots.try_acquire();
    EXPECT_TRUE(three.has_value());
    two = std::move(*three);
    EXPECT_EQ(slots.value(), 1U) << "what is assigned over is given back";
    EXPECT_EQ(slots.statistics().held, 1U);
    co_await yield_now();
}

GYRE_TEST(Semaphore, a_permit_that_nobody_takes_from_its_task_goes_back) {
    Semaphore slots(1);
    {
        auto handle = spawn([&]() -> Task<Permit> {
            auto permit = co_await slots.acquire();
            co_return permit;
        });
        co_await all_blocked();
        EXPECT_TRUE(handle.done());
        EXPECT_EQ(slots.value(), 0U);
    }
    EXPECT_EQ(slots.value(), 1U);
}

GYRE_TEST(Semaphore, nobody_slips_in_before_those_who_wait) {
    Semaphore slots;
    Log log;
    std::optional<Permit> permit = co_await slots.acquire();
    auto waiter = spawn(enter(slots, log, "waiter"));
    co_await all_blocked();
    permit.reset();
    EXPECT_EQ(slots.value(), 0U);
    EXPECT_FALSE(slots.try_acquire().has_value());
    co_await enter(slots, log, "I");
    co_await waiter.join();
    EXPECT_EQ(log, (Log{"waiter", "I"}));
}

GYRE_TEST(Semaphore, permits_can_be_made_and_released_by_anyone) {
    Semaphore slots(0);
    Log log;
    auto waiter = spawn(enter(slots, log, "waiter"));
    co_await all_blocked();
    EXPECT_TRUE(log.empty());
    slots.release();
    co_await waiter.join();
    EXPECT_EQ(slots.value(), 1U);
    auto permit = co_await slots.acquire();
    permit.detach();
    EXPECT_EQ(slots.statistics().held, 0U);
    EXPECT_EQ(slots.value(), 0U);
    slots.release();
    EXPECT_EQ(slots.value(), 1U);
}

GYRE_TEST(BoundedSemaphore, a_release_too_many_is_an_error_also_while_permits_are_held) {
    BoundedSemaphore slots(2, "slots");
    const std::string text = "release: bounded semaphore 'slots' has all of its permits, or they are held";
    EXPECT_EQ(error_of([&] { slots.release(); }), text);
    auto permit = co_await slots.acquire();
    EXPECT_EQ(error_of([&] { slots.release(); }), text);
    EXPECT_EQ(slots.value(), 1U);
    permit.detach();
    slots.release();
    EXPECT_EQ(slots.value(), 2U);
    EXPECT_EQ(error_of([&] { slots.release(); }), text);
}

GYRE_TEST(Semaphore, a_cancelled_waiter_takes_nothing) {
    Semaphore slots;
    Log log;
    std::optional<Permit> permit = co_await slots.acquire();
    auto a = spawn(enter(slots, log, "a"));
    auto b = spawn(enter(slots, log, "b"));
    co_await all_blocked();
    a.cancel();
    permit.reset();
    co_await b.join();
    EXPECT_EQ(log, Log{"b"});
    EXPECT_EQ(slots.value(), 1U);
}

GYRE_TEST(Semaphore, in_a_cancelled_scope_nobody_gets_a_permit) {
    Semaphore slots;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        const auto outcome = co_await as_outcome(slots.acquire());
        EXPECT_TRUE(outcome.is_cancelled());
    });
    EXPECT_EQ(slots.value(), 1U);
}

GYRE_TEST(Semaphore, the_record_of_a_wait_names_it) {
    Semaphore slots(0, "slots");
    auto waiter = spawn([&]() -> Task<> { const auto permit = co_await slots.acquire(); });
    co_await all_blocked();
    auto& tasks = this_loop().background().tasks;
    bool found = false;
    for (auto* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
        if (task->root->wait() == nullptr) continue;
        const WaitRecord record = task->root->wait()->record();
        found = found || (record.kind == WaitKind::semaphore && record.name == "slots");
    }
    EXPECT_TRUE(found);
    waiter.cancel();
}

TEST(Semaphore, a_negative_number_is_an_error) {
    const int minus_one = -1;
    const auto count = static_cast<std::size_t>(minus_one);
    EXPECT_EQ(error_of([&] { const Semaphore slots(count, "slots"); }),
        "semaphore 'slots': the number of permits is negative: -1");
    EXPECT_EQ(error_of([&] { const BoundedSemaphore slots(count - 1); }),
        "bounded semaphore: the number of permits is negative: -2");
    EXPECT_EQ(error_of([&] { const CapacityLimiter limiter(count); }),
        "capacity limiter: the number of tokens is negative: -1");
    CapacityLimiter limiter(1, "slots");
    EXPECT_THROW(limiter.set_total(count), std::invalid_argument);
    EXPECT_EQ(limiter.total(), 1U);
    EXPECT_EQ(error_of([&] { const Barrier barrier(count); }), "barrier: the number of parties is negative: -1");
    EXPECT_EQ(error_of([&] { const Queue<int> queue(count, "jobs"); }), "queue 'jobs': the capacity is negative: -1");
    EXPECT_EQ(error_of([&] { static_cast<void>(channel<int>(count)); }), "channel: the capacity is negative: -1");
    EXPECT_EQ(error_of([&] { static_cast<void>(shared_channel<int>(count, "c")); }),
        "shared channel 'c': the capacity is negative: -1");
    EXPECT_EQ(error_of([&] { const Broadcast<int> topic(count); }), "broadcast: the capacity is negative: -1");
    EXPECT_EQ(error_of([&] { const ThreadPool pool(count); }), "pool 'gyre': the number of threads is negative: -1");
}

TEST(Semaphore, belongs_to_the_loop_that_used_it_first) {
    Semaphore slots(1, "slots");
    const auto use = [&]() -> Task<> { const auto permit = co_await slots.acquire(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(error_on_another_loop(use), "acquire: semaphore 'slots' belongs to another loop, which used it first");
    EXPECT_EQ(error_on_another_loop([&]() -> Task<> {
        slots.release();
        co_return;
    }),
        "release: semaphore 'slots' belongs to another loop, which used it first");
    EXPECT_EQ(slots.value(), 1U);
}

TEST(Semaphore, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        Semaphore slots(2);
        Inside inside(2);
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 4; ++i) group.spawn([&] { return visit_often(slots, inside, 2); });
        });
        EXPECT_EQ(slots.value(), 2U);
    }).run();
    int passed = 0;
    CancelEverywhere([&passed]() -> Task<> {
        Semaphore slots(2);
        Inside inside(2);
        const auto other = [&]() -> Task<> {
            co_await visit_often(slots, inside, 2);
            ++passed;
        };
        const std::vector<std::function<Task<>()>> others(3, other);
        co_await among_others([&] { return visit_often(slots, inside, 3); }, others);
        EXPECT_EQ(slots.value(), 2U);
        EXPECT_EQ(slots.statistics().held, 0U);
    })
        .before_each([&] { passed = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(passed, 3); })
        .run();
}

}  // namespace gyre::testing

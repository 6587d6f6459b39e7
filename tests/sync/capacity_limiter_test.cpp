// CapacityLimiter: one token for each borrower, and a total that changes.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

#include <set>

namespace gyre::testing {

namespace {

auto enter(CapacityLimiter& limiter, Log& log, std::string name) -> Task<> {
    const auto token = co_await limiter.acquire();
    log.push_back(std::move(name));
    co_await sleep(1ms);
}

auto visit_often(CapacityLimiter& limiter, Inside& inside, int times) -> Task<> {
    for (int i = 0; i < times; ++i) {
        const auto token = co_await limiter.acquire();
        const Inside::Visit visit(inside);
        co_await sleep(1ms);
    }
}

}  // namespace

class CapacityLimiterOn : public OnLoops {};
GYRE_ON_LOOPS(CapacityLimiterOn);

TEST_P(CapacityLimiterOn, hands_out_tokens_in_the_order_of_arrival) {
    Log log;
    run([&]() -> Task<> {
        CapacityLimiter limiter(2, "slots");
        co_await task_group([&](TaskGroup& group) {
            for (const char* who : {"a", "b", "c", "d", "e"}) group.spawn(enter(limiter, log, who));
        });
        EXPECT_EQ(limiter.borrowed(), 0U);
        EXPECT_EQ(limiter.available(), 2U);
    });
    EXPECT_EQ(log, (Log{"a", "b", "c", "d", "e"}));
}

GYRE_TEST(CapacityLimiter, a_borrower_has_one_token_at_most) {
    CapacityLimiter limiter(3, "slots");
    auto token = co_await limiter.acquire();
    const auto twice = co_await as_outcome([&]() -> Task<> { const auto second = co_await limiter.acquire(); });
    EXPECT_TRUE(failed_with<InvalidStateError>(twice));
    EXPECT_EQ(
        describe(twice.error()), "acquire: the borrower (task 'main') has a token of capacity limiter 'slots' already");
    token.release();
    EXPECT_EQ(limiter.borrowed(), 0U);
    token = co_await limiter.acquire();
    const int object = 0;
    const auto other = co_await limiter.acquire_on_behalf_of(&object);
    EXPECT_EQ(error_of([&] { static_cast<void>(limiter.try_acquire_on_behalf_of(&object)); }),
        "try_acquire_on_behalf_of: the borrower (task 'main') has a token of capacity limiter 'slots' already");
    EXPECT_EQ(limiter.borrowed(), 2U);
}

GYRE_TEST(CapacityLimiter, branches_of_one_task_are_borrowers_of_their_own) {
    CapacityLimiter limiter(2);
    Log log;
    co_await gather(enter(limiter, log, "a"), enter(limiter, log, "b"), enter(limiter, log, "c"));
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

GYRE_TEST(CapacityLimiter, lists_its_borrowers) {
    CapacityLimiter limiter(2, "slots");
    Log log;
    const int object = 0;
    const auto token = limiter.try_acquire_on_behalf_of(&object);
    auto a = spawn(enter(limiter, log, "a"), {.name = "reader"});
    auto b = spawn(enter(limiter, log, "b"));
    co_await all_blocked();
    const auto statistics = limiter.statistics();
    EXPECT_EQ(statistics.total, 2U);
    EXPECT_EQ(statistics.borrowed, 2U);
    EXPECT_EQ(statistics.waiting, 1U);
    std::set<std::string> tasks;
    bool found = false;
    for (const auto& borrower : statistics.borrowers) {
        tasks.insert(borrower.task);
        found = found || borrower.borrower == &object;
    }
    EXPECT_EQ(tasks, (std::set<std::string>{"main", "reader"}));
    EXPECT_TRUE(found);
    EXPECT_FALSE(limiter.try_acquire_on_behalf_of(&log).has_value());
    co_await gather(a, b);
}

GYRE_TEST(CapacityLimiter, its_total_changes_while_it_is_used) {
    CapacityLimiter limiter(0);
    Log log;
    auto a = spawn(enter(limiter, log, "a"));
    auto b = spawn(enter(limiter, log, "b"));
    auto c = spawn(enter(limiter, log, "c"));
    co_await all_blocked();
    EXPECT_TRUE(log.empty());
    limiter.set_total(2);
    EXPECT_EQ(limiter.borrowed(), 2U);
    limiter.set_total(1);
    EXPECT_EQ(limiter.available(), 0U);
    EXPECT_EQ(limiter.borrowed(), 2U) << "nobody loses a token";
    co_await gather(a, b);
    EXPECT_EQ(limiter.borrowed(), 1U);
    co_await c.join();
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
    EXPECT_EQ(limiter.available(), 1U);
}

GYRE_TEST(CapacityLimiter, a_cancelled_waiter_is_no_borrower) {
    CapacityLimiter limiter(1);
    auto token = co_await limiter.acquire();
    const int object = 0;
    const auto none = co_await move_on_after(1ms, limiter.acquire_on_behalf_of(&object));
    EXPECT_FALSE(none.has_value());
    EXPECT_EQ(limiter.statistics().waiting, 0U);
    token.release();
    const auto again = co_await limiter.acquire_on_behalf_of(&object);
    EXPECT_EQ(limiter.borrowed(), 1U);
}

TEST(CapacityLimiter, belongs_to_the_loop_that_used_it_first) {
    CapacityLimiter limiter(1, "slots");
    const auto use = [&]() -> Task<> { const auto token = co_await limiter.acquire(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(
        error_on_another_loop(use), "acquire: capacity limiter 'slots' belongs to another loop, which used it first");
}

TEST(CapacityLimiter, survives_cancellation_anywhere) {
    int passed = 0;
    CancelEverywhere([&passed]() -> Task<> {
        CapacityLimiter limiter(1);
        Inside inside(2);
        const auto other = [&]() -> Task<> {
            co_await visit_often(limiter, inside, 2);
            ++passed;
        };
        const auto change = [&]() -> Task<> {
            limiter.set_total(2);
            co_await sleep(2ms);
            limiter.set_total(0);
            co_await sleep(10ms);
            limiter.set_total(2);
        };
        const std::vector<std::function<Task<>()>> others{other, other, other, change};
        co_await among_others([&] { return visit_often(limiter, inside, 3); }, others);
        EXPECT_EQ(limiter.borrowed(), 0U);
    })
        .before_each([&] { passed = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(passed, 3); })
        .run();
}

}  // namespace gyre::testing

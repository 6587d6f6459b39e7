// Barrier: nobody passes before all have come.

#include "support/tracked.hpp"
#include "sync/critical.hpp"

#include <algorithm>
#include <vector>

namespace gyre::testing {

class BarrierOn : public OnLoops {};
GYRE_ON_LOOPS(BarrierOn);

TEST_P(BarrierOn, lets_all_go_when_the_last_one_comes_round_after_round) {
    std::vector<std::size_t> order;
    run([&]() -> Task<> {
        Barrier barrier(3, "start");
        EXPECT_EQ(barrier.parties(), 3U);
        std::vector<int> rounds(3, 0);
        co_await task_group([&](TaskGroup& group) {
            for (std::size_t who = 0; who < 3; ++who) {
                group.spawn([&, who]() -> Task<> {
                    for (int round = 1; round <= 5; ++round) {
                        co_await sleep(1ms * ((who * 7 + static_cast<std::size_t>(round)) % 3));
                        rounds[who] = round;
                        order.push_back(co_await barrier.wait());
                        const auto [least, most] = std::minmax_element(rounds.begin(), rounds.end());
                        EXPECT_GE(*least, round);
                        EXPECT_LE(*most, round + 1);
                    }
                });
            }
        });
        EXPECT_EQ(barrier.waiting(), 0U);
    });
    EXPECT_EQ(order.size(), 15U);
    for (const std::size_t index : {0U, 1U, 2U}) EXPECT_EQ(std::count(order.begin(), order.end(), index), 5);
}

GYRE_TEST(Barrier, numbers_those_who_pass_by_their_arrival) {
    Barrier barrier(3);
    std::vector<std::size_t> indices(3);
    const auto come = [&](std::size_t who) -> Task<> { indices[who] = co_await barrier.wait(); };
    auto c = spawn(come(2));
    co_await all_blocked();
    auto a = spawn(come(0));
    co_await all_blocked();
    EXPECT_EQ(barrier.statistics().waiting, 2U);
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    indices[1] = co_await barrier.wait();
    EXPECT_FALSE(turned) << "the last one does not wait";
    EXPECT_EQ(barrier.waiting(), 0U) << "and the next round has begun";
    co_await gather(a, c);
    EXPECT_EQ(indices, (std::vector<std::size_t>{1, 2, 0}));
}

GYRE_TEST(Barrier, who_comes_back_at_once_belongs_to_the_next_round) {
    Barrier barrier(2);
    Log log;
    auto slow = spawn([&]() -> Task<> {
        co_await barrier.wait();
        log.push_back("slow passes");
        co_await barrier.wait();
        log.push_back("slow passes again");
    });
    co_await all_blocked();
    co_await barrier.wait();
    log.push_back("fast passes");
    co_await barrier.wait();
    log.push_back("fast passes again");
    co_await slow.join();
    EXPECT_EQ(log, (Log{"fast passes", "slow passes", "slow passes again", "fast passes again"}));
}

GYRE_TEST(Barrier, is_for_at_least_one) {
    EXPECT_EQ(error_of([] { const Barrier none(0); }), "barrier: a barrier is for at least one task");
    Barrier alone(1);
    const std::size_t index = co_await alone.wait();
    EXPECT_EQ(index, 0U);
}

GYRE_TEST(Barrier, who_is_cancelled_leaves_and_one_more_has_to_come) {
    Barrier barrier(2);
    auto gone = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await all_blocked();
    gone.cancel();
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
    const auto passed = co_await move_on_after(1ms, barrier.wait());
    EXPECT_FALSE(passed.has_value());
    auto other = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await barrier.wait();
    co_await other.join();
}

GYRE_TEST(Barrier, a_reset_fails_those_who_wait_and_begins_again) {
    Barrier barrier(2, "start");
    auto waiter = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await all_blocked();
    barrier.reset();
    const auto outcome = co_await as_outcome(waiter.join());
    EXPECT_TRUE(failed_with<BrokenBarrierError>(outcome));
    EXPECT_EQ(describe(outcome.error()), "wait: barrier 'start' was broken while the task waited");
    EXPECT_FALSE(barrier.broken());
    auto other = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await barrier.wait();
    co_await other.join();
}

GYRE_TEST(Barrier, an_abort_fails_all_until_a_reset) {
    Barrier barrier(2, "start");
    auto waiter = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await all_blocked();
    barrier.abort();
    EXPECT_TRUE(barrier.statistics().broken);
    const auto first = co_await as_outcome(waiter.join());
    EXPECT_TRUE(failed_with<BrokenBarrierError>(first));
    const auto later = co_await as_outcome(barrier.wait());
    EXPECT_EQ(describe(later.error()), "wait: barrier 'start' was aborted");
    barrier.reset();
    EXPECT_FALSE(barrier.broken());
    auto other = spawn([&]() -> Task<> { co_await barrier.wait(); });
    co_await barrier.wait();
    co_await other.join();
}

TEST(Barrier, belongs_to_the_loop_that_used_it_first) {
    Barrier barrier(1, "start");
    const auto use = [&]() -> Task<> { co_await barrier.wait(); };
    TestLoop first;
    first.run(use);
    EXPECT_EQ(error_on_another_loop(use), "wait: barrier 'start' belongs to another loop, which used it first");
}

TEST(Barrier, survives_cancellation_anywhere) {
    int passed = 0;
    CancelEverywhere([&passed]() -> Task<> {
        Barrier barrier(2);
        const auto twice = [&]() -> Task<> {
            for (int i = 0; i < 2; ++i) {
                co_await barrier.wait();
                ++passed;
                co_await yield_now();
            }
        };
        const auto late = [&]() -> Task<> {
            co_await sleep(5ms);
            if (barrier.waiting() == 1) co_await barrier.wait();
        };
        // Cancelled while it waits it has not come, so that the others still meet each other.
        const auto victim = [&]() -> Task<> {
            co_await barrier.wait();
            co_await sleep(1ms);
        };
        const std::vector<std::function<Task<>()>> others{twice, twice, late};
        co_await among_others(victim, others);
        EXPECT_EQ(barrier.waiting(), 0U);
    })
        .before_each([&] { passed = 0; })
        .invariant([&](const CancelledRun&) { EXPECT_EQ(passed, 4); })
        .run();
}

}  // namespace gyre::testing

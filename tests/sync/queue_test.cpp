// Queue, PriorityQueue, LifoQueue: order, places, shutdown, and nothing lost.

#include "sync/items.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace gyre::testing {

namespace {

auto get_into(Queue<int>& queue, std::vector<int>& values) -> Task<> {
    const auto item = co_await queue.get();
    values.push_back(item ? *item : -1);
}

auto put_one(Queue<int>& queue, int value, std::vector<int>& done) -> Task<> {
    co_await queue.put(value);
    done.push_back(value);
}

auto drain(Queue<int>& queue) -> Task<std::vector<int>> {
    std::vector<int> values;
    while (const auto item = co_await queue.get()) values.push_back(*item);
    co_return values;
}

}  // namespace

/// The same work on every kind of queue and every loop.
class QueuesOn : public OnLoops {
protected:
    /// Three producers and three consumers through a queue of two places. @return what came out, in the order of its coming.
    template<class AnyQueue>
    auto through() -> std::vector<int> {
        std::vector<int> values;
        run([&]() -> Task<> {
            AnyQueue queue(2, "jobs");
            co_await task_group([&](TaskGroup& group) -> Task<> {
                for (int consumer = 0; consumer < 3; ++consumer) {
                    group.spawn([&]() -> Task<> {
                        while (const auto item = co_await queue.get()) {
                            values.push_back(*item);
                            if (*item % 5 == 0) co_await sleep(1ms);
                            queue.task_done();
                        }
                    });
                }
                auto leaving = group.spawn(queue.get());
                leaving.cancel();
                co_await task_group([&](TaskGroup& producers) {
                    for (int producer = 0; producer < 3; ++producer) {
                        producers.spawn([&queue, producer]() -> Task<> {
                            for (int i = 0; i < 20; ++i) co_await queue.put(producer * 20 + i);
                        });
                    }
                });
                co_await queue.join();
                const auto none = co_await move_on_after(1ms, queue.get());
                EXPECT_FALSE(none);
                queue.shutdown();
            });
            EXPECT_EQ(queue.statistics().got_count, values.size());
        });
        std::sort(values.begin(), values.end());
        return values;
    }

    [[nodiscard]] static auto all() -> std::vector<int> {
        std::vector<int> values(60);
        std::iota(values.begin(), values.end(), 0);
        return values;
    }
};
GYRE_ON_LOOPS(QueuesOn);

TEST_P(QueuesOn, first_in_first_out) { EXPECT_EQ(through<Queue<int>>(), all()); }
TEST_P(QueuesOn, smallest_first) { EXPECT_EQ(through<PriorityQueue<int>>(), all()); }
TEST_P(QueuesOn, last_in_first_out) { EXPECT_EQ(through<LifoQueue<int>>(), all()); }

GYRE_TEST(Queue, gives_items_in_the_order_in_which_they_were_put) {
    Queue<int> queue(0, "jobs");
    for (int i = 1; i <= 20; ++i) co_await queue.put(i);
    EXPECT_EQ(queue.size(), 20U);
    EXPECT_EQ(queue.name(), "jobs");
    EXPECT_EQ(queue.maxsize(), 0U);
    queue.shutdown();
    const auto values = co_await drain(queue);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(values.at(static_cast<std::size_t>(i)), i + 1);
}

GYRE_TEST(Queue, getters_have_their_turn_in_the_order_in_which_they_came) {
    Queue<int> queue;
    std::vector<int> a;
    std::vector<int> b;
    auto first = spawn(get_into(queue, a));
    auto second = spawn(get_into(queue, b));
    co_await all_blocked();
    EXPECT_EQ(queue.statistics().waiting_getters, 2U);
    co_await queue.put(1);
    EXPECT_EQ(queue.size(), 0U) << "it is on its way to the first already";
    EXPECT_FALSE(queue.try_get()) << "nobody overtakes";
    co_await queue.put(2);
    co_await gather(first, second);
    EXPECT_EQ(a, std::vector{1});
    EXPECT_EQ(b, std::vector{2});
}

GYRE_TEST(Queue, put_waits_while_it_is_full_and_putters_keep_their_order) {
    Queue<int> queue(2);
    std::vector<int> done;
    co_await queue.put(1);
    co_await queue.put(2);
    EXPECT_TRUE(queue.full());
    auto three = spawn(put_one(queue, 3, done));
    auto four = spawn(put_one(queue, 4, done));
    co_await all_blocked();
    EXPECT_EQ(queue.statistics().waiting_putters, 2U);
    const auto first = queue.try_get();
    EXPECT_EQ(first, 1);
    EXPECT_EQ(queue.size(), 2U) << "the place went to the longest waiting putter";
    EXPECT_FALSE(queue.try_put(5)) << "nobody overtakes";
    co_await three.join();
    EXPECT_EQ(done, std::vector{3});
    const auto second = co_await queue.get();
    EXPECT_EQ(second, 2);
    co_await four.join();
    queue.shutdown();
    const auto rest = co_await drain(queue);
    EXPECT_EQ(rest, (std::vector{3, 4}));
}

GYRE_TEST(Queue, passes_without_a_turn_when_it_need_not_wait) {
    Queue<int> queue(1);
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    co_await queue.put(1);
    const auto item = co_await queue.get();
    EXPECT_EQ(item, 1);
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(Queue, try_put_leaves_the_item_when_there_is_no_place) {
    Queue<std::unique_ptr<int>> queue(1);
    auto one = std::make_unique<int>(1);
    auto two = std::make_unique<int>(2);
    EXPECT_TRUE(queue.try_put(std::move(one)));
    EXPECT_FALSE(queue.try_put(std::move(two)));
    EXPECT_TRUE(two != nullptr);  // NOLINT(bugprone-use-after-move): that is the point
    auto got = queue.try_get();
    EXPECT_EQ(**got, 1);
    EXPECT_FALSE(queue.try_get());
    co_return;
}

GYRE_TEST(Queue, join_waits_for_task_done_of_every_item) {
    Queue<int> queue;
    co_await queue.join();
    co_await queue.put(1);
    co_await queue.put(2);
    bool joined = false;
    auto joiner = spawn([&]() -> Task<> {
        co_await queue.join();
        joined = true;
    });
    const auto first = co_await queue.get();
    const auto second = co_await queue.get();
    EXPECT_EQ(*first + *second, 3);
    queue.task_done();
    co_await all_blocked();
    EXPECT_FALSE(joined);
    EXPECT_EQ(queue.statistics().waiting_joiners, 1U);
    EXPECT_EQ(queue.statistics().unfinished, 1U);
    queue.task_done();
    co_await joiner.join();
    EXPECT_TRUE(joined);
    EXPECT_EQ(error_of([&] { queue.task_done(); }), "queue: task_done was called more often than items were put");
}

GYRE_TEST(Queue, after_shutdown_it_gives_what_is_left_and_then_empty) {
    Queue<int> queue(1, "jobs");
    std::vector<int> done;
    co_await queue.put(1);
    auto putter = spawn(put_one(queue, 2, done));
    co_await all_blocked();
    queue.shutdown();
    queue.shutdown();
    EXPECT_TRUE(queue.is_shut_down());
    const auto blocked = co_await as_outcome(putter.join());
    EXPECT_TRUE(failed_with<QueueShutDown>(blocked));
    EXPECT_EQ(describe(blocked.error()), "queue 'jobs': put: the queue was shut down");
    EXPECT_EQ(error_of([&] { queue.try_put(3); }), "queue 'jobs': try_put: the queue was shut down");
    const auto late = co_await as_outcome(put_one(queue, 3, done));
    EXPECT_TRUE(failed_with<QueueShutDown>(late));
    const auto values = co_await drain(queue);
    EXPECT_EQ(values, std::vector{1});
    const auto again = co_await queue.get();
    EXPECT_FALSE(again);
}

GYRE_TEST(Queue, shutdown_wakes_getters_with_nothing) {
    Queue<int> queue;
    std::vector<int> values;
    auto getter = spawn(get_into(queue, values));
    co_await all_blocked();
    queue.shutdown();
    co_await getter.join();
    EXPECT_EQ(values, std::vector{-1});
}

GYRE_TEST(Queue, immediate_shutdown_drops_what_is_left_and_frees_join) {
    int alive = 0;
    Queue<Counted> queue;
    for (int i = 0; i < 3; ++i) co_await queue.put(Counted(alive));
    { const auto taken = co_await queue.get(); }
    EXPECT_EQ(alive, 2);
    auto joiner = spawn(queue.join());
    co_await all_blocked();
    queue.shutdown(true);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(queue.statistics().discarded_count, 2U);
    EXPECT_EQ(queue.statistics().unfinished, 1U) << "the one that was taken is not done";
    co_await all_blocked();
    EXPECT_FALSE(joiner.done());
    queue.task_done();
    co_await joiner.join();
    const auto nothing = co_await queue.get();
    EXPECT_FALSE(nothing);
}

GYRE_TEST(Queue, a_cancelled_getter_takes_nothing) {
    Queue<int> queue;
    const auto none = co_await move_on_after(2ms, queue.get());
    EXPECT_FALSE(none);
    EXPECT_EQ(queue.statistics().waiting_getters, 0U);
    co_await queue.put(8);
    const auto eight = co_await queue.get();
    EXPECT_EQ(eight, 8);
}

GYRE_TEST(Queue, a_getter_that_was_given_an_item_has_it_though_cancelled_afterwards) {
    Queue<int> queue;
    std::vector<int> values;
    auto getter = spawn(get_into(queue, values));
    co_await all_blocked();
    co_await queue.put(1);
    getter.cancel();
    co_await getter.join();
    EXPECT_EQ(values, std::vector{1});
}

GYRE_TEST(Queue, a_cancelled_putter_has_not_put_and_its_place_is_another_s) {
    Queue<int> queue(1);
    std::vector<int> done;
    co_await queue.put(1);
    auto leaving = spawn(put_one(queue, 2, done));
    auto patient = spawn(put_one(queue, 3, done));
    co_await all_blocked();
    leaving.cancel();
    co_await all_blocked();
    EXPECT_EQ(queue.try_get(), 1);
    co_await patient.join();
    EXPECT_EQ(queue.try_get(), 3);
    EXPECT_EQ(done, std::vector{3});
}

GYRE_TEST(Queue, put_from_takes_the_item_only_when_it_has_its_place) {
    Queue<std::unique_ptr<int>> queue(1);
    auto one = std::make_unique<int>(1);
    auto two = std::make_unique<int>(2);
    co_await queue.put_from(one);
    EXPECT_EQ(one, nullptr);
    const bool through = co_await move_on_after(1ms, queue.put_from(two));
    EXPECT_FALSE(through);
    EXPECT_TRUE(two != nullptr);
    queue.shutdown();
    const auto outcome = co_await as_outcome(queue.put_from(two));
    EXPECT_TRUE(failed_with<QueueShutDown>(outcome));
    EXPECT_EQ(*two, 2);
}

GYRE_TEST(Queue, in_a_cancelled_scope_nothing_is_put_or_taken) {
    Queue<int> queue;
    co_await queue.put(1);
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        const auto got = co_await as_outcome(queue.get());
        EXPECT_TRUE(got.is_cancelled());
        const auto put = co_await as_outcome(queue.put(2));
        EXPECT_TRUE(put.is_cancelled());
        const auto joined = co_await as_outcome(queue.join());
        EXPECT_TRUE(joined.is_cancelled());
    });
    EXPECT_EQ(queue.size(), 1U);
}

GYRE_TEST(Queue, statistics_tell_what_went_through) {
    Queue<int> queue(3);
    for (int i = 0; i < 3; ++i) co_await queue.put(i);
    static_cast<void>(queue.try_get());
    const auto figures = queue.statistics();
    EXPECT_EQ(figures.size, 2U);
    EXPECT_EQ(figures.peak_size, 3U);
    EXPECT_EQ(figures.maxsize, 3U);
    EXPECT_EQ(figures.put_count, 3U);
    EXPECT_EQ(figures.got_count, 1U);
    EXPECT_EQ(figures.unfinished, 3U);
    EXPECT_FALSE(figures.is_shut_down);
}

TEST(Queue, is_refused_by_another_loop_while_it_belongs_to_one) {
    Queue<int> queue(1, "jobs");
    TestLoop one;
    one.run([&]() -> Task<> { static_cast<void>(co_await move_on_after(1ms, queue.get())); });
    TestLoop other;
    const auto text = error_of([&] { other.run(queue.put(1)); });
    EXPECT_NE(text.find("queue 'jobs': it belongs to another loop"), std::string::npos) << text;
}

GYRE_TEST(Queue, items_whose_move_may_throw_and_over_aligned_ones_go_through) {
    struct alignas(64) Wide {
        int value = 0;
    };
    struct Moody {
        explicit Moody(int number) : value(number) {}
        Moody(Moody&& other) noexcept(false) : value(other.value) {}
        int value;
    };
    Queue<Wide> wide;
    Queue<Moody> moody;
    auto receiver = spawn([&]() -> Task<int> {
        const auto item = co_await moody.get();
        co_return item->value;
    });
    co_await all_blocked();
    co_await moody.put(Moody(3));
    const int three = co_await receiver.join();
    EXPECT_EQ(three, 3);
    EXPECT_TRUE(wide.try_put(Wide{7}));
    EXPECT_EQ(wide.try_get()->value, 7);
}

GYRE_TEST(PriorityQueue, gives_the_smallest_first_and_equal_ones_in_order_of_arrival) {
    struct Job {
        int urgency;
        int number;
        auto operator<(const Job& other) const -> bool { return urgency < other.urgency; }
    };
    PriorityQueue<Job> queue;
    const std::array<int, 12> urgencies{3, 1, 2, 1, 3, 2, 1, 1, 2, 3, 1, 2};
    for (int number = 0; const int urgency : urgencies) queue.try_put(Job{urgency, number++});
    queue.shutdown();
    Job last{0, -1};
    while (const auto job = co_await queue.get()) {
        EXPECT_TRUE(last.urgency < job->urgency || (last.urgency == job->urgency && last.number < job->number));
        last = *job;
    }
    EXPECT_EQ(last.urgency, 3);
}

GYRE_TEST(PriorityQueue, takes_a_comparator_and_move_only_items) {
    struct ByValue {
        auto operator()(const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) const -> bool { return *a > *b; }
    };
    PriorityQueue<std::unique_ptr<int>, ByValue> queue(2);
    co_await queue.put(std::make_unique<int>(1));
    co_await queue.put(std::make_unique<int>(3));
    auto putter = spawn([&]() -> Task<> { co_await queue.put(std::make_unique<int>(2)); });
    co_await all_blocked();
    std::vector<int> values;
    for (int i = 0; i < 3; ++i) values.push_back(**queue.try_get());
    co_await putter.join();
    EXPECT_EQ(values, (std::vector{3, 2, 1}));
}

GYRE_TEST(LifoQueue, gives_the_newest_first) {
    LifoQueue<int> queue;
    for (int i = 0; i < 3; ++i) co_await queue.put(i);
    for (int i = 2; i >= 0; --i) {
        const auto item = co_await queue.get();
        EXPECT_EQ(item, i);
    }
}

template<class AnyQueue>
auto get_one(AnyQueue& queue) -> Task<> {
    auto item = co_await queue.get();
    if (!item) co_return;
    item->receive();
    queue.task_done();
}

template<class AnyQueue>
auto put_items(AnyQueue& queue, Ledger& ledger, int count) -> Task<> {
    for (int i = 0; i < count; ++i) {
        const std::size_t number = ledger.next();
        co_await queue.put(ledger.make());
        ledger.sent(number);
    }
}

/// Producers and consumers over a small queue, some of whom leave. It outlives the run: what is inside then counts too.
template<class AnyQueue>
void expect_nothing_lost() {
    Ledger ledger;
    std::optional<AnyQueue> queue;
    const std::size_t steps = CancelEverywhere([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto leaving_getter = group.spawn(get_one(*queue));
            for (int consumer = 0; consumer < 3; ++consumer) {
                group.spawn([&]() -> Task<> {
                    while (auto item = co_await queue->get()) {
                        item->receive();
                        co_await yield_now();
                        queue->task_done();
                    }
                });
            }
            co_await yield_now();
            leaving_getter.cancel();
            auto leaving_putter = group.spawn(put_items(*queue, ledger, 1));
            for (int producer = 0; producer < 3; ++producer) group.spawn(put_items(*queue, ledger, 8));
            co_await yield_now();
            leaving_putter.cancel();
            if (auto item = co_await move_on_after(1ms, queue->get())) {
                (*item)->receive();
                queue->task_done();
            }
            co_await sleep(1ms);
            co_await queue->join();
            queue->shutdown();
        });
    })
                                  .before_each([&] {
                                      ledger.clear();
                                      queue.emplace(1);
                                  })
                                  .invariant([&](const CancelledRun& run) {
                                      EXPECT_EQ(queue->statistics().waiting_getters, 0U);
                                      EXPECT_EQ(queue->statistics().waiting_putters, 0U);
                                      EXPECT_EQ(queue->statistics().waiting_joiners, 0U);
                                      while (auto item = queue->try_get()) item->leave();
                                      ledger.check(run, 24);
                                  })
                                  .run();
    EXPECT_GE(steps, 50U) << "hardly anybody waits";
}

TEST(Queue, survives_cancellation_anywhere) { expect_nothing_lost<Queue<Item>>(); }
TEST(PriorityQueue, survives_cancellation_anywhere) { expect_nothing_lost<PriorityQueue<Item>>(); }
TEST(LifoQueue, survives_cancellation_anywhere) { expect_nothing_lost<LifoQueue<Item>>(); }

}  // namespace gyre::testing

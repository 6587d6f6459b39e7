// Broadcast: every subscriber gets each item, and what happens to the slow ones. Watch: the latest value.

#include "sync/items.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

namespace {

auto receive_all(const Subscription<int>& subscription) -> Task<std::vector<int>> {
    std::vector<int> values;
    while (const auto item = co_await subscription.receive()) values.push_back(*item);
    co_return values;
}

}  // namespace

class BroadcastOn : public OnLoops {};
GYRE_ON_LOOPS(BroadcastOn);
class WatchOn : public OnLoops {};
GYRE_ON_LOOPS(WatchOn);

TEST_P(BroadcastOn, each_subscriber_gets_all_when_senders_wait) {
    run([]() -> Task<> {
        Broadcast<int> topic(2, {.on_lag = OnLag::wait});
        auto a = topic.subscribe();
        auto b = topic.subscribe();
        auto first = spawn(receive_all(a));
        auto second = spawn([&]() -> Task<std::vector<int>> {
            co_await sleep(2ms);
            co_return co_await receive_all(b);
        });
        for (int i = 0; i < 20; ++i) co_await topic.send(i);
        topic.close();
        const auto from_a = co_await first.join();
        const auto from_b = co_await second.join();
        EXPECT_EQ(from_a.size(), 20U);
        EXPECT_EQ(from_b, from_a);
    });
}

TEST_P(WatchOn, a_slow_watcher_sees_the_latest_value) {
    run([]() -> Task<> {
        Watch<int> level(0);
        std::vector<int> seen;
        const auto watch = [&seen](Watcher<int> mine) -> Task<> {
            while (co_await mine.changed()) {
                seen.push_back(mine.borrow_and_update());
                co_await sleep(5ms);
            }
        };
        auto watcher = spawn(watch(level.subscribe()));
        co_await yield_now();
        for (int i = 1; i <= 10; ++i) {
            level.set(i);
            co_await yield_now();
        }
        co_await sleep(20ms);
        level.close();
        co_await watcher.join();
        EXPECT_EQ(seen, (std::vector{1, 10}));
    });
}

GYRE_TEST(Broadcast, gives_each_item_to_every_subscriber) {
    Broadcast<int> topic(8, BroadcastOptions{.name = "prices"});
    auto a = topic.subscribe();
    auto b = topic.subscribe();
    auto first = spawn(receive_all(a));
    auto second = spawn(receive_all(b));
    co_await all_blocked();
    EXPECT_EQ(topic.statistics().waiting_subscribers, 2U);
    for (int i = 1; i <= 3; ++i) co_await topic.send(i);
    auto late = topic.subscribe();
    co_await topic.send(4);
    topic.close();
    const auto values = co_await gather(first.join(), second.join(), receive_all(late));
    const auto& [from_a, from_b, from_late] = values;
    EXPECT_EQ(from_a, (std::vector{1, 2, 3, 4}));
    EXPECT_EQ(from_b, from_a);
    EXPECT_EQ(from_late, std::vector{4}) << "only what was sent since it subscribed";
    EXPECT_EQ(topic.statistics().buffered, 0U);
    EXPECT_EQ(topic.name(), "prices");
    EXPECT_EQ(error_of([&] { topic.try_send(5); }), "broadcast 'prices': try_send: it is closed");
}

GYRE_TEST(Broadcast, tells_a_slow_subscriber_how_much_it_missed) {
    Broadcast<int> topic(2);
    const auto slow = topic.subscribe();
    const auto fast = topic.subscribe();
    for (int i = 1; i <= 5; ++i) {
        EXPECT_TRUE(topic.try_send(i));
        EXPECT_EQ(fast.try_receive(), i);
    }
    const auto outcome = co_await as_outcome(slow.receive());
    EXPECT_TRUE(failed_with<LaggedError>(outcome));
    EXPECT_EQ(describe(outcome.error()), "broadcast: a subscriber was too slow and missed 3 items");
    const auto four = co_await slow.receive();
    EXPECT_EQ(four, 4) << "the oldest that is left";
    EXPECT_EQ(slow.try_receive(), 5);
    EXPECT_EQ(slow.try_receive(), std::nullopt);
    EXPECT_EQ(topic.statistics().missed_count, 3U);
    EXPECT_EQ(topic.statistics().peak_buffered, 2U);
}

GYRE_TEST(Broadcast, waits_for_the_slowest_when_asked_to) {
    Broadcast<int> topic(1, BroadcastOptions{.on_lag = OnLag::wait});
    std::optional<Subscription<int>> slow(topic.subscribe());
    const auto fast = topic.subscribe();
    co_await topic.send(1);
    EXPECT_EQ(fast.try_receive(), 1);
    EXPECT_FALSE(topic.try_send(2));
    const bool through = co_await move_on_after(1ms, topic.send(2));
    EXPECT_FALSE(through);
    auto sending = spawn(topic.send(3));
    co_await all_blocked();
    EXPECT_EQ(slow->try_receive(), 1);
    co_await sending.join();
    EXPECT_EQ(fast.try_receive(), 3) << "a send that is cancelled has not sent";
    auto last = spawn(topic.send(4));
    co_await all_blocked();
    EXPECT_FALSE(last.done());
    slow.reset();  // who leaves is in nobody's way
    co_await last.join();
    EXPECT_EQ(fast.try_receive(), 4);
    EXPECT_EQ(topic.statistics().subscribers, 1U);
}

GYRE_TEST(Broadcast, closing_a_subscription_ends_its_wait) {
    Broadcast<int> topic(1, BroadcastOptions{.name = "prices"});
    auto subscription = topic.subscribe();
    auto waiting = spawn(subscription.receive());
    co_await all_blocked();
    const auto shared = co_await as_outcome(subscription.receive());
    EXPECT_EQ(describe(shared.error()), "broadcast 'prices': another task receives with this subscription; clone it");
    subscription.close();
    const auto outcome = co_await as_outcome(waiting.join());
    EXPECT_EQ(describe(outcome.error()), "broadcast 'prices': receive: it is closed");
    EXPECT_TRUE(topic.try_send(1)) << "nobody listens, and that is fine";
    EXPECT_EQ(topic.statistics().buffered, 0U);
    EXPECT_EQ(error_of([] { Broadcast<int>(0); }), "Broadcast: its capacity is at least 1");
}

GYRE_TEST(Broadcast, a_subscription_that_is_closed_between_its_wake_up_and_its_turn_is_closed) {
    Broadcast<int> topic(1);
    auto subscription = topic.subscribe();
    auto waiting = spawn(subscription.receive());
    co_await all_blocked();
    EXPECT_TRUE(topic.try_send(1));
    subscription.close();
    const auto outcome = co_await as_outcome(waiting.join());
    EXPECT_TRUE(failed_with<ChannelClosed>(outcome));
    EXPECT_EQ(topic.statistics().waiting_subscribers, 0U);
}

GYRE_TEST(Broadcast, a_clone_is_where_its_original_is) {
    Broadcast<std::string> topic(4);
    const auto one = topic.subscribe();
    EXPECT_TRUE(topic.try_send("a"));
    EXPECT_TRUE(topic.try_send("b"));
    EXPECT_EQ(one.try_receive(), "a");
    const auto two = one.clone();
    EXPECT_EQ(one.try_receive(), "b");
    EXPECT_EQ(topic.statistics().buffered, 1U);
    EXPECT_EQ(two.try_receive(), "b");
    EXPECT_EQ(topic.statistics().buffered, 0U);
    co_return;
}

TEST(Broadcast, survives_cancellation_anywhere) {
    for (const OnLag on_lag : {OnLag::report, OnLag::wait}) {
        std::vector<int> sent;
        std::vector<std::vector<int>> received;
        CancelEverywhere([&]() -> Task<> {
            Broadcast<int> topic(2, BroadcastOptions{.on_lag = on_lag});
            co_await task_group([&](TaskGroup& group) -> Task<> {
                auto leaving = group.spawn([in = topic.subscribe()]() -> Task<> { co_await in.receive(); });
                for (auto& mine : received) {
                    group.spawn([&mine, in = topic.subscribe()]() -> Task<> {
                        while (const auto item = co_await in.receive()) {
                            mine.push_back(*item);
                            co_await yield_now();
                        }
                    });
                }
                co_await yield_now();
                leaving.cancel();  // the longest waiter goes, and the others notice nothing
                co_await yield_now();
                for (int i = 0; i < 6; ++i) {
                    co_await topic.send(i);
                    sent.push_back(i);
                    if (on_lag == OnLag::report) co_await sleep(1ms);
                }
                topic.close();
            });
        })
            .before_each([&] {
                sent.clear();
                received.assign(2, {});
            })
            .invariant([&](const CancelledRun& run) {
                for (const auto& mine : received) {
                    EXPECT_LE(mine.size(), sent.size()) << run.text();
                    for (std::size_t i = 0; i < mine.size(); ++i) EXPECT_EQ(mine[i], static_cast<int>(i)) << run.text();
                    if (!run.step) {
                        EXPECT_EQ(mine, sent);
                    }
                }
            })
            .run();
    }
}

GYRE_TEST(Watch, tells_of_changes_and_only_the_latest_value) {
    Watch<int> level(1, "level");
    auto watcher = level.subscribe();
    EXPECT_FALSE(watcher.has_changed());
    EXPECT_EQ(watcher.borrow(), 1);
    level.set(2);
    level.set(3);
    EXPECT_TRUE(watcher.has_changed());
    const bool told = co_await watcher.changed();
    EXPECT_TRUE(told);
    EXPECT_EQ(watcher.borrow(), 3);
    EXPECT_FALSE(watcher.has_changed()) << "two changes in between are one";
    level.update([](int& value) { value *= 2; });
    EXPECT_EQ(watcher.borrow_and_update(), 6);
    EXPECT_FALSE(watcher.has_changed());
    level.update([](int& value) { return value > 100; });
    EXPECT_FALSE(watcher.has_changed()) << "it said that nothing changed";
    const bool again = co_await move_on_after(1ms, [&]() -> Task<> { co_await watcher.changed(); });
    EXPECT_FALSE(again);
    EXPECT_EQ(level.statistics().waiting_watchers, 0U);
    EXPECT_EQ(level.statistics().change_count, 3U);
    EXPECT_EQ(level.name(), "level");
}

GYRE_TEST(Watch, wakes_every_watcher_in_order_and_ends_when_it_closes) {
    std::optional<Watch<int>> level(std::in_place, 0);
    Log log;
    const auto watch = [&log](Watcher<int> watcher, std::string name) -> Task<> {
        while (co_await watcher.changed()) log.push_back(name + std::to_string(watcher.borrow()));
        log.push_back(name + " ends");
    };
    auto a = spawn(watch(level->subscribe(), "a"));
    auto b = spawn(watch(level->subscribe(), "b"));
    co_await all_blocked();
    level->set(1);
    co_await all_blocked();
    level->set(2);
    level->set(3);
    level.reset();
    co_await gather(a, b);
    EXPECT_EQ(log, (Log{"a1", "b1", "a3", "a ends", "b3", "b ends"}));
}

GYRE_TEST(Watch, a_copied_watcher_looks_on_its_own) {
    Watch<int> level(0, "level");
    const auto one = level.subscribe();
    level.set(1);
    const auto two = one;
    EXPECT_EQ(one.borrow_and_update(), 1);
    EXPECT_TRUE(two.has_changed());
    level.close();
    const bool first = co_await two.changed();
    EXPECT_TRUE(first) << "what was not told yet";
    const bool second = co_await two.changed();
    EXPECT_FALSE(second);
    EXPECT_TRUE(two.is_closed());
    EXPECT_EQ(error_of([&] { level.set(2); }), "watch 'level': set: it is closed");
}

TEST(Watch, survives_cancellation_anywhere) {
    std::vector<std::vector<int>> told;
    CancelEverywhere([&]() -> Task<> {
        Watch<int> level(0);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto leaving = group.spawn([watcher = level.subscribe()]() -> Task<> { co_await watcher.changed(); });
            for (auto& mine : told) {
                group.spawn([&mine, watcher = level.subscribe()]() -> Task<> {
                    while (co_await watcher.changed()) mine.push_back(watcher.borrow());
                });
            }
            co_await yield_now();
            leaving.cancel();  // the longest waiter goes, and the others notice nothing
            for (int i = 1; i <= 3; ++i) {
                co_await yield_now();
                level.set(i);
            }
            co_await sleep(1ms);
            level.close();
        });
        EXPECT_EQ(level.statistics().waiting_watchers, 0U);
    })
        .before_each([&] { told.assign(2, {}); })
        .invariant([&](const CancelledRun& run) {
            for (const auto& mine : told) {
                int last = 0;
                for (const int value : mine) EXPECT_GT(value, std::exchange(last, value)) << run.text();
                if (!run.step) {
                    EXPECT_EQ(last, 3) << run.text();
                }
            }
        })
        .run();
}

}  // namespace gyre::testing

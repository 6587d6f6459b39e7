// shared_channel: the same ends for tasks of several loops and for plain threads.

#include "sync/items.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace gyre::testing {

namespace {

auto send_all(const SharedSender<int>& sender, int from, int count) -> Task<> {
    for (int i = from; i < from + count; ++i) co_await sender.send(i);
}

auto receive_all(const SharedReceiver<int>& receiver) -> Task<std::vector<int>> {
    std::vector<int> values;
    while (const auto item = co_await receiver.receive()) values.push_back(*item);
    co_return values;
}

/// What several loops and threads received, in any order.
class Received {
public:
    void add(const std::vector<int>& values) {
        const std::lock_guard lock(mutex_);
        all_.insert(all_.end(), values.begin(), values.end());
    }
    void expect_each_once(int count) {
        std::sort(all_.begin(), all_.end());
        ASSERT_EQ(all_.size(), static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) ASSERT_EQ(all_.at(static_cast<std::size_t>(i)), i);
    }

private:
    std::mutex mutex_;
    std::vector<int> all_;
};

}  // namespace

GYRE_TEST(SharedChannel, works_between_tasks_of_one_loop_too) {
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{1}, unbounded}) {
        auto ends = shared_channel<int>(capacity, "numbers");
        auto sending = spawn([out = std::move(ends.sender)]() -> Task<> { co_await send_all(out, 0, 50); });
        const auto values = co_await receive_all(ends.receiver);
        co_await sending.join();
        EXPECT_EQ(values.size(), 50U);
        EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
        EXPECT_EQ(ends.receiver.statistics().received_count, 50U);
        EXPECT_EQ(ends.receiver.name(), "numbers");
    }
}

GYRE_TEST(SharedChannel, waiters_have_their_turn_in_order_and_a_cancelled_one_takes_nothing) {
    auto [sender, receiver] = shared_channel<int>(1);
    auto leaving = spawn(receiver.receive());
    auto patient = spawn(receiver.receive());
    co_await yield_now();
    co_await yield_now();
    EXPECT_EQ(sender.statistics().waiting_receivers, 2U);
    leaving.cancel();
    co_await sender.send(1);
    const auto one = co_await patient.join();
    EXPECT_EQ(one, 1);
    EXPECT_TRUE(sender.try_send(2));
    EXPECT_FALSE(sender.try_send(3));
    const bool through = co_await move_on_after(1ms, sender.send(4));
    EXPECT_FALSE(through);
    EXPECT_EQ(receiver.try_receive(), 2);
    EXPECT_EQ(receiver.try_receive(), std::nullopt);
}

GYRE_TEST(SharedChannel, closes_as_channels_do) {
    auto [sender, receiver] = shared_channel<int>(0, "numbers");
    auto other = sender.clone();
    auto own = spawn([&]() -> Task<> { co_await sender.send(1); });
    co_await yield_now();
    co_await yield_now();
    sender.close();
    const auto outcome = co_await as_outcome(own.join());
    EXPECT_EQ(describe(outcome.error()), "shared channel 'numbers': send: this end of it was closed");
    auto blocked = spawn([&]() -> Task<> { co_await other.send(1); });
    co_await yield_now();
    co_await yield_now();
    receiver.close();
    const auto refused = co_await as_outcome(blocked.join());
    EXPECT_EQ(describe(refused.error()), "shared channel 'numbers': send: every receiver is closed");
    EXPECT_EQ(error_of([&] { other.try_send(1); }), "shared channel 'numbers': try_send: every receiver is closed");
    EXPECT_NE(error_of([&] { other.send_blocking(1); }).find("co_await instead"), std::string::npos);
}

class SharedChannelOnLoops : public OnLoops {};

TEST_P(SharedChannelOnLoops, a_thread_and_a_task_push_back_on_each_other) {
    auto there = shared_channel<std::unique_ptr<int>>(2);
    auto back = shared_channel<int>(0);
    std::thread thread([in = std::move(there.receiver), out = std::move(back.sender)] {
        while (const auto item = in.receive_blocking()) out.send_blocking(**item + 1);
    });
    run([&]() -> Task<> {
        for (int i = 0; i < 200; ++i) {
            co_await there.sender.send(std::make_unique<int>(i));
            const auto answer = co_await back.receiver.receive();
            EXPECT_EQ(answer, i + 1);
        }
        there.sender.close();
        const auto last = co_await back.receiver.receive();
        EXPECT_FALSE(last);
    });
    thread.join();
}

TEST_P(SharedChannelOnLoops, a_loop_that_ends_leaves_no_waiter_behind) {
    auto [sender, receiver] = shared_channel<int>(0);
    loop().allow_left_tasks();
    run([&]() -> Task<> {
        spawn(receiver.receive());
        co_await yield_now();
        co_await yield_now();
    });
    EXPECT_EQ(sender.statistics().waiting_receivers, 1U);
    loop().finish();
    EXPECT_EQ(sender.statistics().waiting_receivers, 0U);
    EXPECT_FALSE(sender.try_send(1));
}

TEST_P(SharedChannelOnLoops, a_dropped_sender_is_an_event_for_tasks_and_threads) {
    // One end that nobody sends on: its drop is told to whoever waits, wherever. curio calls it a UniversalEvent.
    auto ends = shared_channel<bool>(0);
    std::optional<SharedSender<bool>> event(std::move(ends.sender));
    std::atomic<int> woken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([in = ends.receiver.clone(), &woken] {
            EXPECT_FALSE(in.receive_blocking());
            ++woken;
        });
    }
    run([&]() -> Task<> {
        auto task = spawn([&]() -> Task<> {
            const auto nothing = co_await ends.receiver.receive();
            EXPECT_FALSE(nothing);
            ++woken;
        });
        while (ends.receiver.statistics().waiting_receivers < 4) co_await yield_now();
        EXPECT_EQ(woken, 0);
        event.reset();
        co_await task.join();
        const auto late = co_await ends.receiver.receive();
        EXPECT_FALSE(late) << "it stays so";
    });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(woken, 4);
}

GYRE_ON_LOOPS(SharedChannelOnLoops);

/// Loops and threads, each as a sender and as a receiver, over a small channel; some receivers are cancelled all the time.
TEST(SharedChannel, loses_nothing_between_many_loops_and_threads) {
    constexpr int each = 400;
    constexpr int senders = 4;
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{3}}) {
        auto ends = shared_channel<int>(capacity);
        Received received;
        std::vector<std::thread> threads;
        for (int i = 0; i < senders; ++i) {
            threads.emplace_back([out = ends.sender.clone(), from = i * each, in_loop = i % 2 == 0] {
                if (in_loop) {
                    EventLoop loop(RunOptions{.backend = kernel_backend()});
                    loop.run_until_complete(send_all(out, from, each));
                } else {
                    for (int n = from; n < from + each; ++n) out.send_blocking(n);
                }
            });
            threads.emplace_back([in = ends.receiver.clone(), &received, in_loop = i % 2 == 0] {
                std::vector<int> mine;
                if (in_loop) {
                    EventLoop loop(RunOptions{.backend = kernel_backend()});
                    loop.run_until_complete([&]() -> Task<> {
                        for (int n = 0;; ++n) {
                            const auto limit = n % 3 == 0 ? 0us : 20us;
                            auto item = co_await move_on_after(limit, in.receive());
                            if (!item) continue;
                            if (!*item) co_return;
                            mine.push_back(**item);
                        }
                    });
                } else {
                    while (const auto item = in.receive_blocking()) mine.push_back(*item);
                }
                received.add(mine);
            });
        }
        ends.sender.close();
        ends.receiver.close();
        for (std::thread& thread : threads) thread.join();
        received.expect_each_once(senders * each);
    }
}

TEST(SharedChannel, survives_cancellation_anywhere) {
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{2}}) {
        expect_channel_loses_nothing([capacity] { return shared_channel<Item>(capacity); },
            [](const SharedReceiver<Item>&) -> Task<> { co_await yield_now(); });
    }
}

}  // namespace gyre::testing

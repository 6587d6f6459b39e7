// channel: room, rendezvous, many ends, and closing.

#include "sync/items.hpp"

#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace gyre::testing {

namespace {

auto receive_into(const Receiver<int>& receiver, std::vector<int>& values) -> Task<> {
    while (const auto item = co_await receiver.receive()) values.push_back(*item);
}

auto send_all(Sender<int> sender, int from, int count) -> Task<> {
    for (int i = from; i < from + count; ++i) co_await sender.send(i);
}

}  // namespace

class ChannelOn : public OnLoops {};
GYRE_ON_LOOPS(ChannelOn);

TEST_P(ChannelOn, carries_items_whatever_its_capacity) {
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{3}, unbounded}) {
        std::vector<int> values;
        run([&]() -> Task<> {
            auto [sender, receiver] = channel<int>(capacity);
            co_await task_group([&](TaskGroup& group) -> Task<> {
                auto leaving = group.spawn([in = receiver.clone()]() -> Task<> { co_await in.receive(); });
                leaving.cancel();
                for (int i = 0; i < 3; ++i) group.spawn(send_all(sender.clone(), i * 10 + 1, 10));
                sender.close();
                const auto late = co_await move_on_after(1ms, sleep(10ms));
                EXPECT_FALSE(late);
                co_await receive_into(receiver, values);
            });
        });
        EXPECT_EQ(values.size(), 30U);
        EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0), 465);
    }
}

GYRE_TEST(Channel, carries_items_in_order_and_ends_when_the_sender_is_dropped) {
    auto [sender, receiver] = channel<int>(2, "numbers");
    std::vector<int> values;
    EXPECT_EQ(sender.name(), "numbers");
    auto sending = spawn(send_all(std::move(sender), 1, 100));
    co_await receive_into(receiver, values);
    co_await sending.join();
    EXPECT_EQ(values.size(), 100U);
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0), 5050);
    EXPECT_TRUE(receiver.at_end());
    EXPECT_LE(receiver.statistics().peak_buffered, 2U);
}

GYRE_TEST(Channel, send_waits_while_it_is_full) {
    auto [sender, receiver] = channel<int>(1);
    co_await sender.send(1);
    EXPECT_FALSE(sender.try_send(2));
    const bool through = co_await move_on_after(1ms, sender.send(2));
    EXPECT_FALSE(through);
    EXPECT_EQ(receiver.try_receive(), 1);
    EXPECT_EQ(receiver.try_receive(), std::nullopt) << "a send that is cancelled has not sent";
    EXPECT_TRUE(sender.try_send(3));
    EXPECT_EQ(receiver.statistics().buffered, 1U);
}

GYRE_TEST(Channel, at_capacity_0_a_send_waits_for_its_receiver) {
    auto [sender, receiver] = channel<int>(0);
    bool sent = false;
    auto sending = spawn([&]() -> Task<> {
        co_await sender.send(1);
        sent = true;
    });
    co_await all_blocked();
    EXPECT_FALSE(sent);
    EXPECT_EQ(receiver.statistics().waiting_senders, 1U);
    EXPECT_FALSE(sender.try_send(2)) << "nobody overtakes";
    const auto item = co_await receiver.receive();
    EXPECT_EQ(item, 1);
    co_await sending.join();
    EXPECT_FALSE(sender.try_send(2)) << "nobody receives";
    std::vector<int> values;
    auto receiving = spawn(receive_into(receiver, values));
    co_await all_blocked();
    EXPECT_TRUE(sender.try_send(2));
    sender.close();
    co_await receiving.join();
    EXPECT_EQ(values, std::vector{2});
    EXPECT_EQ(receiver.statistics().peak_buffered, 0U);
}

GYRE_TEST(Channel, the_last_clone_ends_the_other_side) {
    auto [sender, receiver] = channel<int>(4);
    std::optional<Sender<int>> clone(sender.clone());
    EXPECT_EQ(sender.statistics().open_senders, 2U);
    sender.close();
    sender.close();
    EXPECT_TRUE(sender.is_closed());
    EXPECT_FALSE(receiver.at_end());
    co_await clone->send(1);
    clone.reset();
    const auto last = co_await receiver.receive();
    EXPECT_EQ(last, 1);
    const auto nothing = co_await receiver.receive();
    EXPECT_FALSE(nothing);

    auto [out, in] = channel<int>(4, "numbers");
    auto other = in.clone();
    in.close();
    co_await out.send(1);
    other.close();
    EXPECT_EQ(out.statistics().buffered, 0U) << "what nobody can receive is dropped";
    const auto outcome = co_await as_outcome(send_all(std::move(out), 1, 1));
    EXPECT_TRUE(failed_with<ChannelClosed>(outcome));
    EXPECT_EQ(describe(outcome.error()), "channel 'numbers': send: every receiver is closed");
}

GYRE_TEST(Channel, closing_ends_those_who_wait_at_the_other_side) {
    auto [sender, receiver] = channel<int>(0);
    std::vector<int> values;
    auto receiving = spawn(receive_into(receiver, values));
    co_await all_blocked();
    sender.close();
    co_await receiving.join();
    EXPECT_TRUE(values.empty());

    auto [out, in] = channel<int>(0);
    auto sending = spawn(send_all(std::move(out), 1, 1));
    co_await all_blocked();
    in.close();
    const auto outcome = co_await as_outcome(sending.join());
    EXPECT_TRUE(failed_with<ChannelClosed>(outcome));
}

GYRE_TEST(Channel, closing_an_end_ends_those_who_wait_on_it_and_no_others) {
    auto [sender, receiver] = channel<int>(0, "numbers");
    auto other_sender = sender.clone();
    auto own = spawn([&]() -> Task<> { co_await sender.send(1); });
    auto other = spawn([&]() -> Task<> { co_await other_sender.send(2); });
    co_await all_blocked();
    sender.close();
    const auto outcome = co_await as_outcome(own.join());
    EXPECT_TRUE(failed_with<ChannelClosed>(outcome));
    EXPECT_EQ(describe(outcome.error()), "channel 'numbers': send: this end of it was closed");
    const auto two = co_await receiver.receive();
    EXPECT_EQ(two, 2);
    co_await other.join();

    auto other_receiver = receiver.clone();
    std::vector<int> values;
    auto waiting = spawn([&]() -> Task<> { co_await receiver.receive(); });
    auto staying = spawn(receive_into(other_receiver, values));
    co_await all_blocked();
    receiver.close();
    const auto received = co_await as_outcome(waiting.join());
    EXPECT_TRUE(failed_with<ChannelClosed>(received));
    EXPECT_EQ(describe(received.error()), "channel 'numbers': receive: this end of it was closed");
    co_await other_sender.send(3);
    other_sender.close();
    co_await staying.join();
    EXPECT_EQ(values, std::vector{3});
}

GYRE_TEST(Channel, a_closed_end_says_so) {
    auto [sender, receiver] = channel<int>(1, "numbers");
    sender.close();
    receiver.close();
    EXPECT_EQ(error_of([&] { sender.try_send(1); }), "channel 'numbers': try_send: this end of it was closed");
    EXPECT_EQ(
        error_of([&] { static_cast<void>(sender.send(1)); }), "channel 'numbers': send: this end of it was closed");
    EXPECT_EQ(
        error_of([&] { static_cast<void>(sender.clone()); }), "channel 'numbers': clone: this end of it was closed");
    EXPECT_EQ(error_of([&] { static_cast<void>(receiver.try_receive()); }),
        "channel 'numbers': try_receive: this end of it was closed");
    co_return;
}

GYRE_TEST(Channel, many_senders_and_receivers_share_it) {
    auto [sender, receiver] = channel<int>(3);
    std::vector<std::vector<int>> values(3);
    co_await task_group([&](TaskGroup& group) {
        for (int i = 0; i < 4; ++i) group.spawn(send_all(sender.clone(), i * 100, 100));
        for (auto& mine : values) {
            group.spawn([&mine, in = receiver.clone()]() -> Task<> { co_await receive_into(in, mine); });
        }
        sender.close();
    });
    std::vector<int> all;
    for (const auto& some : values) {
        EXPECT_FALSE(some.empty());
        all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    for (int i = 0; i < 400; ++i) EXPECT_EQ(all.at(static_cast<std::size_t>(i)), i);
    const auto figures = receiver.statistics();
    EXPECT_EQ(figures.sent_count, 400U);
    EXPECT_EQ(figures.received_count, 400U);
    EXPECT_EQ(figures.open_senders, 0U);
    EXPECT_EQ(figures.open_receivers, 1U);
}

GYRE_TEST(Channel, a_wait_keeps_the_channel_when_its_end_is_dropped) {
    std::optional<ChannelEnds<int>> ends(channel<int>(0));
    auto waiting = spawn(ends->receiver.receive());
    co_await all_blocked();
    ends.reset();
    const auto outcome = co_await as_outcome(waiting.join());
    EXPECT_TRUE(failed_with<ChannelClosed>(outcome));
}

GYRE_TEST(Channel, a_moved_end_is_the_same_end) {
    auto [sender, receiver] = channel<int>(1);
    Sender<int> moved(std::move(sender));
    auto [other_sender, other_receiver] = channel<int>(1);
    other_sender = std::move(moved);
    co_await other_sender.send(5);
    EXPECT_EQ(receiver.try_receive(), 5);
    EXPECT_EQ(receiver.statistics().open_senders, 1U);
}

GYRE_TEST(Channel, send_from_leaves_the_item_to_a_cancelled_sender) {
    auto [sender, receiver] = channel<std::unique_ptr<int>>(0);
    auto item = std::make_unique<int>(1);
    const bool through = co_await move_on_after(1ms, sender.send_from(item));
    EXPECT_FALSE(through);
    EXPECT_TRUE(item != nullptr);
    auto receiving = spawn(receiver.receive());
    co_await sender.send_from(item);
    const auto got = co_await receiving.join();
    EXPECT_EQ(**got, 1);
    EXPECT_EQ(item, nullptr);
}

TEST(Channel, survives_cancellation_anywhere) {
    for (const std::size_t capacity : {std::size_t{0}, std::size_t{2}}) {
        expect_channel_loses_nothing([capacity] { return channel<Item>(capacity); },
            [](const Receiver<Item>& receiver) -> Task<> {
                if (auto item = co_await move_on_after(1ms, receiver.receive())) {
                    if (*item) (*item)->receive();
                }
            });
    }
}

}  // namespace gyre::testing

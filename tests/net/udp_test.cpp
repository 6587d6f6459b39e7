#include <gyre/net/udp.hpp>

#include "connected.hpp"
#include "support/loops.hpp"

namespace gyre::testing {
namespace {

using Udp = OnLoops;
GYRE_ON_LOOPS(Udp);

TEST_P(Udp, datagrams_arrive_whole_and_with_their_sender) {
    run([]() -> Task<> {
        auto left = co_await net::UdpSocket::bind("127.0.0.1", 0);
        auto right = co_await net::UdpSocket::bind("localhost", 0);
        const auto to = right.local_address();
        co_await left.send_to("one", to);
        co_await left.send_to("", to);
        co_await left.send_to("three", to);
        for (const auto* expected : {"one", "", "three"}) {
            const auto packet = co_await right.receive();
            EXPECT_EQ(packet.data, expected);
            EXPECT_EQ(packet.sender, left.local_address());
            EXPECT_FALSE(packet.truncated);
        }
    });
}

TEST_P(Udp, what_is_longer_than_the_limit_is_cut_and_says_so) {
    run([]() -> Task<> {
        auto left = co_await net::UdpSocket::bind("127.0.0.1", 0);
        auto right = co_await net::UdpSocket::bind("127.0.0.1", 0);
        co_await left.send_to("12345", right.local_address());
        const auto packet = co_await right.receive(3);
        EXPECT_EQ(packet.data, "123");
        EXPECT_TRUE(packet.truncated);
    });
}

TEST_P(Udp, a_cancelled_receive_loses_no_datagram) {
    run([]() -> Task<> {
        auto left = co_await net::UdpSocket::bind("127.0.0.1", 0);
        auto right = co_await net::UdpSocket::bind("127.0.0.1", 0);
        for (int i = 0; i < 30; ++i) {
            auto receiving = spawn(right.receive());
            if (i % 2 == 0) co_await all_blocked();
            co_await left.send_to(std::to_string(i), right.local_address());
            if (i % 3 == 0) co_await all_blocked();
            receiving.cancel();
            auto outcome = co_await as_outcome(receiving.join());
            if (outcome.has_value()) {
                EXPECT_EQ(outcome.value().data, std::to_string(i));
                continue;
            }
            const auto packet = co_await right.receive();
            EXPECT_EQ(packet.data, std::to_string(i));
        }
    });
}

TEST_P(Udp, errors_name_the_address) {
    run([]() -> Task<> {
        auto left = co_await net::UdpSocket::bind("127.0.0.1", 0);
        const auto taken = left.local_address();
        const auto text = co_await failure_of(net::UdpSocket::bind("127.0.0.1", taken.port()));
        EXPECT_EQ(text, "bind " + taken.text() + ": Address already in use");
        const std::string huge(70'000, 'x');
        const auto too_long = co_await failure_of(left.send_to(huge, taken));
        EXPECT_EQ(too_long, "send " + taken.text() + ": Message too long");
        left.close();
        left.close();
        const auto closed = co_await failure_of(left.receive());
        EXPECT_EQ(closed, "receive " + taken.text() + ": closed on this side");
    });
}

auto exchanges_datagrams() -> Task<> {
    auto left = co_await net::UdpSocket::bind("127.0.0.1", 0);
    auto right = co_await net::UdpSocket::bind("127.0.0.1", 0);
    const auto peer = right.local_address();
    auto receiving = right.receive();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(left.send_to("x", peer));
        const auto packet = co_await std::move(receiving);
        EXPECT_EQ(packet.data, "x");
    });
}

TEST(UdpLifetime, survives_cancellation_anywhere) { CancelEverywhere(exchanges_datagrams).run(); }

}  // namespace
}  // namespace gyre::testing

// WebSockets over sockets, on the kernel's backends and in the simulated world, whole and in crumbs.

#include "pair.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

#include <gtest/gtest.h>

namespace gyre::http::testing {
namespace {

using gyre::testing::OnLoops;
using gyre::testing::TestLoop;

/// Both ends of a TCP connection.
auto connected_pair(WebSocketOptions options, WebSocketParameters parameters) -> Task<Pair> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    auto left = co_await net::connect("127.0.0.1", listener.local_address().port());
    auto right = co_await listener.accept();
    co_return Pair(options, parameters, {std::move(left), std::move(right)});
}

auto sample(std::size_t size) -> std::string {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + " ";
    text.resize(size);
    return text;
}

/// Several senders, one of them in pieces, and everything comes back whole and in order.
auto exchange(bool compressed) -> Task<> {
    WebSocketDeflate deflate{.server_window_bits = 9, .client_window_bits = 15, .client_no_context_takeover = true};
    auto parameters = compressed ? with_deflate(deflate) : WebSocketParameters();
    auto pair = co_await connected_pair({}, std::move(parameters));
    const std::size_t sizes[] = {0, 1, 125, 126, 5000, 65'535, 65'536, 200'000, 3};
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(echo(pair.server));
        group.spawn([&]() -> Task<> {
            for (const std::size_t size : sizes) co_await pair.client.send(sample(size));
            auto pieces = co_await pair.client.start_binary();
            for (int i = 0; i < 10; ++i) co_await pieces.write(sample(1000));
            co_await pieces.finish();
        });
        for (const std::size_t size : sizes) {
            auto message = co_await pair.client.receive();
            EXPECT_TRUE(message && message->is_text() && message->text() == sample(size)) << size;
        }
        auto binary = co_await pair.client.receive();
        EXPECT_EQ(binary->size(), 10'000U);
        EXPECT_FALSE(binary->is_text());
        co_await pair.client.close(4000, "done");
    });
    EXPECT_EQ(pair.client.close_code(), 4000);
    EXPECT_EQ(pair.server.close_code(), 4000);
    EXPECT_EQ(pair.server.statistics().messages_received, 10U);
    EXPECT_EQ(pair.client.statistics().messages_sent, 10U);
}

class WebSocketOnLoops : public OnLoops {};

TEST_P(WebSocketOnLoops, messages_of_all_sizes_come_back) { run(exchange(false)); }

TEST_P(WebSocketOnLoops, compressed_messages_of_all_sizes_come_back) { run(exchange(true)); }

TEST_P(WebSocketOnLoops, both_sides_flood_each_other_while_both_receive) {
    run([]() -> Task<> {
        auto pair = co_await connected_pair({.send_queue_bytes = 50'000}, {});
        const auto flood = [](WebSocket& socket) -> Task<> {
            for (int i = 0; i < 200; ++i) co_await socket.send(std::string(20'000, 'f'));
        };
        const auto drain = [](WebSocket& socket) -> Task<> {
            for (int i = 0; i < 200; ++i) {
                auto message = co_await socket.receive();
                EXPECT_EQ(message->size(), 20'000U);
                EXPECT_LE(socket.statistics().queued_bytes, 50'000U + 20U);
            }
        };
        co_await gather(flood(pair.client), flood(pair.server), drain(pair.client), drain(pair.server));
        co_await gather(pair.client.close(), pair.server.close());
    });
}

TEST_P(WebSocketOnLoops, a_peer_that_vanishes_is_noticed_by_sender_and_receiver) {
    run([]() -> Task<> {
        auto pair = co_await connected_pair({}, {});
        pair.client.abort();
        bool is_lost = false;
        try {
            co_await pair.server.receive();
        } catch (const WebSocketClosedError& error) {
            is_lost = error.code() == close_code::lost;
        }
        EXPECT_TRUE(is_lost);
        bool is_refused = false;
        try {
            co_await pair.server.send("nobody");
        } catch (const WebSocketClosedError&) {
            is_refused = true;
        }
        EXPECT_TRUE(is_refused);
    });
}

TEST_P(WebSocketOnLoops, the_server_closes_the_connection_first) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto raw = co_await net::connect("127.0.0.1", listener.local_address().port());
        auto stream = co_await listener.accept();
        WebSocket server(std::move(stream), WebSocketRole::server);
        const auto close_frame = frame({0x88}, "\x03\xe8");
        co_await raw.write(close_frame);
        auto nothing = co_await server.receive();
        EXPECT_FALSE(nothing);
        auto answer = co_await raw.read_all();  // and the end, though this side has not ended
        EXPECT_EQ(answer, frame({0x88, false}, "\x03\xe8"));
        EXPECT_EQ(server.close_code(), 1000);
    });
}

GYRE_ON_LOOPS(WebSocketOnLoops);

TEST(WebSocketInCrumbs, everything_comes_back_when_each_transfer_moves_a_few_bytes) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        for (const bool compressed : {false, true}) {
            EventLoop loop(backend::make_sim_backend({.seed = seed, .longest_transfer = 700}));
            loop.run_until_complete(exchange(compressed));
        }
    }
}

}  // namespace
}  // namespace gyre::http::testing

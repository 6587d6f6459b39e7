// A WebSocket at both ends: messages, order, closing, cancelling.

#include "pair.hpp"
#include "support/deep_transport.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gyre::http::testing {
namespace {

using gyre::testing::CancelEverywhere;

GYRE_TEST(WebSocket, messages_go_both_ways_and_closing_ends_the_loop) {
    Pair pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(echo(pair.server));
        co_await pair.client.send("hello");
        co_await pair.client.send_binary(std::string("\0\xff", 2));
        auto text = co_await pair.client.receive();
        auto bytes = co_await pair.client.receive();
        EXPECT_TRUE(text->is_text());
        EXPECT_EQ(text->text(), "hello");
        EXPECT_FALSE(bytes->is_text());
        EXPECT_EQ(bytes->size(), 2U);
        EXPECT_THROW(static_cast<void>(bytes->text()), InvalidStateError);
        co_await pair.client.close(3000, "enough");
    });
    EXPECT_EQ(pair.server.close_code(), 3000);
    EXPECT_EQ(pair.server.close_reason(), "enough");
    EXPECT_EQ(pair.client.close_code(), 3000);  // echoed
    EXPECT_FALSE(pair.client.is_open());
    auto after = co_await pair.client.receive();
    EXPECT_FALSE(after);
}

GYRE_TEST(WebSocket, the_server_closes_and_both_know_why) {
    Pair pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(pair.server.close(close_code::going_away, "stop"));
        auto message = co_await pair.client.receive();
        EXPECT_FALSE(message);
    });
    EXPECT_EQ(pair.client.close_code(), close_code::going_away);
    EXPECT_EQ(pair.client.close_reason(), "stop");
    EXPECT_EQ(pair.server.close_code(), close_code::going_away);
    std::string error;
    try {
        co_await pair.client.send("late");
    } catch (const WebSocketClosedError& closed) {
        error = closed.what();
        EXPECT_EQ(closed.code(), close_code::going_away);
    }
    EXPECT_NE(error, "");
}

GYRE_TEST(WebSocket, closing_while_another_task_receives_and_while_both_close) {
    Pair pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            auto message = co_await pair.server.receive();
            EXPECT_FALSE(message);
        });
        co_await yield_now();
        group.spawn(pair.server.close(1001));
        group.spawn(pair.client.close(1000));
        group.spawn(pair.client.close(1000));
    });
    EXPECT_EQ(pair.server.close_code(), 1000);
    EXPECT_EQ(pair.client.close_code(), 1001);
}

GYRE_TEST(WebSocket, a_peer_that_does_not_answer_the_close_frame_is_dropped) {
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.close_timeout = 3s});
    const auto start = this_loop().now();
    co_await socket.close();
    EXPECT_EQ(this_loop().now() - start, Duration(3s));
    EXPECT_EQ(socket.close_code(), close_code::lost);
    auto said = co_await right.read_all();
    EXPECT_EQ(said, frame({0x88, false}, "\x03\xe8"));
}

GYRE_TEST(WebSocket, a_close_frame_may_be_answered_within_the_time_for_it) {
    EXPECT_EQ(Duration(WebSocketOptions().close_timeout), Duration(10s));
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server);
    const auto answer_late = [&peer = right]() -> Task<> {
        static_cast<void>(co_await peer.read_exactly(4));
        co_await sleep(9'900ms);
        const auto answer = frame({0x88}, "\x03\xe8");
        co_await peer.write(answer);
        static_cast<void>(co_await peer.read_all());
        co_await peer.close();
    };
    co_await gather(socket.close(), answer_late());
    EXPECT_EQ(socket.close_code(), 1000);
}

GYRE_TEST(WebSocket, a_connection_that_ends_without_a_close_frame_was_lost) {
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server);
    const auto hi = frame({}, "hi");
    co_await right.write(hi);
    co_await right.shutdown_write();
    auto message = co_await socket.receive();
    EXPECT_EQ(message->text(), "hi");
    for (int again = 0; again < 2; ++again) {
        try {
            co_await socket.receive();
            ADD_FAILURE();
        } catch (const WebSocketClosedError& error) {
            EXPECT_EQ(error.code(), close_code::lost);
            EXPECT_NE(std::string(error.what()).find("ended without a close frame"), std::string::npos);
        }
    }
    EXPECT_EQ(socket.close_code(), close_code::lost);
}

GYRE_TEST(WebSocket, a_peer_that_breaks_a_rule_is_told_and_the_receiver_too) {
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server);
    const auto bad = frame({0x81, false}, "not masked");
    co_await right.write(bad);
    std::optional<WebSocketError> error;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            try {
                co_await socket.receive();
            } catch (const WebSocketError& caught) {
                error = caught;
            }
        });
        auto said = co_await right.read_all();
        EXPECT_TRUE(said.starts_with("\x88")) << said;
        EXPECT_EQ(said.substr(2, 2), "\x03\xea");
        EXPECT_NE(said.find("not masked"), std::string::npos);
        co_await right.close();
    });
    EXPECT_EQ(error->rule(), WebSocketRule::unmasked_from_client);
    EXPECT_EQ(socket.close_code(), 1002);
}

GYRE_TEST(WebSocket, pings_are_answered_and_sent_when_it_is_quiet) {
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.ping_interval = 5s, .pong_timeout = 2s});
    const auto start = this_loop().now();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            try {
                co_await socket.receive();
            } catch (const WebSocketClosedError& lost) {
                EXPECT_NE(std::string(lost.what()).find("does not answer a ping"), std::string::npos);
            }
        });
        const auto ping_bytes = frame({0x89}, "one");
        co_await right.write(ping_bytes);
        auto pong = co_await right.read_exactly(5);
        EXPECT_EQ(pong, frame({0x8a, false}, "one"));
        auto ping = co_await right.read_exactly(2);
        EXPECT_EQ(ping, frame({0x89, false}, ""));
        EXPECT_EQ(this_loop().now() - start, Duration(5s));
        const auto pong_bytes = frame({0x8a}, "");
        co_await right.write(pong_bytes);
        ping = co_await right.read_exactly(2);
        EXPECT_EQ(this_loop().now() - start, Duration(10s));
    });
    EXPECT_EQ(this_loop().now() - start, Duration(12s));
    EXPECT_EQ(socket.close_code(), close_code::lost);
}

GYRE_TEST(WebSocket, a_receive_that_is_cut_short_again_and_again_does_not_put_off_a_ping) {
    auto [left, right] = memory_streams();
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.ping_interval = 20s, .pong_timeout = 10s});
    const auto start = this_loop().now();
    const auto poll = [&](int times) -> Task<void> {
        for (int i = 0; i < times; ++i) {
            auto receiving = socket.receive();
            co_await move_on_after(6s, std::move(receiving));
        }
    };
    const auto hear_ping = [&, &peer = right]() -> Task<void> {
        const auto ping = co_await peer.read_exactly(2);
        EXPECT_EQ(ping, frame({0x89, false}, ""));
    };
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(poll(5));
        co_await hear_ping();
        EXPECT_EQ(this_loop().now() - start, Duration(20s));
        const auto pong = frame({0x8a}, "");
        co_await right.write(pong);
    });
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(hear_ping());
        const auto lost = co_await as_outcome(poll(20));
        EXPECT_TRUE(gyre::testing::failed_with<WebSocketClosedError>(lost));
        EXPECT_EQ(this_loop().now() - start, Duration(20s + 20s + 10s)) << "nor the end of one who does not answer";
    });
}

GYRE_TEST(WebSocket, a_pong_that_came_while_nobody_was_receiving_counts) {
    for (const bool answers : {true, false}) {
        auto [left, right] = memory_streams();
        WebSocket socket(std::move(left), WebSocketRole::server, {}, {.ping_interval = 20s, .pong_timeout = 10s});
        auto first = socket.receive();
        co_await move_on_after(21s, std::move(first));
        const auto ping = co_await right.read_exactly(2);
        EXPECT_EQ(ping, frame({0x89, false}, ""));
        const auto pong = frame({0x8a}, "");
        if (answers) co_await right.write(pong);
        co_await sleep(25s);  // a handler with much to do
        const auto second = co_await as_outcome(move_on_after(15s, socket.receive()));
        EXPECT_EQ(socket.is_open(), answers);
        EXPECT_EQ(gyre::testing::failed_with<WebSocketClosedError>(second), !answers);
    }
}

GYRE_TEST(WebSocket, a_flood_of_pings_that_are_not_read_takes_little_memory) {
    auto [left, right] = memory_streams({.capacity = 16}, {.capacity = 1 << 20});
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.ping_interval = 0s});
    std::string flood;
    for (int i = 0; i < 5000; ++i) flood += frame({0x89}, "0123456789");
    flood += frame({}, "end");
    co_await right.write(flood);
    auto message = co_await socket.receive();
    EXPECT_EQ(message->text(), "end");
    EXPECT_LT(socket.statistics().queued_bytes, 10'000U);
}

GYRE_TEST(WebSocket, a_full_queue_makes_send_wait_or_drop_or_close) {
    constexpr WebSocketOverflow ways[] = {WebSocketOverflow::wait, WebSocketOverflow::drop, WebSocketOverflow::close};
    for (const auto way : ways) {
        auto [left, right] = memory_streams({.capacity = 16}, {.capacity = 16});
        WebSocket socket(std::move(left), WebSocketRole::server, {},
            {.send_queue_bytes = 1002, .overflow = way, .send_timeout = 30s});
        co_await socket.send(std::string(496, 'a'));  // 500 bytes with its header
        co_await socket.send(std::string(502, 'b'));  // just fits
        EXPECT_EQ(socket.statistics().queued_bytes, 1006U);
        std::string error;
        bool sent = false;
        try {
            sent = co_await move_on_after(1s, socket.send("c"));
        } catch (const WebSocketClosedError& closed) {
            error = closed.what();
        }
        EXPECT_EQ(sent, way == WebSocketOverflow::drop);
        EXPECT_EQ(error.empty(), way != WebSocketOverflow::close) << error;
        EXPECT_EQ(socket.statistics().messages_dropped, way == WebSocketOverflow::drop ? 1U : 0U);
        if (way != WebSocketOverflow::wait) continue;
        EXPECT_EQ(socket.statistics().queued_bytes, 1006U);  // the cancelled one is not in it
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(socket.send("c"));
            auto all = co_await right.read_exactly(1006 + 3);
            EXPECT_EQ(all.substr(1006), frame({0x81, false}, "c"));
        });
    }
}

GYRE_TEST(WebSocket, a_peer_that_reads_slowly_is_not_lost_while_bytes_arrive) {
    for (const bool tells : {true, false}) {
        auto stream = gyre::testing::deep_stream(10'000, tells);  // a third of what the kernel holds takes it 100 s
        WebSocket socket(std::move(stream), WebSocketRole::server, {});
        std::size_t sent = 0;
        try {
            for (; sent < 2 * gyre::testing::megabytes; sent += 50'000) co_await socket.send(std::string(50'000, 'a'));
        } catch (const WebSocketClosedError&) {}
        EXPECT_EQ(socket.is_open(), tells);
        EXPECT_EQ(sent == 2 * gyre::testing::megabytes, tells);
    }
}

GYRE_TEST(WebSocket, a_ping_behind_what_a_slow_reader_takes_has_time) {
    for (const std::uint64_t bytes_per_second : {std::uint64_t{10'000}, std::uint64_t{0}}) {
        auto stream = gyre::testing::deep_stream(bytes_per_second);
        WebSocket socket(std::move(stream), WebSocketRole::server, {}, {.send_timeout = 1h});
        const auto start = this_loop().now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto sending = group.spawn([&]() -> Task<> {
                try {
                    while (true) co_await socket.send(std::string(50'000, 'a'));
                } catch (const WebSocketClosedError&) {}
            });
            auto receiving = socket.receive();
            const auto outcome = co_await as_outcome(move_on_after(5min, std::move(receiving)));
            EXPECT_EQ(gyre::testing::failed_with<WebSocketClosedError>(outcome), bytes_per_second == 0);
            sending.cancel();
        });
        const auto took = bytes_per_second == 0 ? Duration(40s) : Duration(5min);
        EXPECT_EQ(this_loop().now() - start, took);
    }
}

GYRE_TEST(WebSocket, a_ping_behind_what_only_the_kernel_holds_has_time) {
    for (const std::size_t before : {std::size_t{0}, std::size_t{1'000'000}}) {
        WebSocket socket(gyre::testing::deep_stream(10'000), WebSocketRole::server, {});
        const auto start = this_loop().now();
        if (before > 0) co_await socket.send(std::string(before, 'a'));  // takes the peer 100 s
        auto receiving = socket.receive();
        const auto outcome = co_await as_outcome(std::move(receiving));
        EXPECT_TRUE(gyre::testing::failed_with<WebSocketClosedError>(outcome));
        const auto took = this_loop().now() - start;
        EXPECT_EQ(took, before == 0 ? Duration(40s) : Duration(140s)) << "two patiences after the last byte arrived";
    }
}

GYRE_TEST(WebSocket, a_peer_may_read_within_the_time_for_it) {
    EXPECT_EQ(Duration(WebSocketOptions().send_timeout), Duration(30s));
    auto [left, right] = memory_streams({.capacity = 16}, {.capacity = 16});
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.ping_interval = 0s});
    co_await socket.send(std::string(1000, 'a'));
    co_await sleep(29'900ms);
    const auto said = co_await right.read_exactly(1004);
    EXPECT_EQ(said.substr(4), std::string(1000, 'a'));
    co_await sleep(1s);
    EXPECT_TRUE(socket.is_open());
}

GYRE_TEST(WebSocket, a_peer_that_does_not_read_is_lost) {
    auto [left, right] = memory_streams({.capacity = 16}, {.capacity = 16});
    WebSocket socket(std::move(left), WebSocketRole::server, {}, {.send_timeout = 4s});
    const auto start = this_loop().now();
    co_await socket.send(std::string(1000, 'a'));
    std::string error;
    try {
        co_await socket.receive();
    } catch (const WebSocketClosedError& lost) {
        error = lost.what();
    }
    EXPECT_NE(error.find("does not take"), std::string::npos) << error;
    EXPECT_EQ(this_loop().now() - start, Duration(4s));
}

GYRE_TEST(WebSocket, a_write_that_fails_takes_nothing_away_of_what_has_come) {
    auto [left, right] = memory_streams({.refuse_after = 0}, {});
    WebSocket socket(std::move(left), WebSocketRole::server);
    const auto said = frame({}, "one") + frame({0x89}, "ping") + frame({}, "two") + frame({0x88}, "\x03\xe9see you");
    co_await right.write(said);
    co_await socket.send("nobody reads this");
    co_await sleep(1ms);
    EXPECT_FALSE(socket.is_open());
    std::string refusal;
    try {
        co_await socket.send("nor this");
    } catch (const WebSocketClosedError& closed) {
        refusal = closed.what();
        EXPECT_EQ(closed.code(), close_code::lost);
    }
    EXPECT_NE(refusal.find("lost: write memory"), std::string::npos) << refusal;
    auto one = co_await socket.receive();
    EXPECT_EQ(one->text(), "one");
    auto two = co_await socket.receive();
    EXPECT_EQ(two->text(), "two");
    auto end = co_await socket.receive();
    EXPECT_FALSE(end);
    EXPECT_EQ(socket.close_code(), 1001);
    EXPECT_EQ(socket.close_reason(), "see you");
}

GYRE_TEST(WebSocket, a_write_that_fails_loses_the_connection_when_no_more_comes) {
    for (const bool ends : {true, false}) {
        auto [left, right] = memory_streams({.refuse_after = 0}, {});
        WebSocket socket(std::move(left), WebSocketRole::server, {}, {.close_timeout = 3s});
        const auto start = this_loop().now();
        std::string error;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                try {
                    co_await socket.receive();
                } catch (const WebSocketClosedError& lost) {
                    error = lost.what();
                }
            });
            co_await yield_now();
            co_await socket.send("nobody reads this");
            if (ends) co_await right.shutdown_write();
        });
        EXPECT_NE(error.find("lost: write memory"), std::string::npos) << error;
        EXPECT_EQ(this_loop().now() - start, ends ? Duration(0s) : Duration(3s));
        EXPECT_EQ(socket.close_code(), close_code::lost);
        co_await socket.close();  // nothing is left to do
    }
}

GYRE_TEST(WebSocket, closing_when_a_write_has_failed_reads_what_the_peer_said_last) {
    auto [left, right] = memory_streams({.refuse_after = 0}, {});
    WebSocket socket(std::move(left), WebSocketRole::server);
    co_await socket.send("nobody reads this");
    co_await sleep(1ms);
    const auto said = frame({}, "one") + frame({0x88}, "\x03\xe9");
    co_await right.write(said);
    co_await socket.close();
    EXPECT_EQ(socket.close_code(), 1001);
}

GYRE_TEST(WebSocket, a_message_in_pieces_keeps_others_out_but_not_pings) {
    Pair pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto pieces = co_await pair.client.start_text();
        co_await pieces.write("gr\xc3");
        group.spawn(pair.client.send("second"));
        co_await yield_now();
        co_await pair.client.ping("now");
        co_await pieces.write("\xbc");
        co_await pieces.finish("n");
        auto first = co_await pair.server.receive();
        auto second = co_await pair.server.receive();
        EXPECT_EQ(first->text(), "gr\xc3\xbcn");
        EXPECT_EQ(second->text(), "second");
    });
}

GYRE_TEST(WebSocket, pieces_that_are_dropped_drop_the_connection) {
    Pair pair;
    { auto unused = co_await pair.client.start_text(); }
    co_await pair.client.send("fine");
    {
        auto pieces = co_await pair.client.start_text();
        co_await pieces.write("half");
    }
    EXPECT_FALSE(pair.client.is_open());
    EXPECT_EQ(pair.client.close_code(), close_code::lost);
}

GYRE_TEST(WebSocket, what_may_not_be_sent_is_refused_here) {
    Pair pair;
    const auto refused = [](Task<> send) -> Task<bool> {
        try {
            co_await std::move(send);
        } catch (const std::invalid_argument&) {
            co_return true;
        }
        co_return false;
    };
    const bool text = co_await refused(pair.client.send("\xff"));
    const bool ping = co_await refused(pair.client.ping(std::string(126, 'p')));
    const bool code = co_await refused(pair.client.close(1006));
    const bool reason = co_await refused(pair.client.close(1000, std::string(124, 'r')));
    const bool no_code = co_await refused(pair.client.close(close_code::none, "why"));
    EXPECT_TRUE(text && ping && code && reason && no_code);
    EXPECT_TRUE(pair.client.is_open());
    EXPECT_EQ(pair.client.statistics().queued_bytes, 0U);
}

GYRE_TEST(WebSocket, two_receivers_are_a_mistake) {
    Pair pair;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto waiting = group.spawn(pair.client.receive());
        co_await yield_now();
        bool refused = false;
        try {
            co_await pair.client.receive();
        } catch (const InvalidStateError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        waiting.cancel();
    });
}

GYRE_TEST(WebSocket, a_cancelled_receive_loses_nothing) {
    Pair pair;
    const bool early = (co_await move_on_after(1s, pair.client.receive())).has_value();
    EXPECT_FALSE(early);
    co_await pair.server.send("still here");
    auto message = co_await pair.client.receive();
    EXPECT_EQ(message->text(), "still here");
}

GYRE_TEST(WebSocket, others_have_their_turns_while_a_message_is_unpacked) {
    Pair pair({}, with_deflate());
    co_await pair.server.send(std::string(1'000'000, 'x'));
    co_await sleep(1s);  // all of it has come
    bool is_over = false;
    int turns = 0;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([](bool& over, int& count) -> Task<> {
            while (!over) {
                ++count;
                co_await yield_now();
            }
        }(is_over, turns));
        auto message = co_await pair.client.receive();
        is_over = true;
        EXPECT_EQ(message->size(), 1'000'000U);
        EXPECT_GE(turns, 20);
    });
}

GYRE_TEST(WebSocket, can_be_moved_while_it_is_quiet) {
    Pair pair;
    co_await pair.client.send("before");
    WebSocket moved = std::move(pair.client);
    auto message = co_await pair.server.receive();
    EXPECT_EQ(message->text(), "before");
    EXPECT_THROW(static_cast<void>(pair.client.send("x")), InvalidStateError);
    co_await moved.send("after");
    message = co_await pair.server.receive();
    EXPECT_EQ(message->text(), "after");
}

/// What the cancelled runs do: both ends talk, in pieces and whole, and close.
auto talk(bool compressed) -> Task<> {
    Pair pair({.ping_interval = 1s}, compressed ? with_deflate() : WebSocketParameters(), {.longest_transfer = 7});
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(echo(pair.server));
        co_await pair.client.send(std::string(200, 'x'));
        auto pieces = co_await pair.client.start_text();
        co_await pieces.write("one ");
        co_await pieces.finish("two");
        auto first = co_await pair.client.receive();
        auto second = co_await pair.client.receive();
        EXPECT_EQ(first->size(), 200U);
        EXPECT_EQ(second->text(), "one two");
        co_await pair.client.close();
    });
}

TEST(WebSocket, survives_cancellation_anywhere) {
    CancelEverywhere([] { return talk(false); }).run();
    CancelEverywhere([] { return talk(true); }).run();
}

}  // namespace
}  // namespace gyre::http::testing

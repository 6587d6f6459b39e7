// Connections through sockets: what is sent arrives, ends and errors arrive, and nothing is left.
#include "connected.hpp"
#include "net/reset_on_close.hpp"
#include "net/socket.hpp"
#include "support/loops.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/sim.hpp>
#include <gyre/core/wait_report.hpp>

#include <unistd.h>

#include <array>

namespace gyre::testing {
namespace {

using Tcp = OnLoops;
GYRE_ON_LOOPS(Tcp);

TEST_P(Tcp, bytes_arrive_in_both_directions) {
    run([]() -> Task<> {
        auto both = co_await connected();
        co_await both.client.write("question\n");
        const auto question = co_await both.server.read_line();
        EXPECT_EQ(*question, "question");
        co_await both.server.write(std::as_bytes(std::span(std::string_view("answer\n"))));
        const auto answer = co_await both.client.read_line();
        EXPECT_EQ(*answer, "answer");
        EXPECT_EQ(both.client.local_address(), both.server.peer_address());
        EXPECT_EQ(both.server.local_address(), both.client.peer_address());
        EXPECT_EQ(both.client.peer_address().ip(), "127.0.0.1");
    });
}

TEST_P(Tcp, a_close_may_be_a_reset) {
    run([]() -> Task<> {
        for (const bool is_reset : {true, false}) {
            auto both = co_await connected();
            net::set_reset_on_close(both.server.transport(), true);
            net::set_reset_on_close(both.server.transport(), is_reset);
            both.server.abort();
            net::set_reset_on_close(both.server.transport(), true);
            const auto text = co_await failure_of(both.client.read_all());
            EXPECT_EQ(text.ends_with("Connection reset by peer"), is_reset) << text;
            EXPECT_EQ(text.empty(), !is_reset) << text;
        }
        auto listener = co_await net::listen_unix(std::string("\0gyre-reset-", 12) + std::to_string(::getpid()));
        auto client = co_await net::connect_unix(std::string("\0gyre-reset-", 12) + std::to_string(::getpid()));
        auto server = co_await listener.accept();
        net::set_reset_on_close(server.transport(), true);
        server.abort();
        const auto text = co_await failure_of(client.read_all());
        EXPECT_EQ(text, "") << "a Unix socket knows no reset of this kind";
    });
}

TEST_P(Tcp, has_input_tells_without_waiting_whether_a_read_would_end) {
    run([]() -> Task<> {
        auto both = co_await connected();
        EXPECT_FALSE(both.server.has_input());
        co_await both.client.write("ab");
        EXPECT_TRUE(both.server.has_input());
        const auto first = co_await both.server.read_exactly(1);
        EXPECT_EQ(first, "a");
        EXPECT_TRUE(both.server.has_input());  // in the stream's own buffer
        const auto second = co_await both.server.read_exactly(1);
        EXPECT_EQ(second, "b");
        EXPECT_FALSE(both.server.has_input());
        co_await both.client.close();
        EXPECT_TRUE(both.server.has_input());  // the end
    });
}

TEST_P(Tcp, fill_late_takes_what_comes_and_keeps_what_is_there) {
    run([]() -> Task<> {
        auto both = co_await connected();
        for (const std::string_view text : {"one", "two"}) {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn([&]() -> Task<> { co_await both.client.write(text); });
                const auto count = co_await both.server.fill_late(16);
                EXPECT_EQ(count, 3U);
            });
            EXPECT_EQ(std::string_view(both.server.buffered().data(), both.server.buffered().size()), text);
            both.server.consume(text == "one" ? 3 : 1);
        }
        co_await both.client.write("!");
        const auto more = co_await both.server.fill_late();
        EXPECT_EQ(more, 1U);
        EXPECT_EQ(std::string_view(both.server.buffered().data(), both.server.buffered().size()), "wo!");
        both.server.consume(3);
        co_await both.client.close();
        const auto end = co_await both.server.fill_late();
        EXPECT_EQ(end, 0U);
    });
}

TEST_P(Tcp, a_cancelled_fill_late_loses_nothing_and_two_readers_are_one_too_many) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const auto nothing = co_await move_on_after(1ms, both.server.fill_late());
        EXPECT_FALSE(nothing.has_value());
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto first = group.spawn(both.server.fill_late());
            co_await yield_now();
            const auto second = co_await failure_of(both.server.fill_late());
            EXPECT_EQ(second, "read: another task is reading this stream");
            co_await both.client.write("late");
            const auto count = co_await first.join();
            EXPECT_EQ(count, 4U);
        });
    });
}

TEST_P(Tcp, fill_late_fails_as_fill_does_when_the_stream_is_closed) {
    run([]() -> Task<> {
        auto both = co_await connected();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto reading = group.spawn(failure_of(both.server.fill_late()));
            co_await yield_now();
            both.server.abort();
            const auto failure = co_await reading.join();
            EXPECT_NE(failure.find("closed on this side"), std::string::npos) << failure;
        });
    });
}

TEST_P(Tcp, write_now_writes_what_goes_without_waiting_and_write_the_rest) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const std::string text(300, 'x');
        std::size_t sent = 0;
        for (int i = 0; i < 200; ++i) sent += both.client.write_now(text);
        // In a simulation nothing goes without waiting; on a kernel there comes a turn for others.
        EXPECT_LT(sent, 200 * text.size());
        if (this_loop().backend_name() != "sim") EXPECT_GT(sent, 0U);
        co_await both.client.write("end");
        const auto received = co_await both.server.read_exactly(sent + 3);
        EXPECT_EQ(received, std::string(sent, 'x') + "end");
    });
}

TEST_P(Tcp, write_now_takes_the_front_of_what_does_not_fit_and_says_when_it_cannot_be) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const std::string text(64 * 1024 * 1024, 'x');
        const auto front = both.client.write_now(text);
        EXPECT_LT(front, text.size());
        auto writing = spawn(both.client.write(text));
        co_await yield_now();
        bool is_refused = false;
        try {
            static_cast<void>(both.client.write_now("me too"));
        } catch (const InvalidStateError&) {
            is_refused = true;
        }
        EXPECT_TRUE(is_refused);
        writing.cancel();
        static_cast<void>(co_await as_outcome(writing.join()));
        both.client.abort();
        bool is_error = false;
        try {
            static_cast<void>(both.client.write_now("more"));
        } catch (const IoError&) {
            is_error = true;
        }
        EXPECT_TRUE(is_error);
    });
}

TEST(SimTcp, a_writer_that_never_sleeps_hears_of_a_peer_that_has_gone) {
    EventLoop loop(backend::make_sim_backend({.latency = 5ms}));
    loop.run_until_complete([]() -> Task<> {
        auto both = co_await connected();
        both.server.abort();
        const std::string piece(1000, 'x');
        std::string error;
        for (int i = 0; i < 1000 && error.empty(); ++i) error = co_await failure_of(both.client.write(piece));
        EXPECT_NE(error.find("write"), std::string::npos) << error;
    });
}

TEST_P(Tcp, half_close_leaves_the_other_half) {
    run([]() -> Task<> {
        auto both = co_await connected();
        co_await both.client.write("all");
        co_await both.client.shutdown_write();
        const auto all = co_await both.server.read_all();
        EXPECT_EQ(all, "all");
        co_await both.server.write("thanks");
        co_await both.server.close();
        const auto thanks = co_await both.client.read_all();
        EXPECT_EQ(thanks, "thanks");
    });
}

TEST_P(Tcp, write_returns_when_the_kernel_has_every_byte) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const std::string much(20'000'000, 'x');
        std::size_t total = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await both.client.write(much);
                co_await both.client.shutdown_write();
            });
            std::vector<std::byte> bytes(300'000);
            while (const auto count = co_await both.server.read_some(bytes)) total += count;
        });
        EXPECT_EQ(total, much.size());
    });
}

TEST_P(Tcp, a_reset_names_the_peer) {
    run([]() -> Task<> {
        auto both = co_await connected();
        co_await both.client.write("unread");
        const auto begun = co_await both.server.read_some(1);
        const std::string peer = both.client.peer_address().text();
        co_await both.client.write("more");
        co_await both.server.close();  // with bytes unread: the peer is told by a reset
        const auto text = co_await failure_of(both.client.read_all());
        // What the buffer held when it closed decides between the two ways to end.
        EXPECT_TRUE(text.empty() || text == "read " + peer + ": Connection reset by peer") << text;
        std::string late;
        for (int i = 0; i < 100 && late.empty(); ++i) {
            late = co_await failure_of(both.client.write("late"));
            co_await sleep(1ms);
        }
        const bool is_named = late == "write " + peer + ": Broken pipe" ||
                              late == "write " + peer + ": Connection reset by peer";
        EXPECT_TRUE(is_named) << late;
    });
}

TEST_P(Tcp, closing_ends_a_pending_read_with_a_clear_error) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const std::string peer = both.client.peer_address().text();
        auto reading = spawn(failure_of(both.client.read_line()));
        co_await all_blocked();
        EXPECT_FALSE(both.client.is_closed());
        co_await both.client.close();
        EXPECT_TRUE(both.client.is_closed());
        const auto text = co_await reading;
        EXPECT_EQ(text, "read " + peer + ": closed on this side");
        co_await both.client.close();
        const auto late = co_await failure_of(both.client.write("x"));
        EXPECT_EQ(late, "write " + peer + ": closed on this side");
        const auto shut = co_await failure_of(both.client.shutdown_write());
        EXPECT_EQ(shut, "shutdown_write " + peer + ": closed on this side");
        const auto end = co_await both.server.read_all();
        EXPECT_EQ(end, "");
    });
}

TEST_P(Tcp, closing_and_cancelling_a_pending_read_at_once_ends_it_once) {
    run([]() -> Task<> {
        auto both = co_await connected();
        for (const bool close_first : {true, false}) {
            auto pair = co_await connected();
            auto reading = spawn(pair.client.read_line());
            co_await all_blocked();
            if (close_first) pair.client.abort();
            reading.cancel();
            pair.client.abort();
            const auto outcome = co_await as_outcome(reading.join());
            EXPECT_TRUE(outcome.is_error());
            EXPECT_TRUE(reading.cancelled());
        }
    });
}

TEST_P(Tcp, two_writers_are_a_mistake_with_a_name) {
    run([]() -> Task<> {
        auto both = co_await connected();
        const std::string much(30'000'000, 'x');
        auto first = spawn(both.client.write(much));
        co_await all_blocked();
        const auto text = co_await failure_of(both.client.write("y"));
        EXPECT_EQ(text, "write: another task is writing to this connection");
        const auto shut = co_await failure_of(both.client.shutdown_write());
        EXPECT_EQ(shut, "shutdown_write: another task is writing to this connection");
        first.cancel();
        const auto outcome = co_await as_outcome(first.join());
        EXPECT_TRUE(first.cancelled());
    });
}

TEST_P(Tcp, a_cancelled_read_loses_nothing) {
    run([]() -> Task<> {
        auto both = co_await connected();
        for (int i = 0; i < 50; ++i) {
            auto reading = spawn(both.server.read_line());
            if (i % 2 == 0) co_await all_blocked();
            co_await both.client.write("line\n");
            if (i % 3 == 0) co_await all_blocked();
            reading.cancel();
            const auto outcome = co_await as_outcome(reading.join());
            if (outcome.has_value()) continue;
            const auto line = co_await both.server.read_line();
            EXPECT_EQ(*line, "line");
        }
    });
}

TEST_P(Tcp, an_eager_socket_lets_others_have_their_turn) {
    run([]() -> Task<> {
        auto both = co_await connected();
        co_await both.client.write(std::string(40'000, 'x'));
        co_await all_blocked();
        int turns = 0;
        auto other = spawn([&]() -> Task<> {
            for (;;) {
                ++turns;
                co_await yield_now();
            }
        });
        co_await yield_now();
        const int before = turns;
        std::array<std::byte, 1> one{};
        auto& transport = both.server.transport();
        for (int i = 0; i < 1'000; ++i) co_await transport.read_some(one);
        EXPECT_GE(turns - before, 15);
        other.cancel();
        static_cast<void>(co_await as_outcome(other.join()));
    });
}

TEST_P(Tcp, a_wait_says_whom_it_waits_for) {
    run([]() -> Task<> {
        auto both = co_await connected();
        auto reading = spawn(both.client.read_line());
        co_await all_blocked();
        const auto report = internal::wait_report(this_loop().scheduler());
        EXPECT_NE(report.find("socket '" + both.client.peer_address().text() + "'"), std::string::npos) << report;
        co_await both.server.write("x\n");
        co_await reading;
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto accepting = spawn(listener.accept());
        co_await all_blocked();
        const auto listening = internal::wait_report(this_loop().scheduler());
        EXPECT_NE(listening.find("socket '" + listener.local_address().text() + "'"), std::string::npos) << listening;
        accepting.cancel();
        static_cast<void>(co_await as_outcome(accepting.join()));
    });
}

TEST(TcpLifetime, a_stream_may_outlive_its_loop) {
    std::optional<net::Stream> left;
    {
        EventLoop loop(backend::make_sim_backend());
        loop.run_until_complete([&]() -> Task<> {
            auto both = co_await connected();
            left.emplace(std::move(both.client));
        });
        EXPECT_FALSE(left->is_closed());
        EXPECT_EQ(loop.backend().open_descriptors(), 1U);
    }
    EXPECT_TRUE(left->is_closed());
    left.reset();
}

auto talks_over_tcp() -> Task<> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            auto stream = co_await listener.accept();
            auto line = co_await stream.read_line();
            co_await stream.write("got " + line.value_or("nothing") + "\n");
            co_await stream.close();
        });
        auto stream = co_await net::connect("localhost", port);
        co_await stream.write("hello\n");
        const auto text = co_await stream.read_all();
        EXPECT_EQ(text, "got hello\n");
    });
}

TEST(TcpLifetime, survives_cancellation_anywhere) {
    CancelEverywhere(talks_over_tcp).run();
    backend::SimOptions slow{.longest_transfer = 2, .latency = 3ms};
    CancelEverywhere(talks_over_tcp).world(slow).run();
}

}  // namespace
}  // namespace gyre::testing

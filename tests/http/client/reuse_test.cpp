// Kept connections: when one is used again, when it is closed, and what happens when it was dead.
#include "http/client/pool.hpp"
#include "scripted_server.hpp"

#include <gyre/testing/memory_stream.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;

class HttpReuse : public OnLoops {};
GYRE_ON_LOOPS(HttpReuse);

TEST_P(HttpReuse, one_connection_for_requests_in_turn) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 5; ++i) {
            auto reply = co_await fetch(client, base);
            EXPECT_EQ(reply.body, "x") << reply.error;
        }
        const auto figures = client.stats();
        EXPECT_EQ(figures.requests, 5U);
        EXPECT_EQ(figures.connections_opened, 1U);
        EXPECT_EQ(figures.connections_reused, 4U);
        EXPECT_EQ(figures.idle_connections, 1U);
        EXPECT_EQ(figures.bytes_received, 5 * ok("x").size());
    }));
    EXPECT_EQ(server.log().connections, 1U);
}

TEST_P(HttpReuse, requests_side_by_side_have_their_own) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions{.max_idle_per_host = 2}, [](http::Client& client, std::string base) -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 4; ++i) group.spawn(fetch(client, base));
        });
        EXPECT_EQ(client.stats().connections_opened, 4U);
        EXPECT_EQ(client.stats().idle_connections, 2U);
        EXPECT_EQ(client.stats().open_connections, 2U);
    }));
}

TEST_P(HttpReuse, not_after_what_forbids_it) {
    const std::string answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        ok("x") + "surplus",
    };
    for (const auto& answer : answers) {
        ScriptedServer server([&](Peer& peer) -> Task<> {
            static_cast<void>(co_await peer.request());
            co_await peer.send(answer);
            co_await peer.hold();
        });
        run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            for (int i = 0; i < 2; ++i) {
                auto reply = co_await fetch(client, base);
                EXPECT_EQ(reply.body, "x") << reply.error;
                EXPECT_EQ(client.stats().open_connections, 0U) << answer;
            }
        }));
        EXPECT_EQ(server.log().connections, 2U);
    }
}

TEST_P(HttpReuse, connection_close_of_the_caller_is_honoured) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        http::Fields fields{{"Connection", "close"}};
        static_cast<void>(co_await fetch(client, base, "GET", std::move(fields)));
        EXPECT_EQ(client.stats().open_connections, 0U);
    }));
}

TEST_P(HttpReuse, bytes_on_a_kept_connection_close_it) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send(ok("x"));
        co_await sleep(10ms);
        co_await peer.send(ok("poison"));
        co_await peer.hold();
    });
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 2; ++i) {
            auto reply = co_await fetch(client, base);
            EXPECT_EQ(reply.body, "x") << reply.error;
            co_await sleep(40ms);
        }
        EXPECT_EQ(client.stats().connections_reused, 0U);
        EXPECT_EQ(client.stats().replays, 0U);
    }));
}

/// As a socket on a loop with much to do: what has come is known at once, and read a moment later.
class LateTransport final : public net::Transport {
public:
    explicit LateTransport(MemoryConnection wire) : in_(std::move(wire.to_client)), below_(std::move(wire.client)) {}

    auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> override {
        co_await sleep(1ms);
        co_return co_await below_->read_some(buffer);
    }
    auto write_all(std::span<const std::byte> data) -> Task<void> override { return below_->write_all(data); }
    auto shutdown_write() -> Task<void> override { return below_->shutdown_write(); }
    auto close() -> Task<void> override { return below_->close(); }
    void abort() noexcept override { below_->abort(); }
    [[nodiscard]] auto local_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto peer_address() const -> net::Address override { return {}; }
    [[nodiscard]] auto has_input() const noexcept -> bool override { return !in_->bytes().empty(); }
    [[nodiscard]] auto is_closed() const noexcept -> bool override { return below_->is_closed(); }

private:
    std::shared_ptr<MemoryPipe> in_;
    std::unique_ptr<MemoryTransport> below_;
};

class PoolClient : public http::Client {
public:
    explicit PoolClient(std::shared_ptr<http::internal::Pool> pool) noexcept : Client(std::move(pool)) {}
};

auto answer_and_add_poison(std::unique_ptr<MemoryTransport> end) -> Task<> {
    net::Stream stream(std::move(end));
    static_cast<void>(co_await stream.read_until("\r\n\r\n"));
    const auto answer = ok("x");
    co_await stream.write(answer);
    co_await sleep(1s);
    const auto poison = ok("poison");
    co_await stream.write(poison);
    static_cast<void>(co_await stream.read_all());
}

GYRE_TEST(HttpReuseLate, bytes_on_a_kept_connection_close_it_also_when_there_is_no_time_to_read_them) {
    auto pool = std::make_shared<http::internal::Pool>(ClientOptions());
    co_await task_group([&](TaskGroup& group) -> Task<> {
        pool->dial_with([&group](const http::Url&) {
            MemoryConnection wire;
            group.spawn(answer_and_add_poison(std::move(wire.server)));
            return net::Stream(std::make_unique<LateTransport>(std::move(wire)));
        });
        PoolClient client(pool);
        for (int i = 0; i < 2; ++i) {
            auto reply = co_await fetch(client, "http://x.example/");
            EXPECT_EQ(reply.body, "x") << reply.error;
            co_await sleep(2s);
        }
        EXPECT_EQ(client.stats().connections_reused, 0U);
        client.close();
    });
}

TEST_P(HttpReuse, end_on_a_kept_connection_closes_it) {
    ScriptedServer server(in_turn({{ok("x")}, {ok("y")}}));
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        co_await sleep(20ms);
        auto reply = co_await fetch(client, base, "POST", {}, "not idempotent, and yet it works");
        EXPECT_EQ(reply.body, "y") << reply.error;
        EXPECT_EQ(client.stats().connections_reused, 0U);
    }));
}

// The first connection takes a second request, and closes without a byte.
auto dies_at_the_second_request() -> Script {
    return [](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send(ok("x"));
        static_cast<void>(co_await peer.request());
        if (peer.number() > 0) co_await peer.send(ok("y"));
    };
}

TEST_P(HttpReuse, stale_connection_is_replayed_once_on_a_fresh_one) {
    ScriptedServer server(dies_at_the_second_request());
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        auto reply = co_await fetch(client, base, "PUT", {}, "again");
        EXPECT_EQ(reply.body, "x") << reply.error;
        EXPECT_EQ(client.stats().replays, 1U);
        EXPECT_EQ(client.stats().requests, 2U);
        EXPECT_EQ(client.stats().connections_opened, 2U);
    }));
    EXPECT_EQ(server.log().requests.size(), 3U);
}

TEST_P(HttpReuse, no_replay_of_what_is_not_idempotent_or_switched_off) {
    for (const std::string method : {"POST", "GET"}) {
        ScriptedServer server(dies_at_the_second_request());
        run(server.run(ClientOptions{.replay = method == "POST"}, [&](http::Client& client, std::string base) -> Task<> {
            static_cast<void>(co_await fetch(client, base));
            auto reply = co_await fetch(client, base, method);
            EXPECT_EQ(reply.phase, http::RequestPhase::response);
            EXPECT_NE(reply.error.find("without an answer"), std::string::npos) << reply.error;
            EXPECT_EQ(client.stats().replays, 0U);
        }));
    }
}

TEST_P(HttpReuse, no_replay_after_a_byte_or_on_a_fresh_connection) {
    ScriptedServer cut([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send(ok("x"));
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 2");
    });
    run(cut.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        auto reply = co_await fetch(client, base);
        EXPECT_NE(reply.error, "");
        EXPECT_EQ(client.stats().replays, 0U);
    }));
    ScriptedServer mute([](Peer& peer) -> Task<> { static_cast<void>(co_await peer.request()); });
    run(mute.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base);
        EXPECT_NE(reply.error, "");
        EXPECT_EQ(client.stats().replays, 0U);
    }));
    EXPECT_EQ(mute.log().connections, 1U);
}

TEST_P(HttpReuse, last_back_is_first_out) {
    std::vector<std::size_t> served;
    ScriptedServer server([&](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            served.push_back(peer.number());
            co_await peer.send(ok("x"));
        }
    });
    run(server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        auto first = co_await client.get(base);
        auto second = co_await client.get(base);
        static_cast<void>(co_await second.text());
        static_cast<void>(co_await first.text());
        static_cast<void>(co_await fetch(client, base));
    }));
    EXPECT_EQ(served, (std::vector<std::size_t>{0, 1, 0}));
}

TEST_P(HttpReuse, half_read_response_closes_its_connection) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        co_await peer.hold();
    });
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        {
            auto response = co_await client.get(base);
            const auto piece = co_await response.read();
            EXPECT_EQ(std::string(piece.begin(), piece.end()), "half");
            EXPECT_EQ(client.stats().open_connections, 1U);
        }
        EXPECT_EQ(client.stats().open_connections, 0U);
    }));
}

TEST_P(HttpReuse, response_that_came_whole_keeps_its_connection_unread) {
    ScriptedServer server(always(ok("short")));
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            auto response = co_await client.get(base);
            EXPECT_EQ(response.status(), 200);
        }
        EXPECT_EQ(client.stats().connections_opened, 1U);
    }));
}

TEST_P(HttpReuse, hosts_do_not_share) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        auto other = base;
        other.replace(other.find("127.0.0.1"), 9, "localhost");
        auto reply = co_await fetch(client, other);
        EXPECT_EQ(reply.body, "x") << reply.error;
        EXPECT_EQ(client.stats().connections_opened, 2U);
    }));
}

TEST_P(HttpReuse, closed_client_refuses_and_keeps_nothing) {
    ScriptedServer server(always(ok("x")));
    run(server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        auto under_way = co_await client.get(base);
        client.close();
        const auto text = co_await under_way.text();
        EXPECT_EQ(text, "x");
        EXPECT_EQ(client.stats().open_connections, 0U);
        const auto refused = co_await as_outcome(client.get(base));
        EXPECT_TRUE(failed_with<InvalidStateError>(refused));
    }));
}

GYRE_TEST(HttpReuseInTime, old_connections_are_closed) {
    ScriptedServer server(always(ok("x")));
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        static_cast<void>(co_await fetch(client, base));
        co_await sleep(49s);
        static_cast<void>(co_await fetch(client, base));
        EXPECT_EQ(client.stats().connections_reused, 1U);
        co_await sleep(49s);
        EXPECT_EQ(client.stats().open_connections, 1U);
        co_await sleep(2s);
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

}  // namespace
}  // namespace gyre::testing

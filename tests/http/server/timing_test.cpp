#include "harness.hpp"

#include <gyre/net/test_authority.hpp>

namespace gyre::http::server_testing {
namespace {

/// Virtual seconds until the server closes, from now on.
auto time_to_end(RawClient& client) -> Task<double> {
    const auto before = this_loop().now();
    co_await client.read_to_end();
    co_return std::chrono::duration<double>(this_loop().now() - before).count();
}

TEST(HttpTiming, a_head_has_ten_seconds_in_all) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto in_time = co_await RawClient::open(port);
        auto late = co_await RawClient::open(port);
        co_await in_time.send("GET / HTTP/1.1\r\n");
        co_await late.send("GET / HTTP/1.1\r\n");
        co_await sleep(9900ms);
        const auto reply = co_await in_time.ask("Host: h\r\n\r\n");
        EXPECT_EQ(reply.status, 200);
        co_await sleep(200ms);
        const auto refusal = co_await late.receive();
        EXPECT_EQ(refusal.status, 408);
        EXPECT_EQ(refusal.field("Connection"), "close");
    });
}

TEST(HttpTiming, slowloris_gains_nothing_by_sending_a_byte_now_and_then) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            auto trickle = group.spawn([&]() -> Task<void> {
                co_await client.send("GET / HTTP/1.1\r\nX: ");
                while (true) {
                    co_await client.send("x");
                    co_await sleep(1s);
                }
            });
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, 408);
            EXPECT_EQ(this_loop().now() - before, 10s);
            trickle.cancel();
        });
    });
}

TEST(HttpTiming, a_silent_connection_is_closed_without_a_word) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        const auto all = co_await client.read_to_end();
        EXPECT_EQ(all, "");
        EXPECT_EQ(this_loop().now() - before, 10s);
    });
}

TEST(HttpTiming, an_idle_connection_is_kept_for_a_minute) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        for (int round = 0; round < 3; ++round) {
            const auto reply = co_await client.ask(get("/"));
            EXPECT_EQ(reply.status, 200);
            co_await sleep(59s);
        }
        // The next head has its own ten seconds, from its first byte.
        co_await client.send("G");
        co_await sleep(9s);
        const auto late_head = get("/").substr(1);
        const auto reply = co_await client.ask(late_head);
        EXPECT_EQ(reply.status, 200);
        const auto seconds = co_await time_to_end(client);
        EXPECT_DOUBLE_EQ(seconds, 60);
    });
}

TEST(HttpTiming, the_next_head_has_ten_seconds_from_its_first_byte) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.ask(get("/"));
        co_await sleep(30s);
        co_await client.send("G");
        const auto before = this_loop().now();
        const auto reply = co_await client.receive();
        EXPECT_EQ(reply.status, 408);
        EXPECT_EQ(this_loop().now() - before, 10s);
    });
}

/// Sends a body of `count` pieces with pauses between them. @return the status.
auto send_slowly(std::uint16_t port, std::size_t count, std::size_t piece_size, Duration pause) -> Task<int> {
    auto client = co_await RawClient::open(port);
    const auto head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(count * piece_size) + "\r\n\r\n";
    const std::string piece(piece_size, 'x');
    int status = 0;
    co_await client.send(head);
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto sending = group.spawn([&]() -> Task<void> {
            for (std::size_t i = 0; i < count; ++i) {
                co_await sleep(pause);
                co_await client.send(piece);
            }
        });
        const auto reply = co_await client.receive();
        status = reply.status;
        sending.cancel();
    });
    co_return status;
}

TEST(HttpTiming, a_body_may_pause_for_half_a_minute) {
    ConnectionOptions options;
    options.body_min_rate = 0;
    run_with(World::simulated, echo, options, [](std::uint16_t port) -> Task<void> {
        const auto in_time = co_await send_slowly(port, 4, 1, 29'900ms);
        EXPECT_EQ(in_time, 200);
        const auto late = co_await send_slowly(port, 4, 1, 30'100ms);
        EXPECT_EQ(late, 408);
    });
}

TEST(HttpTiming, a_body_comes_at_240_bytes_a_second_or_not_at_all) {
    run_with(World::simulated, echo, {}, [](std::uint16_t port) -> Task<void> {
        const auto fast_enough = co_await send_slowly(port, 100, 240, 1s);
        EXPECT_EQ(fast_enough, 200);
        // 5 s of grace: behind by a tenth of a second with each piece, so the next second is too long after 40 s.
        const auto before = this_loop().now();
        const auto too_slow = co_await send_slowly(port, 100, 216, 1s);
        EXPECT_EQ(too_slow, 408);
        EXPECT_GE(this_loop().now() - before, 40s);
        EXPECT_LE(this_loop().now() - before, 42s);
        const auto grace = co_await send_slowly(port, 1, 1, 4900ms);
        EXPECT_EQ(grace, 200);
        const auto no_grace = co_await send_slowly(port, 1, 1, 5100ms);
        EXPECT_EQ(no_grace, 408);
    });
}

TEST(HttpTiming, a_slow_handler_is_not_counted_against_the_client) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        std::size_t size = 0;
        while (true) {
            const auto piece = co_await exchange.read();
            if (piece.empty()) break;
            size += piece.size();
            co_await sleep(100s);
        }
        const auto text = std::to_string(size);
        co_await exchange.respond(200, "", text);
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto asking = ask(port, post("/", std::string(100'000, 'x')));
        const auto reply = co_await std::move(asking);
        EXPECT_EQ(reply.body, "100000");
    });
}

TEST(HttpTiming, a_reader_that_stands_still_is_dropped_after_half_a_minute) {
    std::string failure;
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        const std::string large(1'000'000, 'x');
        try {
            co_await exchange.respond(200, "", large);
        } catch (const IoError& error) {
            failure = error.what();
            throw;
        }
    };
    const auto errors = run_with(World::simulated, handler, {}, [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/"));
        co_await sleep(29'900ms);
        EXPECT_EQ(failure, "");
        co_await sleep(200ms);
        EXPECT_NE(failure, "");
        const auto reply = co_await client.receive();
        EXPECT_FALSE(reply.is_whole);
    });
    EXPECT_TRUE(errors.empty());
}

TEST(HttpTiming, a_reader_that_takes_its_share_in_time_is_served) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        const std::string large(200'000, 'x');
        co_await exchange.respond(200, "", large);
    };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/"));
        std::size_t received = 0;
        while (received < 200'000) {
            co_await sleep(29s);
            const auto piece = co_await client.stream.read_some(16'384);
            if (piece.empty()) break;
            received += piece.size();
        }
        EXPECT_GE(received, 200'000U);
    });
}

TEST(HttpTiming, the_rest_of_a_body_is_not_waited_for_longer_than_five_seconds) {
    auto handler = [](ServerExchange& exchange) -> Task<void> { co_await exchange.respond(200, "", "x"); };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        const auto reply = co_await client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
        EXPECT_EQ(reply.status, 200);
        co_await client.read_to_end();
        EXPECT_EQ(this_loop().now() - before, 5s);
    });
}

TEST(HttpTiming, the_rest_of_a_body_may_come_within_five_seconds) {
    auto handler = [](ServerExchange& exchange) -> Task<void> { co_await exchange.respond(200, "", "x"); };
    run_with(World::simulated, handler, {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto reply = co_await client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
        EXPECT_EQ(reply.status, 200);
        co_await sleep(4'900ms);
        co_await client.send(" rest!");
        const auto next = co_await client.ask(get("/"));
        EXPECT_EQ(next.status, 200);
    });
}

TEST(HttpTiming, a_tls_handshake_has_ten_seconds) {
    const net::TestAuthority authority;
    const auto certificate = authority.issue({"127.0.0.1"});
    net::TlsServerOptions tls_options;
    tls_options.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(tls_options);
    const auto errors = run_with(
        World::simulated, echo, {},
        [](std::uint16_t port) -> Task<void> {
            auto silent = co_await RawClient::open(port);
            const auto seconds = co_await time_to_end(silent);
            EXPECT_DOUBLE_EQ(seconds, 10);
            auto plain = co_await RawClient::open(port);
            co_await plain.send(get("/"));
            co_await plain.read_to_end();
        },
        &tls);
    EXPECT_TRUE(errors.empty());
}

TEST(HttpTiming, https_is_served) {
    const net::TestAuthority authority;
    const auto certificate = authority.issue({"127.0.0.1"});
    net::TlsServerOptions tls_options;
    tls_options.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(tls_options);
    net::TlsClientOptions client_options;
    client_options.ca_pem(authority.certificate());
    const net::TlsClientContext trust(client_options);
    for (const auto world : all_worlds) {
        const auto errors = run_with(
            world, echo, {},
            [&](std::uint16_t port) -> Task<void> {
                auto stream = co_await net::connect_tls("127.0.0.1", port, trust);
                const auto requests = post("/", std::string(100'000, 'x')) + get("/", "Connection: close\r\n");
                co_await stream.write(requests);
                const auto all = co_await stream.read_all();
                EXPECT_GT(all.size(), 100'000U);
                EXPECT_TRUE(all.ends_with("\r\n\r\nGET / ")) << all.substr(100'000);
            },
            &tls);
        EXPECT_TRUE(errors.empty());
    }
}

}  // namespace
}  // namespace gyre::http::server_testing

// A server that is full: those who wait for nothing give way, the longest first, and nobody waits long for a place.

#include "harness.hpp"

#include <gyre/http/server/trusted_proxies.hpp>
#include <gyre/net/test_authority.hpp>
#include <gyre/net/tls.hpp>

#include <optional>
#include <vector>

namespace gyre::http::server_testing {
namespace {

constexpr std::size_t places = 300;

auto full_options() -> ConnectionOptions {
    ConnectionOptions options;
    options.max_connections = places;
    options.max_connections_per_source = 2 * places;
    return options;
}

/// Opens connections that say `first`, one after the other.
auto open_many(std::uint16_t port, std::size_t count, std::string first, std::vector<RawClient>& clients) -> Task<void> {
    for (std::size_t i = 0; i < count; ++i) {
        auto client = co_await RawClient::open(port);
        if (!first.empty()) co_await client.send(first);
        clients.push_back(std::move(client));
    }
}

/// A client that comes now: how long it waits for its answer.
auto time_of_newcomer(std::uint16_t port) -> Task<Duration> {
    const auto before = this_loop().now();
    const auto reply = co_await ask(port, get("/new"));
    EXPECT_EQ(reply.status, 200);
    co_return this_loop().now() - before;
}

/// Sends a byte of a head to each from time to time, as slowloris does.
auto trickle(std::vector<RawClient>& clients) -> Task<void> {
    for (;;) {
        co_await sleep(700ms);
        for (auto& client : clients) {
            try {
                co_await client.send("X");
            } catch (const IoError&) {}
        }
    }
}

TEST(FullServer, is_not_kept_full_by_clients_that_say_nothing) {
    run_with(World::simulated, echo, full_options(), [](std::uint16_t port) -> Task<void> {
        std::vector<RawClient> silent;
        co_await open_many(port, 2 * places, "", silent);
        co_await sleep(500ms);
        const auto took = co_await time_of_newcomer(port);
        EXPECT_LE(took, 3s) << "half of them came before it";
        const auto next = co_await time_of_newcomer(port);
        EXPECT_LE(next, 200ms);
    });
}

TEST(FullServer, is_not_kept_full_by_heads_that_do_not_end) {
    run_with(World::simulated, echo, full_options(), [](std::uint16_t port) -> Task<void> {
        std::vector<RawClient> slow;
        co_await open_many(port, places, "GET / HTTP/1.1\r\n", slow);
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            auto trickling = group.spawn(trickle(slow));
            co_await sleep(3s);
            for (int i = 0; i < 10; ++i) {
                const auto took = co_await time_of_newcomer(port);
                EXPECT_LE(took, 200ms);
            }
            trickling.cancel();
        });
    });
}

TEST(FullServer, ends_who_has_been_idle_longest_and_nobody_who_works) {
    const ExchangeHandler handler = [](ServerExchange& exchange) -> Task<void> {
        if (exchange.path() == "/long") co_await sleep(20s);
        co_await exchange.respond(200, "text/plain", "here");
    };
    run_with(World::simulated, handler, full_options(), [](std::uint16_t port) -> Task<void> {
        auto working = co_await RawClient::open(port);
        co_await working.send(get("/long"));
        std::vector<RawClient> idle;
        for (std::size_t i = 0; i + 2 < places; ++i) {
            auto client = co_await RawClient::open(port);
            const auto reply = co_await client.ask(get("/"));
            EXPECT_EQ(reply.status, 200);
            idle.push_back(std::move(client));
            co_await sleep(10ms);
        }
        co_await sleep(2s);
        auto& first = idle.front();
        const auto still = co_await first.ask(get("/"));
        EXPECT_EQ(still.status, 200) << "there is a place yet";
        co_await sleep(5s);
        const auto took = co_await time_of_newcomer(port);  // it takes the last place
        EXPECT_LE(took, 200ms);
        const auto rest = co_await idle[1].read_to_end();
        EXPECT_EQ(rest, "") << "it was idle for longest";
        for (auto* client : {&idle[2], &idle.front(), &idle.back()}) {
            const auto again = co_await client->ask(get("/"));
            EXPECT_EQ(again.status, 200);
        }
        const auto answer = co_await working.receive();
        EXPECT_EQ(answer.status, 200);
    });
}

TEST(FullServer, leaves_those_alone_who_are_idle_for_less_than_a_second) {
    auto options = full_options();
    options.max_connections = 4;
    run_with(World::simulated, echo, options, [](std::uint16_t port) -> Task<void> {
        std::vector<RawClient> clients;
        co_await open_many(port, 4, get("/"), clients);
        for (auto& client : clients) {
            const auto reply = co_await client.receive();
            EXPECT_EQ(reply.status, 200);
        }
        for (int i = 0; i < 20; ++i) {
            co_await sleep(900ms);
            for (auto& client : clients) {
                const auto reply = co_await client.ask(get("/"));
                EXPECT_EQ(reply.status, 200) << i;
            }
        }
    });
}

/// A server that has places for two, each of which is taken by a client that says `first` and nothing else, and the answer to one
/// that comes then. The times of the server itself would let it wait for an hour.
void expect_room_among(std::string_view first, ConnectionOptions options, const net::TlsServerContext* tls,
    const std::function<Task<std::string>(std::uint16_t)>& newcomer) {
    options.max_connections = 2;
    options.handshake_timeout = 1h;
    options.header_timeout = 1h;
    for (const auto world : all_worlds) {
        const auto meet = [&](std::uint16_t port) -> Task<void> {
            std::vector<RawClient> silent;
            co_await open_many(port, 2, std::string(first), silent);
            auto coming = newcomer(port);
            const auto answer = co_await move_on_after(30s, std::move(coming));
            EXPECT_EQ(answer.value_or("it waits in vain").substr(0, 12), "HTTP/1.1 200");
        };
        run_with(world, echo, options, meet, tls);
    }
}

auto talk_over(net::Stream stream, std::string bytes) -> Task<std::string> {
    co_await stream.write(bytes);
    auto line = co_await stream.read_line();
    co_return line.value_or("it ended");
}

TEST(FullServer, is_not_kept_full_by_handshakes_that_do_not_begin_or_end) {
    const net::TestAuthority authority;
    const auto certificate = authority.issue({"127.0.0.1"});
    net::TlsServerOptions shown;
    shown.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(shown);
    net::TlsClientOptions trust;
    trust.ca_pem(authority.certificate());
    const net::TlsClientContext context(trust);
    const auto newcomer = [&](std::uint16_t port) -> Task<std::string> {
        auto stream = co_await net::connect_tls("127.0.0.1", port, context);
        auto talking = talk_over(std::move(stream), get("/"));
        auto answer = co_await std::move(talking);
        co_return answer;
    };
    expect_room_among("", {}, &tls, newcomer);
    expect_room_among("\x16\x03\x01", {}, &tls, newcomer);
}

TEST(FullServer, is_not_kept_full_by_proxy_headers_that_do_not_come) {
    const TrustedProxies proxies({"127.0.0.0/8"});
    ConnectionOptions options;
    options.trusted_proxies = &proxies;
    options.proxy_protocol = true;
    const auto newcomer = [](std::uint16_t port) -> Task<std::string> {
        auto stream = co_await net::connect("127.0.0.1", port);
        auto talking = talk_over(std::move(stream), "PROXY UNKNOWN\r\n" + get("/"));
        auto answer = co_await std::move(talking);
        co_return answer;
    };
    expect_room_among("", options, nullptr, newcomer);
    expect_room_among("PROXY ", options, nullptr, newcomer);
}

}  // namespace
}  // namespace gyre::http::server_testing

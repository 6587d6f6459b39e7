// Each time limit of a client, on both sides of its edge, and those that one request has for itself.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include "net/name_server.hpp"
#include "net/resolver.hpp"
#include "net/silent_address.hpp"

#include <gyre/net/resolve.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::ClientTimeouts;
using http::RequestPhase;

/// What the client does after so long, and no earlier.
auto expect_timeout(const Reply& reply, Time before, Duration limit, RequestPhase phase, std::string_view end) -> void {
    EXPECT_EQ(this_loop().now() - before, limit) << reply.error;
    EXPECT_TRUE(reply.error.ends_with(end)) << reply.error;
    EXPECT_EQ(reply.phase, phase);
    EXPECT_TRUE(reply.timed_out);
}

TEST(HttpTimeoutDefaults, what_nobody_has_set) {
    const ClientTimeouts limits;
    for (const auto none : {limits.total, limits.pool}) EXPECT_EQ(Duration(none), Duration::zero());
    for (const auto ten : {limits.resolve, limits.connect, limits.tls}) EXPECT_EQ(Duration(ten), Duration(10s));
    for (const auto thirty : {limits.write, limits.first_byte, limits.read}) EXPECT_EQ(Duration(thirty), Duration(30s));
}

GYRE_TEST(HttpTimeouts, connect) {
    SilentAddress nobody(net::Address::from_ip("127.0.0.1", 4000));
    co_await nobody.fall_silent();
    http::Client client({.timeout = {.connect = 3s}});
    const Time before = this_loop().now();
    const auto reply = co_await fetch(client, "http://127.0.0.1:4000");
    expect_timeout(reply, before, 3s, RequestPhase::connect, "timed out after 3 s (127.0.0.1:4000: no answer)");
}

/// Answers one request on a connection.
auto answer_one(net::Stream stream) -> Task<> {
    static_cast<void>(co_await stream.read_some());
    const auto answer = ok("late");
    co_await stream.write(answer);
}

GYRE_TEST(HttpTimeouts, connect_may_take_less) {
    const net::ListenOptions room_for_one{.backlog = 0};
    auto listener = co_await net::listen("127.0.0.1", 0, room_for_one);
    const auto port = listener.local_address().port();
    const auto guest = co_await net::connect("127.0.0.1", port);
    http::Client client({.timeout = {.connect = 3s}});
    const auto accept_late = [&]() -> Task<> {
        co_await sleep(2'900ms);
        const auto first = co_await listener.accept();
        auto second = co_await listener.accept();
        co_await answer_one(std::move(second));
    };
    const auto ask = [&]() -> Task<> {
        const auto reply = co_await fetch(client, "http://127.0.0.1:" + std::to_string(port));
        EXPECT_EQ(reply.body, "late") << reply.error;
    };
    co_await gather(accept_late(), ask());
}

GYRE_TEST(HttpTimeouts, tls) {
    ScriptedServer server([](Peer& peer) -> Task<> { co_await peer.hold(); });
    const ClientOptions options{.timeout = {.tls = 2s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const Time before = this_loop().now();
        const auto peer = base.substr(7);
        const auto reply = co_await fetch(client, "https" + base.substr(4));
        expect_timeout(reply, before, 2s, RequestPhase::tls, ": tls " + peer + ": timed out after 2 s");
    });
}

GYRE_TEST(HttpTimeouts, tls_may_take_less) {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    auto options = https_client_options();
    options.timeout.tls = 2s;
    http::Client client(options);
    const auto shake_hands_late = [&]() -> Task<> {
        auto stream = co_await listener.accept();
        co_await sleep(1'900ms);
        auto secured = co_await context.handshake(std::move(stream));
        co_await answer_one(std::move(secured));
    };
    const auto ask = [&]() -> Task<> {
        const auto reply = co_await fetch(
            client, "https://127.0.0.1:" + std::to_string(listener.local_address().port()));
        EXPECT_EQ(reply.body, "late") << reply.error;
    };
    co_await gather(shake_hands_late(), ask());
}

// Answers after so long, and with so long between two bytes.
auto slow_server(Duration first, Duration next) -> Script {
    return [=](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            co_await sleep(first);
            for (const char c : ok("xyz")) {
                co_await peer.send(std::string(1, c));
                co_await sleep(next);
            }
        }
    };
}

GYRE_TEST(HttpTimeouts, first_byte_and_those_after_it) {
    struct Case {
        ClientTimeouts limits;
        std::string_view end;
        Duration after;
    };
    const std::vector<Case> cases = {
        {{.first_byte = 5s, .read = 2s}, "", {}},
        {{.first_byte = 3s, .read = 2s}, ": first byte timed out after 3 s", 3s},
        {{.first_byte = 5s, .read = 500ms}, ": read timed out after 500 ms", 4s + 500ms},
        {{.first_byte = Duration::zero(), .read = Duration::zero()}, "", {}},
    };
    for (const auto& one : cases) {
        ScriptedServer server(slow_server(4s, 1s));
        co_await server.run([&](std::string base) -> Task<> {
            http::Client client({.timeout = one.limits});
            const Time before = this_loop().now();
            const auto reply = co_await fetch(client, base);
            if (one.end.empty()) {
                EXPECT_EQ(reply.body, "xyz") << reply.error;
            } else {
                expect_timeout(reply, before, one.after, RequestPhase::response, one.end);
            }
        });
    }
}

GYRE_TEST(HttpTimeouts, of_one_request_only) {
    ScriptedServer server(slow_server(4s, 0s));
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        const ClientTimeouts brief{.first_byte = 1s};
        const auto failed = co_await as_outcome(client.get(base).timeouts(brief));
        EXPECT_TRUE(describe(failed.error()).ends_with("first byte timed out after 1 s")) << describe(failed.error());
        const auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "xyz") << reply.error;

        // A total time set beside them is the one that counts.
        const ClientTimeouts long_total{.total = 1h};
        const auto late = co_await as_outcome(client.get(base).timeouts(long_total).timeout(2s));
        EXPECT_TRUE(describe(late.error()).ends_with("timed out after 2 s in all")) << describe(late.error());
    });
}

// A body of so many bytes, one in each such time.
auto trickling_server(std::size_t size, Duration each) -> Script {
    return [=](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        for (std::size_t i = 0; i < size; ++i) {
            co_await sleep(each);
            co_await peer.send("x");
        }
        co_await peer.hold();
    };
}

GYRE_TEST(HttpLowSpeed, body_that_is_too_slow_is_an_error) {
    ScriptedServer server(trickling_server(1000, 200ms));  // 5 bytes/s
    const ClientOptions options{.timeout = {.low_speed_limit = 6, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const Time before = this_loop().now();
        const auto reply = co_await fetch(client, base);
        expect_timeout(reply, before, 10s, RequestPhase::body, ": slower than 6 bytes/s for 10 s");
    });
}

GYRE_TEST(HttpLowSpeed, just_fast_enough_is_none) {
    ScriptedServer server(trickling_server(1000, 195ms));
    const ClientOptions options{.timeout = {.low_speed_limit = 5, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body.size(), 1000U) << reply.error;
    });
}

GYRE_TEST(HttpLowSpeed, is_looked_at_while_nothing_comes) {
    ScriptedServer server(trickling_server(1000, 1h));
    const ClientOptions options{.timeout = {.read = Duration::zero(), .low_speed_limit = 1, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const Time before = this_loop().now();
        const auto reply = co_await fetch(client, base);
        expect_timeout(reply, before, 10s, RequestPhase::body, ": slower than 1 bytes/s for 10 s");
    });
}

GYRE_TEST(HttpLowSpeed, slow_reader_is_not_the_servers_fault) {
    ScriptedServer server(always(ok(std::string(1000, 'x'))));
    const ClientOptions options{.timeout = {.low_speed_limit = 100, .low_speed_time = 1s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        co_await sleep(1h);
        const auto text = co_await response.text();
        EXPECT_EQ(text.size(), 1000U);
    });
}

/// Takes 1000 bytes each 100 ms, then answers.
auto sipping_server(std::size_t pieces) -> Script {
    return [=](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        for (std::size_t i = 0; i < pieces; ++i) {
            const auto piece = co_await peer.until("|");
            if (piece.empty()) co_return;
            co_await sleep(100ms);
        }
        co_await peer.send(ok("done"));
        co_await peer.hold();
    };
}

auto upload_of(std::size_t pieces) -> std::string {
    std::string body;
    for (std::size_t i = 0; i < pieces; ++i) body.append(999, 'x').append("|");
    return body;
}

GYRE_TEST(HttpLowSpeed, server_that_takes_a_body_too_slowly_is_an_error) {
    ScriptedServer server(sipping_server(4000));
    const ClientOptions options{.timeout = {.low_speed_limit = 13'000, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const auto outcome = co_await as_outcome(client.post(base).body(upload_of(4000)).send());
        const auto text = describe(outcome.error());
        EXPECT_TRUE(text.ends_with(": slower than 13000 bytes/s for 10 s")) << text;
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

GYRE_TEST(HttpLowSpeed, server_that_takes_a_body_just_fast_enough_is_none) {
    ScriptedServer server(sipping_server(4000));
    const ClientOptions options{.timeout = {.low_speed_limit = 7'000, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.post(base).body(upload_of(4000));
        const auto text = co_await response.text();
        EXPECT_EQ(text, "done");
    });
}

GYRE_TEST(HttpLowSpeed, slow_maker_of_a_body_is_not_the_servers_fault) {
    ScriptedServer server(sipping_server(3));
    const ClientOptions options{.timeout = {.low_speed_limit = 7'000, .low_speed_time = 10s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        const auto slowly = [](http::BodyWriter& writer) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                co_await sleep(1min);
                co_await writer.write("x|");
            }
        };
        auto response = co_await client.post(base).body_from(slowly);
        const auto text = co_await response.text();
        EXPECT_EQ(text, "done");
    });
}

class HttpNames : public OnKernel {};
GYRE_ON_KERNEL(HttpNames);

/// Runs `body(server)` with a name server that this loop asks.
template<class Body>
auto with_names(Body body) -> Task<> {
    auto socket = co_await net::UdpSocket::bind("127.0.0.1", 0);
    NameServer server(std::move(socket));
    this_loop().local<internal::Resolver>().use_servers(server.address());
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto serving = group.spawn(server.serve());
        co_await body(server);
        serving.cancel();
    });
}

TEST_P(HttpNames, resolve_has_a_limit) {
    run(with_names([](NameServer& server) -> Task<> {
        http::Client client({.timeout = {.resolve = 10ms}});
        const auto reply = co_await fetch(client, "http://late.test");
        EXPECT_EQ(reply.error, "GET http://late.test/: resolve late.test: timed out after 10 ms");
        EXPECT_EQ(reply.phase, RequestPhase::resolve);
        EXPECT_TRUE(reply.timed_out);
        http::Client patient({.timeout = {.connect = 1ms}});
        const auto in_time = co_await fetch(patient, "http://late.test");
        EXPECT_EQ(in_time.phase, RequestPhase::connect) << in_time.error;
        EXPECT_EQ(server.questions, 2);
    }));
}

TEST_P(HttpNames, are_asked_for_once_unless_it_is_switched_off) {
    run(with_names([](NameServer& server) -> Task<> {
        for (const bool cached : {true, false}) {
            http::Client client({.dns_cache = cached});
            const int before = server.questions;
            for (int i = 0; i < 3; ++i) {
                const auto reply = co_await fetch(client, "http://missing.test");
                EXPECT_EQ(reply.phase, RequestPhase::resolve) << reply.error;
            }
            EXPECT_EQ(server.questions - before, cached ? 2 : 6);  // for IPv4 and IPv6
            net::clear_name_cache();
        }
    }));
}

TEST_P(HttpNames, are_asked_for_anew_after_no_address_could_be_connected_to) {
    run(with_names([](NameServer& server) -> Task<> {
        http::Client client({.timeout = {.connect = 1ms}});
        for (int i = 0; i < 2; ++i) {
            const auto reply = co_await fetch(client, "http://four.test");  // 192.0.2.1 is nobody's
            EXPECT_EQ(reply.phase, RequestPhase::connect) << reply.error;
        }
        EXPECT_EQ(server.questions, 4);
    }));
}

}  // namespace
}  // namespace gyre::testing

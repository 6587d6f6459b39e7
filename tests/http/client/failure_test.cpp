// Time limits, connections that fail, and what the errors say.
#include "scripted_server.hpp"

#include <gyre/core/duration_text.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::RequestPhase;

class HttpFailure : public OnLoops {};
GYRE_ON_LOOPS(HttpFailure);

TEST_P(HttpFailure, refused_connection_in_one_line) {
    run([]() -> Task<> {
        std::uint16_t port = 0;
        {
            const auto listener = co_await net::listen("127.0.0.1", 0);
            port = listener.local_address().port();
        }
        http::Client client;
        const std::string peer = "127.0.0.1:" + std::to_string(port);
        const auto outcome = co_await as_outcome(client.get("http://" + peer + "/x"));
        EXPECT_EQ(describe(outcome.error()), "GET http://" + peer + "/x: connect " + peer + ": Connection refused");
        try {
            std::rethrow_exception(outcome.error());
        } catch (const http::RequestError& error) {
            EXPECT_EQ(error.phase(), RequestPhase::connect);
            EXPECT_EQ(error.method(), "GET");
            EXPECT_EQ(error.peer(), peer);
            EXPECT_FALSE(error.is_timeout());
            EXPECT_THROW(std::rethrow_exception(error.cause()), IoError);
        }
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

// The server does as it should until a point, and then nothing more.
auto silent_after(std::string bytes) -> Script {
    return [bytes = std::move(bytes)](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send(bytes);
        co_await peer.hold();
    };
}

GYRE_TEST(HttpTimeout, silent_server) {
    struct Case {
        std::string bytes;
        RequestPhase phase;
        std::string_view operation = "read";
    };
    const std::vector<Case> cases = {
        {"", RequestPhase::response, "first byte"},
        {"HTTP/1.1 200 OK\r\nX", RequestPhase::response},
        {"HTTP/1.1 100 Continue\r\n\r\n", RequestPhase::response},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", RequestPhase::body},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", RequestPhase::body},
        {"HTTP/1.1 200 OK\r\n\r\nhalf", RequestPhase::body},
    };
    for (const auto& one : cases) {
        const Time before = this_loop().now();
        const auto reply = co_await fetch_from(silent_after(one.bytes));
        EXPECT_EQ(this_loop().now() - before, 30s);
        EXPECT_TRUE(reply.error.ends_with(": " + std::string(one.operation) + " timed out after 30 s")) << reply.error;
        EXPECT_TRUE(reply.timed_out);
        EXPECT_EQ(reply.phase, one.phase) << one.bytes;
    }
}

GYRE_TEST(HttpTimeout, slow_but_steady_server_is_no_error) {
    const auto reply = co_await fetch_from([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        for (const char c : ok("slowly")) {
            co_await sleep(29s);
            co_await peer.send(std::string(1, c));
        }
    });
    EXPECT_EQ(reply.body, "slowly") << reply.error;
}

GYRE_TEST(HttpTimeout, server_that_does_not_read) {
    ScriptedServer server([](Peer&) -> Task<> { co_await sleep(1h); });
    const ClientOptions options{.timeout = {.write = 5s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        std::string body(1'000'000, 'x');
        auto reply = co_await fetch(client, base, "PUT", {}, std::move(body));
        EXPECT_TRUE(reply.error.ends_with(": write timed out after 5 s")) << reply.error;
        EXPECT_EQ(reply.phase, RequestPhase::send);
    });
}

GYRE_TEST(HttpTimeout, none_if_it_is_zero) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await sleep(10h);
        co_await peer.send(ok("at last"));
    });
    const ClientOptions options{.timeout = {.first_byte = Duration::zero()}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "at last") << reply.error;
    });
}

GYRE_TEST(HttpTimeout, endless_body_of_a_redirect_is_left_after_a_second) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        if (peer.number() > 0) co_return co_await peer.send(ok("there"));
        co_await peer.send("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100\r\n\r\n");
        co_await peer.hold();
    });
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        const Time before = this_loop().now();
        auto reply = co_await fetch(client, base);
        EXPECT_EQ(reply.body, "there") << reply.error;
        EXPECT_EQ(this_loop().now() - before, 1s);
    });
}

GYRE_TEST(HttpTimeout, cancellation_is_no_error) {
    ScriptedServer server(silent_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        const auto outcome = co_await as_outcome(timeout(1s, fetch(client, base)));
        EXPECT_TRUE(failed_with<TimeoutError>(outcome));
        EXPECT_EQ(client.stats().open_connections, 0U);
    });
}

GYRE_TEST(HttpTimeout, cancelled_read_can_go_on) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        co_await sleep(10s);
        co_await peer.send("more");
        co_await peer.hold();
    });
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        auto response = co_await client.get(base);
        static_cast<void>(co_await response.read());
        const auto nothing = co_await move_on_after(1s, response.read());
        EXPECT_FALSE(nothing.has_value());
        const auto text = co_await response.text();
        EXPECT_EQ(text, "more");
        EXPECT_EQ(client.stats().idle_connections, 1U);
    });
}

TEST(HttpRequestError, is_one_line_whatever_it_is_about) {
    const http::RequestError error(RequestPhase::response, "GET\n", "http://x/\x1b[2J", "1.2.3.4:80", "bad\r\nthing");
    EXPECT_STREQ(error.what(), "GET\\x0a http://x/\\x1b[2J: 1.2.3.4:80: bad\\x0d\\x0athing");
    EXPECT_EQ(http::phase_name(RequestPhase::redirect), "redirect");
    EXPECT_FALSE(error.is_timeout());
}

}  // namespace
}  // namespace gyre::testing

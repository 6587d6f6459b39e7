// Cancelled at every suspension point: nothing leaks, and no connection in an unknown state is kept.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include "support/loops.hpp"

namespace gyre::testing {
namespace {

// So slowly that the client waits for every piece.
auto trickle(Peer& peer, std::string bytes) -> Task<> {
    constexpr std::size_t piece = 8;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        co_await sleep(1ms);
        co_await peer.send(bytes.substr(at, piece));
    }
}

// A redirect, a chunked body, and a plain one over the same connection.
auto server_of_the_scenario() -> Script {
    return [](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            std::string answer = ok("plain");
            if (request.starts_with("GET /start ")) {
                answer = "HTTP/1.1 302 Found\r\nLocation: /chunked\r\nContent-Length: 4\r\n\r\naway";
            } else if (request.starts_with("GET /chunked ")) {
                answer =
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n6\r\n world\r\n0\r\nT: u\r\n\r\n";
            }
            co_await trickle(peer, answer);
        }
    };
}

struct Seen {
    Seen() = default;
    std::string chunked;
    std::string plain;
};

auto make_requests(http::Client& client, std::string base, Seen& seen) -> Task<> {
    auto response = co_await client.get(base + "/start");
    seen.chunked = co_await response.text();
    auto second = co_await client.put(base + "/plain").body("body");
    seen.plain = co_await second.text();
    EXPECT_EQ(client.stats().connections_opened, 1U);
}

/// The requests against the server, cancelled at every step. @return how many steps they have.
auto cancel_everywhere(backend::SimOptions world, const net::TlsServerContext* tls = nullptr) -> std::size_t {
    Seen seen;
    const auto scenario = [&]() -> Task<> {
        ScriptedServer server(server_of_the_scenario());
        if (tls != nullptr) server.encrypt(*tls);
        const ClientBody body = [&](http::Client& client, std::string base) {
            return make_requests(client, base, seen);
        };
        const auto options = tls != nullptr ? https_client_options() : http::ClientOptions();
        co_await server.run(options, body);
    };
    return CancelEverywhere(scenario)
        .world(world)
        .orders(2)
        .before_each([&] { seen = Seen(); })
        .invariant([&](const CancelledRun& run) {
            if (run.end != CancelledRun::End::value) return;
            EXPECT_EQ(seen.chunked, "hello world");
            EXPECT_EQ(seen.plain, "plain");
        })
        .run();
}

TEST(HttpClientCancel, everything_at_every_step) { EXPECT_GT(cancel_everywhere({}), 50U); }

// Short reads and latency: cuts at other places.
TEST(HttpClientCancel, everything_at_every_step_in_a_slow_world) {
    backend::SimOptions world;
    world.longest_transfer = 5;
    world.latency = 2ms;
    EXPECT_GT(cancel_everywhere(world), 50U);
}

TEST(HttpClientCancel, everything_at_every_step_over_tls) {
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    EXPECT_GT(cancel_everywhere({}, &context), 50U);
}

// Only the client's task is cancelled, every half a millisecond; the same client then goes on.
auto cancel_client_after(int ticks, bool& was_cancelled) -> Task<> {
    ScriptedServer server(server_of_the_scenario());
    co_await server.run(http::ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        Seen first;
        const auto task = spawn(make_requests(client, base, first));
        co_await sleep(ticks * 500us);
        task.cancel("the test");
        const auto outcome = co_await as_outcome(task.join());
        was_cancelled = task.cancelled();
        EXPECT_TRUE(was_cancelled || outcome.has_value()) << describe(outcome.error());
        EXPECT_EQ(client.stats().open_connections, client.stats().idle_connections);

        auto after = co_await fetch(client, base + "/plain");
        EXPECT_EQ(after.body, "plain") << after.error;
        EXPECT_EQ(client.stats().replays, 0U);
    });
}

TEST(HttpClientCancel, client_works_on_after_any_cancellation) {
    bool was_cancelled = true;
    int ticks = 0;
    for (; was_cancelled && ticks < 10'000; ++ticks) {
        SCOPED_TRACE("after " + std::to_string(ticks) + " half milliseconds");
        TestLoop loop;
        loop.run(cancel_client_after(ticks, was_cancelled));
    }
    EXPECT_FALSE(was_cancelled);
    EXPECT_GT(ticks, 40);
}

}  // namespace
}  // namespace gyre::testing

// Cancelled at every suspension point: nothing leaks, and no connection in an unknown state is kept.
#include "scripted_server.hpp"

#include "support/cancel_everywhere.hpp"

namespace gyre::testing {
namespace {

// A redirect, a chunked body, and a plain one over the same connection.
auto server_of_the_scenario() -> Script {
    return [](Peer& peer) -> Task<> {
        for (;;) {
            const auto request = co_await peer.request();
            if (request.empty()) co_return;
            if (request.starts_with("GET /start ")) {
                co_await peer.send("HTTP/1.1 302 Found\r\nLocation: /chunked\r\nContent-Length: 4\r\n\r\naway");
            } else if (request.starts_with("GET /chunked ")) {
                co_await peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
                co_await yield_now();
                co_await peer.send("lo\r\n6\r\n world\r\n");
                co_await yield_now();
                co_await peer.send("0\r\nT: u\r\n\r\n");
            } else {
                co_await peer.send(ok("plain"));
            }
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
    auto second = co_await client.request("PUT", base + "/plain", {}, "body");
    seen.plain = co_await second.text();
    EXPECT_EQ(client.statistics().connections_opened, 1U);
}

// The server lives outside of what is cancelled as well as inside: here all of it goes.
TEST(HttpClientCancel, everything_at_every_step) {
    Seen seen;
    const auto scenario = [&]() -> Task<> {
        ScriptedServer server(server_of_the_scenario());
        const ClientBody body = [&](http::Client& client, std::string base) { return make_requests(client, base, seen); };
        co_await server.run(http::ClientOptions(), body);
    };
    const auto steps = CancelEverywhere(scenario)
                           .before_each([&] { seen = Seen(); })
                           .invariant([&](const CancelledRun& run) {
                               if (run.end != CancelledRun::End::value) return;
                               EXPECT_EQ(seen.chunked, "hello world");
                               EXPECT_EQ(seen.plain, "plain");
                           })
                           .run();
    EXPECT_GT(steps, 30U);
}

// Only the client's task is cancelled, at each turn of the loop in which it may be; the same client then goes on.
auto cancel_client_after(std::size_t turns, bool& was_cancelled) -> Task<> {
    ScriptedServer server(server_of_the_scenario());
    co_await server.run(http::ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
        Seen first;
        const auto task = spawn(make_requests(client, base, first));
        for (std::size_t i = 0; i < turns; ++i) co_await yield_now();
        task.cancel("the test");
        const auto outcome = co_await as_outcome(task.join());
        was_cancelled = task.cancelled();
        EXPECT_TRUE(was_cancelled || outcome.has_value()) << describe(outcome.error());
        EXPECT_EQ(client.statistics().open_connections, client.statistics().idle_connections);

        auto after = co_await fetch(client, base + "/plain");
        EXPECT_EQ(after.body, "plain") << after.error;
        EXPECT_EQ(client.statistics().replays, 0U);
    });
}

TEST(HttpClientCancel, client_works_on_after_any_cancellation) {
    bool was_cancelled = true;
    std::size_t turns = 0;
    for (; was_cancelled && turns < 10'000; ++turns) {
        SCOPED_TRACE("after " + std::to_string(turns) + " turns");
        TestLoop loop;
        loop.run(cancel_client_after(turns, was_cancelled));
    }
    EXPECT_FALSE(was_cancelled);
    EXPECT_GT(turns, 10U);
}

// Short reads and latency: cuts at other places.
TEST(HttpClientCancel, everything_at_every_step_in_a_slow_world) {
    Seen seen;
    const auto scenario = [&]() -> Task<> {
        ScriptedServer server(server_of_the_scenario());
        const ClientBody body = [&](http::Client& client, std::string base) { return make_requests(client, base, seen); };
        co_await server.run(http::ClientOptions(), body);
    };
    backend::SimOptions world;
    world.longest_transfer = 40;
    world.latency = 2ms;
    CancelEverywhere(scenario).world(world).orders(2).run();
}

}  // namespace
}  // namespace gyre::testing

// What makes a source, how far ahead of a slow handler is read, and what is granted where nobody has said anything.

#include "app_harness.hpp"
#include "harness.hpp"

#include <gyre/testing/memory_stream.hpp>

#include <atomic>
#include <vector>

namespace gyre::http::server_testing {
namespace {

/// One connection from each of `sources`, as a proxy tells; all of them stay open. @return the statuses of their requests.
auto statuses_of(ConnectionOptions options, const std::vector<std::string>& sources) -> std::vector<int> {
    const TrustedProxies proxies({"127.0.0.0/8"});
    options.trusted_proxies = &proxies;
    options.proxy_protocol = true;
    options.max_connections_per_source = 1;
    std::vector<int> statuses;
    run_with(World::simulated, echo, options, [&](std::uint16_t port) -> Task<void> {
        std::vector<RawClient> clients;
        for (const auto& source : sources) {
            const bool is_v6 = source.find(':') != source.npos;
            const std::string from = is_v6 ? "PROXY TCP6 " + source + " 2001:db8::9 1 80\r\n"
                                           : "PROXY TCP4 " + source + " 10.0.0.1 1 80\r\n";
            auto client = co_await RawClient::open(port);
            co_await client.send(from);
            const auto reply = co_await client.ask(get("/"));
            statuses.push_back(reply.status);
            clients.push_back(std::move(client));
        }
    });
    return statuses;
}

TEST(HttpGuards, an_ipv4_address_and_a_64_of_ipv6_are_one_source) {
    const auto statuses = statuses_of(
        {}, {"2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::1", "2001:db8:0:0:ffff::1",
                "192.0.2.1", "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "::ffff:192.0.2.3"});
    const std::vector<int> expected = {200, 503, 200, 200, 200, 503, 200, 503, 200};
    EXPECT_EQ(statuses, expected) << "an IPv4 address within IPv6 is an IPv4 address";
}

TEST(HttpGuards, how_many_bits_make_a_source_can_be_set) {
    ConnectionOptions options;
    options.source_bits_ipv4 = 24;
    options.source_bits_ipv6 = 48;
    const auto statuses = statuses_of(
        options, {"192.0.2.1", "192.0.2.255", "192.0.3.0", "2001:db8:0:1::1", "2001:db8:0:ffff::1", "2001:db8:1:1::1"});
    const std::vector<int> expected = {200, 503, 200, 200, 503, 200};
    EXPECT_EQ(statuses, expected);
}

GYRE_TEST(HttpReadAhead, no_more_than_64_kib_are_read_ahead_of_a_slow_handler) {
    auto streams = gyre::testing::memory_streams({.capacity = 1024}, {.capacity = 1024});
    auto client = std::move(streams.second);
    App app;
    app.get("/", [](Request&) -> Task<Response> {
        co_await sleep(1h);
        co_return Response::text("late");
    });
    const auto handler = app.handler();
    const ConnectionOptions options;  // the connection refers to both until it ends, which is after the body below
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto serving = serve_connection(std::move(streams.first), handler, options);
        auto server = group.spawn(std::move(serving));
        const auto first = get("/");
        co_await client.write(first);
        const auto next = get("/next");
        std::size_t taken = 0;
        for (;;) {
            const bool is_taken = co_await move_on_after(1s, client.write(next));
            if (!is_taken) break;
            taken += next.size();
        }
        EXPECT_GT(taken + next.size(), 64U * 1024) << "so much is read";
        EXPECT_LT(taken, 64U * 1024 + 3 * 1024) << "and then the sender waits, once the ways are full";
        server.cancel("the test is over");
    });
}

TEST(HttpGuards, what_nobody_has_set) {
    const ConnectionOptions options;
    EXPECT_EQ(options.max_connections, 10'000U);
    EXPECT_EQ(options.max_connections_per_source, 1000U);
    EXPECT_EQ(options.source_bits_ipv4, 32U);
    EXPECT_EQ(options.source_bits_ipv6, 64U);
    EXPECT_EQ(options.limits.body_bytes, 1024U * 1024);
}

/// A client that asks once and stays.
auto ask_and_stay(std::uint16_t port, int& answered) -> Task<void> {
    auto client = co_await RawClient::open(port);
    const auto reply = co_await client.ask(get("/"));
    if (reply.status == 200) answered += 1;
    co_await sleep(1h);
}

TEST(HttpGuards, loops_share_the_connections_and_round_up) {
    const auto serve = []() -> Task<void> {
        App app;
        app.get("/", [](Request&) -> Task<Response> { co_return Response::text("here"); });
        ServerOptions options{.port = 0, .loops = 2};
        options.connection.max_connections = 3;
        auto server = co_await Server::start(std::move(app), options);
        int answered = 0;
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 40; ++i) group.spawn(ask_and_stay(server.port(), answered));
            for (int i = 0; i < 1000 && answered < 4; ++i) co_await sleep(5ms);
            co_await sleep(100ms);  // no more come
            EXPECT_EQ(answered, 4) << "two on each of two loops";
            group.cancel();
        });
        co_await server.stop(1s);
    };
    gyre::run(serve, {.loops = 2});
}

TEST(HttpRequestBodies, in_a_coding_are_refused_where_their_text_is_wanted) {
    const auto body = []() -> Task<void> {
        App app;
        app.post("/text", [](Request& request) -> Task<Response> {
            auto text = co_await request.text();
            co_return Response::text(std::move(text));
        });
        app.post("/form", [](Request& request) -> Task<Response> {
            const auto form = co_await request.form();
            co_return Response::text(std::string(form.get("a").value_or("none")));
        });
        app.post("/parts", [](Request& request) -> Task<Response> {
            static_cast<void>(request.multipart());
            co_return Response::text("parts");
        });
        app.post("/bytes", [](Request& request) -> Task<Response> {
            auto text = co_await request.body().text();
            co_return Response::text(std::move(text));
        });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        Client client({.base_url = "http://127.0.0.1:" + std::to_string(server.port())});
        const auto ask = [&](const char* path, const char* coding) -> Task<int> {
            auto request = client.post(path).header("Content-Encoding", coding).body("a=1");
            request.header("Content-Type", "application/x-www-form-urlencoded");
            auto response = co_await std::move(request);
            const bool is_refused = response.status() == 415 && response.header("Accept-Encoding") == "identity";
            co_return is_refused ? 415 : response.status();
        };
        for (const char* path : {"/text", "/form", "/parts"}) {
            const auto refused = co_await ask(path, "gzip");
            EXPECT_EQ(refused, 415) << path;
        }
        const auto plain = co_await ask("/text", "Identity");
        EXPECT_EQ(plain, 200);
        const auto bytes = co_await ask("/bytes", "gzip");
        EXPECT_EQ(bytes, 200) << "who decodes it reads it as it is";
        co_await server.stop(1s);
    };
    gyre::run(body);
}

TEST(HttpRequestBodies, a_length_is_required_where_a_handler_wants_it) {
    App app;
    app.post("/", [](Request& request) -> Task<Response> {
        const auto length = request.require_length();
        EXPECT_EQ(request.content_length(), length);
        auto text = co_await request.text();
        co_return Response::text(std::to_string(length) + " " + text);
    });
    app.put("/", [](Request& request) -> Task<Response> {
        EXPECT_FALSE(request.content_length());
        auto text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    const auto handler = app.handler();
    for (const auto world : all_worlds) {
        const auto errors = run_with(world, handler, {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            const auto known = co_await client.ask(post("/", "hello"), "POST");
            EXPECT_EQ(known.body, "5 hello");
            const auto none = co_await client.ask("POST / HTTP/1.1\r\nHost: h\r\n\r\n", "POST");
            EXPECT_EQ(none.body, "0 ") << "no body is one of no bytes";
            const std::string chunked = " / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
            const auto any = co_await client.ask("PUT" + chunked + "\r\n1\r\nx\r\n0\r\n\r\n", "PUT");
            EXPECT_EQ(any.body, "x");
            const auto refused = co_await client.ask("POST" + chunked + "Expect: 100-continue\r\n\r\n", "POST");
            EXPECT_EQ(refused.status, 411);
            EXPECT_TRUE(refused.interim.empty()) << "the client need not send it";
        });
        EXPECT_TRUE(errors.empty()) << errors[0];
    }
}

TEST(HttpShedding, by_memory) {
    const auto body = []() -> Task<void> {
        for (const bool is_enough : {true, false}) {
            App app;
            app.use(load_shedding({.max_memory = is_enough ? std::uint64_t{1} << 40U : 1024 * 1024}));
            app.get("/", [](Request&) -> Task<Response> { co_return Response::text("hello"); });
            auto server = co_await Server::start(std::move(app), {.port = 0});
            Client client({.base_url = "http://127.0.0.1:" + std::to_string(server.port())});
            for (int i = 0; i < 2; ++i) {
                auto response = co_await client.get("/");
                EXPECT_EQ(response.status(), is_enough ? 200 : 503) << i;
                EXPECT_EQ(response.header("Retry-After").has_value(), !is_enough);
            }
            co_await server.stop(1s);
        }
    };
    gyre::run(body);
}

TEST(HttpClientCookies, a_client_may_go_without) {
    const auto body = []() -> Task<void> {
        App app;
        app.get("/", [](Request& request) -> Task<Response> {
            const std::string had(request.cookie("a").value_or("none"));
            co_return Response::text(had).cookie(Cookie("a", "1"));
        });
        auto server = co_await Server::start(std::move(app), {.port = 0});
        const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
        for (const bool keeps : {true, false}) {
            Client client({.base_url = base, .cookies = keeps});
            co_await gyre::testing::expect_text(client.get("/"), 200, "none");
            co_await gyre::testing::expect_text(client.get("/"), 200, keeps ? "1" : "none");
        }
        co_await server.stop(1s);
    };
    gyre::run(body);
}

}  // namespace
}  // namespace gyre::http::server_testing

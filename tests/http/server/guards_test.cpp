// What protects a server from slow, endless and too many clients, and its clients from slow handlers.

#include "app_harness.hpp"
#include "harness.hpp"

#include <gyre/http/server/deadline.hpp>
#include <gyre/testing/cancel_everywhere.hpp>

#include <set>
#include <stdexcept>

namespace gyre::http::server_testing {
namespace {

auto answer_after(Duration pause) -> ExchangeHandler {
    return [pause](ServerExchange& exchange) -> Task<void> {
        co_await sleep(pause);
        co_await exchange.respond(200, "text/plain", "done");
    };
}

TEST(HttpGuards, a_request_has_the_time_that_it_is_given) {
    ConnectionOptions options;
    options.request_timeout = 5s;
    options.disconnect_check_after = {};
    const auto in_time = run_with(World::simulated, answer_after(4900ms), options, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        for (int i = 0; i < 3; ++i) {
            const auto reply = co_await client.ask(get("/"));
            EXPECT_EQ(reply.body, "done") << "each has its own time";
        }
    });
    EXPECT_TRUE(in_time.empty());
    const auto late = run_with(World::simulated, answer_after(5100ms), options, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        const auto reply = co_await client.ask(get("/"));
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.field("Connection"), "close");
        EXPECT_EQ(this_loop().now() - before, 5s);
    });
    EXPECT_TRUE(late.empty());
}

TEST(HttpGuards, a_response_that_has_begun_is_cut_when_the_time_is_over) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        co_await exchange.start(std::move(head));
        co_await exchange.write("some");
        co_await sleep(1h);
    };
    ConnectionOptions options;
    options.request_timeout = 5s;
    const auto errors = run_with(World::simulated, handler, options, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto reply = co_await client.ask(get("/"));
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, "some");
        EXPECT_FALSE(reply.is_whole);
    });
    EXPECT_TRUE(errors.empty());
}

TEST(HttpGuards, a_connection_that_was_taken_over_has_no_time_limit) {
    auto handler = [](ServerExchange& exchange) -> Task<void> {
        ResponseHead head;
        head.fields.add("Upgrade", "other");
        head.fields.add("Connection", "Upgrade");
        co_await exchange.switch_protocols(std::move(head));
        auto stream = exchange.take_stream();
        co_await sleep(1h);
        co_await stream.write("still here");
    };
    ConnectionOptions options;
    options.request_timeout = 5s;
    run_with(World::simulated, handler, options, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send(get("/", "Upgrade: other\r\nConnection: Upgrade\r\n"));
        const auto all = co_await client.read_to_end();
        EXPECT_TRUE(all.ends_with("still here")) << all;
    });
}

/// Reads `rate` bytes each second of an endless response, for at most `seconds`. @return for how many seconds it lasted.
auto read_slowly(std::uint16_t port, std::size_t rate, int seconds) -> Task<int> {
    auto client = co_await RawClient::open(port);
    co_await client.send(get("/"));
    try {
        for (int i = 0; i < seconds; ++i) {
            co_await sleep(1s);
            std::size_t left = rate;
            while (left > 0) {
                const auto piece = co_await client.stream.read_some(left);
                if (piece.empty()) co_return i;
                left -= piece.size();
            }
        }
    } catch (const IoError&) {
        co_return 0;
    }
    co_return seconds;
}

TEST(HttpGuards, a_response_is_taken_at_240_bytes_a_second_or_not_at_all) {
    double cut_after = 0;
    std::size_t written = 0;
    auto handler = [&](ServerExchange& exchange) -> Task<void> {
        const std::string piece(100, 'x');
        written = 0;
        const auto before = this_loop().now();
        try {
            ResponseHead head;
            co_await exchange.start(std::move(head));
            for (;;) {
                co_await exchange.write(piece);
                written += 100;
            }
        } catch (const IoError& error) {
            const bool is_late = error.code() == std::errc::timed_out;
            if (is_late) cut_after = std::chrono::duration<double>(this_loop().now() - before).count();
            throw;
        }
    };
    ConnectionOptions only_rate;
    only_rate.write_timeout = 1h;  // a pipe moves its bytes in larger steps than a slow reader takes
    run_with(World::simulated, handler, only_rate, [&](std::uint16_t port) -> Task<void> {
        const auto fast = co_await read_slowly(port, 260, 4000);
        EXPECT_EQ(fast, 4000);
        EXPECT_EQ(cut_after, 0);
        static_cast<void>(co_await move_on_after(1h, read_slowly(port, 100, 4000)));
        // What was taken has earned its time, and five seconds more.
        EXPECT_GT(cut_after, 0);
        EXPECT_NEAR(cut_after, 5 + static_cast<double>(written) / 240, 2 + cut_after / 10);
    });
    cut_after = 0;
    ConnectionOptions any_rate = only_rate;
    any_rate.write_min_rate = 0;
    run_with(World::simulated, handler, any_rate, [&](std::uint16_t port) -> Task<void> {
        const auto lasted = co_await read_slowly(port, 100, 4000);
        EXPECT_EQ(lasted, 4000);
    });
}

TEST(HttpGuards, a_connection_grows_old_and_no_two_at_the_same_time) {
    ConnectionOptions options;
    options.max_connection_age = 1000s;
    std::set<std::int64_t> ages;
    auto live = [&](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        const auto before = this_loop().now();
        for (;;) {
            const auto reply = co_await client.ask(get("/"));
            EXPECT_EQ(reply.status, 200);
            if (reply.field("Connection") == "close") break;
            co_await sleep(1s);
        }
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(this_loop().now() - before).count();
        EXPECT_GE(age, 899);
        EXPECT_LE(age, 1000);
        ages.insert(age);
    };
    options.max_requests_per_connection = 10'000;
    run_with(World::simulated, echo, options, [&](std::uint16_t port) -> Task<void> {
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            for (int i = 0; i < 8; ++i) group.spawn(live(port));
            co_return;
        });
    });
    EXPECT_EQ(ages.size(), 8U);
}

TEST(HttpGuards, one_source_has_so_many_connections) {
    ConnectionOptions options;
    options.max_connections_per_source = 2;
    for (const auto world : {World::simulated, World::kernel}) {
        const auto errors = run_with(world, echo, options, [](std::uint16_t port) -> Task<void> {
            auto first = co_await RawClient::open(port);
            const auto one = co_await first.ask(get("/1"));
            EXPECT_EQ(one.status, 200);
            {
                auto second = co_await RawClient::open(port);
                const auto two = co_await second.ask(get("/2"));
                EXPECT_EQ(two.status, 200);
                auto third = co_await RawClient::open(port);
                const auto refusal = co_await third.ask(get("/3"));
                EXPECT_EQ(refusal.status, 503);
                EXPECT_TRUE(refusal.is_whole);
                EXPECT_EQ(refusal.field("Retry-After"), "1");
                EXPECT_EQ(refusal.field("Connection"), "close");
                co_await second.stream.close();
            }
            for (int i = 0; i < 100; ++i) {
                const auto again = co_await ask(port, get("/4", "Connection: close\r\n"));
                if (again.status == 200) co_return;
                co_await sleep(10ms);
            }
            ADD_FAILURE() << "the place of a connection that has ended is free again";
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpGuards, a_handler_is_cancelled_though_its_upload_is_pending) {
    for (const auto world : all_worlds) {
        bool was_cancelled = false;
        gyre::Event begun;
        gyre::Event ended;
        App app;
        app.post("/", [&](Request&) -> Task<Response> {
            begun.set();
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                was_cancelled = true;
                ended.set();
                co_return;
            });
            co_return Response();
        });
        run_with(world, app.handler(), {}, [&](std::uint16_t port) -> Task<void> {
            {
                auto client = co_await RawClient::open(port);
                co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
                co_await begun.wait();
            }
            co_await timeout(10s, ended.wait());
        });
        EXPECT_TRUE(was_cancelled);
    }
}

TEST(HttpGuards, what_the_watch_read_ahead_is_not_lost) {
    for (const auto world : all_worlds) {
        App app;
        app.post("/", [&](Request& request) -> Task<Response> {
            std::size_t size = 0;
            bool is_as_sent = true;
            for (int i = 0;; ++i) {
                if (i < 4) co_await sleep(30ms);  // the watch looks meanwhile
                const auto piece = co_await request.body().read();
                if (piece.empty()) break;
                if (i < 4) co_await sleep(30ms);  // and leaves the piece alone
                for (char c : piece) is_as_sent = is_as_sent && c == "xyz"[size++ % 3];
            }
            EXPECT_TRUE(is_as_sent);
            co_return Response::text(std::to_string(size));
        });
        const auto errors = run_with(world, app.handler(), {}, [&](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            std::string body;
            for (int i = 0; i < 100'000; ++i) body += "xyz";
            const auto first = co_await client.ask(post("/", body), "POST");
            EXPECT_EQ(first.body, "300000");
            co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
            for (int i = 0; i < 6; ++i) {
                const std::string letter(1, "xyz"[i % 3]);
                co_await client.send(letter);
                co_await sleep(25ms);
            }
            const auto second = co_await client.receive("POST");
            EXPECT_EQ(second.body, "6");
        });
        EXPECT_TRUE(errors.empty());
    }
}

TEST(HttpGuards, a_body_that_nobody_reads_keeps_its_pace_afterwards) {
    // The handler is slow, the watch reads on: what came meanwhile counts for the pace, the time does not.
    App app;
    app.post("/", [](Request& request) -> Task<Response> {
        co_await sleep(100s);
        const auto text = co_await request.text();
        co_return Response::text(std::to_string(text.size()));
    });
    run_with(World::simulated, app.handler(), {}, [](std::uint16_t port) -> Task<void> {
        auto client = co_await RawClient::open(port);
        co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2402\r\n\r\n");
        co_await client.send(std::string(2400, 'x'));
        co_await sleep(114900ms);  // 10 s earned, 5 s of grace
        co_await client.send("yy");
        const auto reply = co_await client.receive("POST");
        EXPECT_EQ(reply.body, "2402");
        co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2402\r\n\r\n");
        co_await client.send(std::string(2400, 'x'));
        const auto before = this_loop().now();
        const auto late = co_await client.receive("POST");
        EXPECT_EQ(late.status, 408);
        EXPECT_GE(this_loop().now() - before, 115s);
        EXPECT_LT(this_loop().now() - before, 116s);
    });
}

auto use_a_watched_connection() -> Task<> {
    App app;
    app.post("/", [](Request& request) -> Task<Response> {
        co_await sleep(25ms);
        const auto text = co_await request.text();
        co_return Response::text(text);
    });
    const auto handler = app.handler();
    ConnectionOptions options;
    options.request_timeout = 5s;
    co_await serve_while(
        handler, options,
        [](std::uint16_t port) -> Task<void> {
            auto client = co_await RawClient::open(port);
            co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
            for (int i = 0; i < 3; ++i) {
                co_await client.send("yy");
                co_await sleep(15ms);
            }
            const auto reply = co_await client.receive("POST");
            EXPECT_EQ(reply.body, "yyyyyy");
        },
        nullptr);
}

TEST(GuardedStream, survives_cancellation_anywhere) { gyre::testing::CancelEverywhere(use_a_watched_connection).run(); }

}  // namespace
}  // namespace gyre::http::server_testing

namespace gyre::testing {
namespace {

class HttpDeadline : public OnLoops {};
GYRE_ON_LOOPS(HttpDeadline);

TEST_P(HttpDeadline, holds_for_what_is_inside_of_it) {
    http::App app;
    auto api = app.group("/api");
    api.use(http::deadline(200ms));
    const auto slow = [](http::Request&) -> Task<http::Response> {
        co_await sleep(300ms);
        co_return http::Response::text("slow");
    };
    api.get("/slow", slow);
    api.get("/fast", [](http::Request&) -> Task<http::Response> {
        co_await sleep(10ms);
        co_return http::Response::text("fast");
    });
    app.get("/slow", slow);
    run(serve_app(std::move(app), [](http::Client& client) -> Task<> {
        co_await expect_text(client.get("/api/fast"), 200, "fast");
        co_await expect_line(client.get("/api/slow"),
            "503 application/problem+json | {\"type\":\"about:blank\",\"title\":\"Service "
            "Unavailable\",\"status\":503,\"detail\":\"the request took longer than the server gives it\"}\n");
        co_await expect_text(client.get("/slow"), 200, "slow");
    }));
}

TEST_P(HttpDeadline, cuts_a_stream) {
    http::App app;
    app.use(http::deadline(200ms));
    app.get("/", [](http::Request&) -> Task<http::Response> {
        co_return http::Response::stream("text/plain", [](http::BodyWriter& body) -> Task<> {
            co_await body.write("first");
            co_await sleep(1h);
        });
    });
    std::vector<std::string> told;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        co_await serve_app(std::move(app), [](http::Client& client) -> Task<> {
            auto response = co_await client.get("/");
            const auto text = co_await as_outcome(response.text());
            EXPECT_TRUE(text.is_error());
        });
    });
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].find("deadline"), std::string::npos) << told[0];
}

TEST(HttpDeadlineTest, has_some_time) {
    EXPECT_THROW(static_cast<void>(http::deadline(0s)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::deadline(-1s)), std::invalid_argument);
}

}  // namespace
}  // namespace gyre::testing

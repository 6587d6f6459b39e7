// The middlewares that gyre brings: CORS, security headers, problems, rates, load, names of requests.

#include "app_harness.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::Next;
using http::Request;
using http::Response;

class HttpMiddlewares : public OnLoops {};
GYRE_ON_LOOPS(HttpMiddlewares);

auto hello(Request&) -> Task<Response> { co_return Response::text("hello"); }

auto field_of(const http::ClientResponse& response, std::string_view name) -> std::string {
    return std::string(response.header(name).value_or("(none)"));
}

// --- CORS -------------------------------------------------------------------------------------------------------------

auto strict_cors() -> http::CorsPolicy {
    http::CorsPolicy policy;
    policy.allow_origin("https://app.example").allow_methods({"PUT"}).allow_headers({"X-Token", "Content-Type"});
    policy.expose_headers({"X-Total"}).allow_credentials().max_age(std::chrono::seconds(60));
    return policy;
}

TEST_P(HttpMiddlewares, cors_tells_the_origins_that_are_allowed) {
    App app;
    app.use(http::cors(strict_cors()));
    app.get("/", hello);
    app.get("/vary", [](Request&) -> Task<Response> { co_return Response::text("x").header("Vary", "accept, origin"); });
    app.get("/bad", [](Request&) -> Task<Response> {
        throw http::HttpError(418, "no");
        co_return Response();
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto allowed = co_await client.get("/").header("Origin", "https://app.example");
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Origin"), "https://app.example");
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Credentials"), "true");
        EXPECT_EQ(field_of(allowed, "Access-Control-Expose-Headers"), "X-Total");
        EXPECT_EQ(field_of(allowed, "Vary"), "Origin");
        auto strange = co_await client.get("/").header("Origin", "https://app.example.evil.example");
        EXPECT_EQ(strange.status(), 200);
        EXPECT_EQ(field_of(strange, "Access-Control-Allow-Origin"), "(none)");
        EXPECT_EQ(field_of(strange, "Vary"), "Origin");
        auto own = co_await client.get("/");
        EXPECT_EQ(field_of(own, "Access-Control-Allow-Origin"), "(none)");
        EXPECT_EQ(field_of(own, "Vary"), "Origin") << "a cache must not give this to a page of another origin";
        auto error = co_await client.get("/bad").header("Origin", "https://app.example");
        EXPECT_EQ(error.status(), 418);
        EXPECT_EQ(field_of(error, "Access-Control-Allow-Origin"), "https://app.example");
        auto missing = co_await client.get("/missing").header("Origin", "https://app.example");
        EXPECT_EQ(missing.status(), 404);
        EXPECT_EQ(field_of(missing, "Access-Control-Allow-Origin"), "https://app.example");
        auto varied = co_await client.get("/vary");
        EXPECT_EQ(varied.fields().count("Vary"), 1U);
    }));
}

TEST_P(HttpMiddlewares, cors_answers_preflights) {
    App app;
    app.use(http::cors(strict_cors()));
    app.put("/", hello);
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto allowed = co_await client.request("OPTIONS", "/")
                           .header("Origin", "https://app.example")
                           .header("Access-Control-Request-Method", "PUT");
        EXPECT_EQ(allowed.status(), 204);
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Origin"), "https://app.example");
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Methods"), "GET, HEAD, POST, PUT");
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Headers"), "X-Token, Content-Type");
        EXPECT_EQ(field_of(allowed, "Access-Control-Allow-Credentials"), "true");
        EXPECT_EQ(field_of(allowed, "Access-Control-Max-Age"), "60");
        EXPECT_TRUE(allowed.fields().contains_token("Vary", "Origin"));
        EXPECT_TRUE(allowed.fields().contains_token("Vary", "Access-Control-Request-Method"));
        auto method = co_await client.request("OPTIONS", "/")
                          .header("Origin", "https://app.example")
                          .header("Access-Control-Request-Method", "DELETE");
        EXPECT_EQ(method.status(), 403);
        EXPECT_EQ(field_of(method, "Access-Control-Allow-Origin"), "(none)");
        auto origin = co_await client.request("OPTIONS", "/")
                          .header("Origin", "https://evil.example")
                          .header("Access-Control-Request-Method", "PUT");
        EXPECT_EQ(origin.status(), 403);
        auto plain = co_await client.request("OPTIONS", "/");
        EXPECT_EQ(plain.status(), 204);
        EXPECT_NE(field_of(plain, "Allow"), "(none)") << "no preflight: the routes answer";
    }));
}

TEST_P(HttpMiddlewares, cors_for_everybody) {
    App app;
    app.use(http::cors(http::CorsPolicy().allow_any_origin()));
    app.get("/", hello);
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/").header("Origin", "null");
        EXPECT_EQ(field_of(response, "Access-Control-Allow-Origin"), "*");
        EXPECT_EQ(field_of(response, "Vary"), "(none)");
    }));
}

TEST(HttpMiddlewaresTest, cors_refuses_what_is_unsafe_or_no_origin) {
    http::CorsPolicy both;
    both.allow_any_origin().allow_credentials();
    EXPECT_THROW(static_cast<void>(http::cors(both)), std::invalid_argument);
    for (const char* origin : {"", "*", "null", "app.example", "https://", "https://a/", "https://a?b", "https://*.a"}) {
        EXPECT_THROW(http::CorsPolicy().allow_origin(origin), std::invalid_argument) << origin;
    }
    EXPECT_THROW(http::CorsPolicy().allow_methods({"PU T"}), std::invalid_argument);
    EXPECT_THROW(http::CorsPolicy().allow_headers({"X:"}), std::invalid_argument);
    EXPECT_THROW(http::CorsPolicy().expose_headers({""}), std::invalid_argument);
}

// --- Security headers, names ------------------------------------------------------------------------------------------

TEST_P(HttpMiddlewares, security_headers_are_added_unless_the_handler_says_otherwise) {
    App app;
    http::SecurityHeaderOptions options;
    options.content_security_policy = "default-src 'self'";
    app.use(http::security_headers(options));
    app.get("/", hello);
    app.get(
        "/own", [](Request&) -> Task<Response> { co_return Response::text("x").header("Referrer-Policy", "origin"); });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        EXPECT_EQ(field_of(response, "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(field_of(response, "Content-Security-Policy"), "default-src 'self'; frame-ancestors 'none'");
        EXPECT_EQ(field_of(response, "Referrer-Policy"), "no-referrer");
        EXPECT_EQ(field_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
        EXPECT_EQ(field_of(response, "Strict-Transport-Security"), "(none)") << "not without TLS";
        auto own = co_await client.get("/own");
        EXPECT_EQ(field_of(own, "Referrer-Policy"), "origin");
        EXPECT_EQ(own.fields().count("Referrer-Policy"), 1U);
        auto missing = co_await client.get("/missing");
        EXPECT_EQ(field_of(missing, "X-Content-Type-Options"), "nosniff");
    }));
}

TEST_P(HttpMiddlewares, hsts_is_sent_to_those_who_came_over_tls) {
    App app;
    http::SecurityHeaderOptions options;
    options.hsts_subdomains = true;
    app.use(http::security_headers(options));
    app.get("/", hello);
    const http::TrustedProxies proxies({"127.0.0.0/8", "::1"});
    http::ServerOptions server;
    server.connection.trusted_proxies = &proxies;
    run(serve_app(
        std::move(app),
        [](Client& client) -> Task<> {
            auto secure = co_await client.get("/")
                              .header("X-Forwarded-For", "192.0.2.1")
                              .header("X-Forwarded-Proto", "https");
            EXPECT_EQ(field_of(secure, "Strict-Transport-Security"), "max-age=31536000; includeSubDomains");
            auto plain = co_await client.get("/");
            EXPECT_EQ(field_of(plain, "Strict-Transport-Security"), "(none)");
        },
        server));
}

TEST_P(HttpMiddlewares, each_request_has_a_name) {
    App app;
    app.use(http::request_id());
    app.get("/",
        [](Request& request) -> Task<Response> { co_return Response::text(request.find<http::RequestId>()->text); });
    auto trusting = app.group("/trusting");
    trusting.use(http::request_id({.header = "X-Trace", .from_client = true}));
    trusting.get("/", hello);
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        std::set<std::string> names;
        for (int i = 0; i < 3; ++i) {
            auto response = co_await client.get("/").header("X-Request-Id", "mine");
            const auto text = co_await response.text();
            EXPECT_EQ(text.size(), 32U);
            EXPECT_EQ(field_of(response, "X-Request-Id"), text);
            names.insert(text);
        }
        EXPECT_EQ(names.size(), 3U);
        auto taken = co_await client.get("/trusting/").header("X-Trace", "a-B_3.4");
        EXPECT_EQ(field_of(taken, "X-Trace"), "a-B_3.4");
        const std::string longest(128, 'a');
        auto whole = co_await client.get("/trusting/").header("X-Trace", longest);
        EXPECT_EQ(field_of(whole, "X-Trace"), longest);
        for (const auto& bad : {std::string("a b"), std::string("a\"b"), std::string(129, 'a')}) {
            auto refused = co_await client.get("/trusting/").header("X-Trace", bad);
            EXPECT_EQ(field_of(refused, "X-Trace").size(), 32U) << bad;
        }
    }));
    EXPECT_THROW(static_cast<void>(http::request_id({.header = "a b"})), std::invalid_argument);
}

// --- Rates and load ---------------------------------------------------------------------------------------------------

GYRE_TEST(HttpRateLimit, lets_a_burst_through_and_then_the_rate) {
    App app;
    app.use(http::rate_limit({.per_second = 0.5, .burst = 3}));
    app.get("/", hello);
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            auto response = co_await client.get("/");
            EXPECT_EQ(response.status(), 200);
            EXPECT_EQ(field_of(response, "RateLimit-Policy"), "\"default\";q=3;w=6");
            EXPECT_EQ(field_of(response, "RateLimit"),
                "\"default\";r=" + std::to_string(2 - i) + ";t=" + std::to_string(2 * (i + 1)));
        }
        auto refused = co_await client.get("/");
        EXPECT_EQ(refused.status(), 429);
        EXPECT_EQ(field_of(refused, "Retry-After"), "2");
        EXPECT_EQ(field_of(refused, "RateLimit"), "\"default\";r=0;t=6");
        co_await sleep(1900ms);
        auto early = co_await client.get("/");
        EXPECT_EQ(early.status(), 429) << "and asking in vain costs nothing";
        co_await sleep(200ms);
        co_await expect_text(client.get("/"), 200, "hello");
        auto again = co_await client.get("/");
        EXPECT_EQ(again.status(), 429);
        co_await sleep(1h);
        for (int i = 0; i < 3; ++i) co_await expect_text(client.get("/"), 200, "hello");
        auto full = co_await client.get("/");
        EXPECT_EQ(full.status(), 429) << "the bucket holds no more than the burst";
    });
}

GYRE_TEST(HttpRateLimit, has_a_bucket_for_each_key_and_forgets_the_oldest) {
    App app;
    app.use(http::rate_limit({.per_second = 0.001, .burst = 1, .max_keys = 2},
        [](Request& request) { return std::string(request.header("X-Key").value_or("")); }));
    app.get("/", hello);
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        const auto ask = [&](std::string key) -> Task<int> {
            auto response = co_await client.get("/").header("X-Key", key);
            co_return response.status();
        };
        std::vector<int> statuses;
        for (const char* key : {"a", "b", "a", "b", "c", "b", "a"}) {
            const int status = co_await ask(key);
            statuses.push_back(status);
        }
        // c takes the place of a, which asked longest ago; a has a new bucket then.
        EXPECT_EQ(statuses, (std::vector<int>{200, 200, 429, 429, 200, 429, 200}));
        for (int i = 0; i < 3; ++i) co_await expect_text(client.get("/"), 200, "hello");
    });
    EXPECT_THROW(static_cast<void>(http::rate_limit({.per_second = 0})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::rate_limit({.burst = 0.5})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::rate_limit({.max_keys = 0})), std::invalid_argument);
}

TEST_P(HttpMiddlewares, only_so_many_requests_are_let_in_at_a_time) {
    run([]() -> Task<> {
        Event go("the handlers may end");
        int inside = 0;
        App app;
        auto group = app.group("/api");
        group.use(http::concurrency_limit(2));
        group.get("/", [&](Request&) -> Task<Response> {
            ++inside;
            co_await go.wait();
            co_return Response::text("hello");
        });
        co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
            co_await task_group([&](TaskGroup& tasks) -> Task<> {
                tasks.spawn(expect_text(client.get("/api/"), 200, "hello"));
                tasks.spawn(expect_text(client.get("/api/"), 200, "hello"));
                while (inside < 2) co_await sleep(1ms);
                auto refused = co_await client.get("/api/");
                EXPECT_EQ(refused.status(), 503);
                EXPECT_EQ(field_of(refused, "Retry-After"), "1");
                go.set();
            });
            co_await expect_text(client.get("/api/"), 200, "hello");
        });
    });
    EXPECT_THROW(static_cast<void>(http::concurrency_limit(0)), std::invalid_argument);
}

// Two places: one is taken by a response whose body the client does not read.
TEST_P(HttpMiddlewares, a_request_is_in_flight_until_its_body_has_been_sent) {
    run([]() -> Task<> {
        App app;
        app.use(http::concurrency_limit(1));
        app.get("/hello", hello);
        app.get("/text", [](Request&) -> Task<Response> { co_return Response::text(std::string(32 << 20, 'x')); });
        app.get("/stream", [](Request&) -> Task<Response> {
            co_return Response::stream("text/plain", [](http::BodyWriter& writer) -> Task<> {
                const std::string piece(1 << 20, 'x');
                for (int i = 0; i < 32; ++i) co_await writer.write(piece);
            });
        });
        co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
            for (const std::string path : {"/text", "/stream"}) {
                {
                    auto response = co_await client.get(path);
                    EXPECT_EQ(response.status(), 200);
                    auto refused = co_await client.get("/hello");
                    EXPECT_EQ(refused.status(), 503) << path;
                    const auto text = co_await response.text();
                    EXPECT_EQ(text.size(), 32U << 20U);
                    co_await expect_text(client.get("/hello"), 200, "hello");
                }
                {
                    auto given_up = co_await client.get(path);
                    EXPECT_EQ(given_up.status(), 200);
                }
                int status = 0;
                for (int i = 0; i < 1000 && status != 200; ++i) {
                    if (i > 0) co_await sleep(1ms);
                    auto response = co_await client.get("/hello");
                    status = response.status();
                }
                EXPECT_EQ(status, 200) << path << " was given up";
            }
        });
    });
}

TEST(HttpResponse, keeps_what_it_is_given) {
    auto first = std::make_shared<int>(1);
    auto second = std::make_shared<int>(2);
    {
        auto response = Response::text("x");
        response.keep(first);
        response.keep(second);
        auto moved = std::move(response);
        EXPECT_EQ(first.use_count(), 2);
        EXPECT_EQ(second.use_count(), 2);
    }
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(second.use_count(), 1);
}

TEST(HttpLoadShedding, sends_away_when_the_loop_is_behind) {
    run([]() -> Task<> {
        App app;
        app.use(http::load_shedding({.max_delay = 500ms, .retry_after = std::chrono::seconds(7)}));
        app.get("/", hello);
        co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
            co_await expect_text(client.get("/"), 200, "hello");
            bool is_busy = true;
            co_await task_group([&](TaskGroup& tasks) -> Task<> {
                tasks.spawn([&]() -> Task<> {
                    while (is_busy) {
                        // Far beyond what a busy machine does to the others.
                        const auto end = std::chrono::steady_clock::now() + 600ms;
                        while (std::chrono::steady_clock::now() < end) {}
                        co_await yield_now();
                    }
                });
                auto refused = co_await client.get("/");
                EXPECT_EQ(refused.status(), 503);
                EXPECT_EQ(field_of(refused, "Retry-After"), "7");
                is_busy = false;
            });
            co_await expect_text(client.get("/"), 200, "hello");
        });
    });
}

}  // namespace
}  // namespace gyre::testing

// What fails inside of an app: problems, in the outermost middleware and in those that mark responses.

#include "app_harness.hpp"

#include <gyre/net/connect.hpp>

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::Next;
using http::Request;
using http::Response;

class HttpProblemErrors : public OnLoops {};
GYRE_ON_LOOPS(HttpProblemErrors);

auto field_of(const http::ClientResponse& response, std::string_view name) -> std::string {
    return std::string(response.header(name).value_or("(none)"));
}

const std::string plain_problem =
    "500 application/problem+json | {\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}\n";

/// Routes that fail, each in a way of its own.
void add_failures(App& app) {
    app.get("/bug", [](Request&) -> Task<Response> {
        throw std::runtime_error("a secret");
        co_return Response();
    });
    app.get("/database", [](Request&) -> Task<Response> {
        auto stream = co_await net::connect("127.0.0.1", 1);
        co_return Response();
    });
    app.get("/field", [](Request&) -> Task<Response> { co_return Response().header("X-Name", "two\r\nlines"); });
    app.post("/body", [](Request& request) -> Task<Response> {
        for (bool has_more = true; has_more;) {
            const auto piece = co_await request.exchange().read();
            has_more = !piece.empty();
        }
        co_return Response();
    });
}

TEST_P(HttpProblemErrors, whatever_fails_is_a_problem) {
    App app;
    app.use(http::problem_errors());
    add_failures(app);
    app.use([](Request& request, Next next) -> Task<Response> {
        if (request.path() == "/teapot") throw http::HttpError(418, "short and stout");
        co_return co_await next(request);
    });
    std::vector<std::string> told;
    http::ServerOptions options;
    options.connection.limits.body_bytes = 10;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        co_await serve_app(
            std::move(app),
            [&](Client& client) -> Task<> {
                co_await expect_line(client.get("/bug"), plain_problem);
                co_await expect_line(client.get("/database"), plain_problem);
                co_await expect_line(client.get("/field"), plain_problem);
                EXPECT_EQ(told.size(), 3U);
                auto teapot = co_await client.get("/teapot");
                EXPECT_EQ(teapot.status(), 418);
                EXPECT_EQ(field_of(teapot, "Content-Type"), "application/problem+json");
                const auto send_much = [](http::BodyWriter& body) -> Task<> { co_await body.write("more than ten"); };
                auto large = co_await client.post("/body").body_from(send_much);
                EXPECT_EQ(large.status(), 413);
                EXPECT_EQ(field_of(large, "Content-Type"), "application/problem+json");
                EXPECT_EQ(field_of(large, "Connection"), "close") << "the rest of the body is still to come";
                const auto text = co_await large.text();
                EXPECT_NE(text.find("body_too_large"), std::string::npos) << text;
            },
            options);
    });
    ASSERT_EQ(told.size(), 3U) << "what the client did wrong is nobody's news";
    EXPECT_NE(told[0].find("a secret"), std::string::npos) << told[0];
    EXPECT_NE(told[0].find("GET /bug from "), std::string::npos) << told[0];
    EXPECT_NE(told[1].find("connect 127.0.0.1:1: "), std::string::npos) << told[1];
    EXPECT_NE(told[2].find("GET /field from "), std::string::npos) << told[2];
}

// In the order that the manual names.
TEST_P(HttpProblemErrors, what_fails_is_marked_as_any_response) {
    App app;
    app.use(http::problem_errors())
        .use(http::request_id())
        .use(http::security_headers())
        .use(http::cors(http::CorsPolicy().allow_origin("https://app.example")));
    app.use(http::rate_limit({.per_second = 100, .burst = 100})).use(http::load_shedding()).use(http::deadline(1min));
    add_failures(app);
    int told = 0;
    http::ServerOptions options;
    options.connection.limits.body_bytes = 10;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        co_await serve_app(
            std::move(app),
            [](Client& client) -> Task<> {
                const auto check = [](const http::ClientResponse& response, int status) {
                    EXPECT_EQ(response.status(), status);
                    EXPECT_EQ(field_of(response, "Content-Type"), "application/problem+json");
                    EXPECT_EQ(field_of(response, "X-Request-Id").size(), 32U);
                    EXPECT_EQ(field_of(response, "X-Content-Type-Options"), "nosniff");
                    EXPECT_EQ(field_of(response, "Access-Control-Allow-Origin"), "https://app.example");
                    EXPECT_NE(field_of(response, "RateLimit"), "(none)");
                };
                auto bug = co_await client.get("/bug").header("Origin", "https://app.example");
                check(bug, 500);
                auto database = co_await client.get("/database").header("Origin", "https://app.example");
                check(database, 500);
                const auto send_much = [](http::BodyWriter& body) -> Task<> { co_await body.write("more than ten"); };
                auto large = co_await client.post("/body").header("Origin", "https://app.example").body_from(send_much);
                check(large, 413);
            },
            options);
    });
    EXPECT_EQ(told, 2) << "each error once";
}

TEST_P(HttpProblemErrors, a_client_that_has_gone_is_nobodys_news) {
    run([]() -> Task<> {
        int told = 0;
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        bool is_ready = false;
        bool has_failed = false;
        App app;
        app.use(http::problem_errors());
        app.post("/", [&](Request& request) -> Task<Response> {
            http::Fields hints{{"Link", "</a>"}};
            co_await request.early_hints(std::move(hints));
            is_ready = true;
            try {
                const auto text = co_await request.text();
                co_return Response::text(text);
            } catch (const IoError&) {
                has_failed = true;
                throw;
            }
        });
        http::ServerOptions options{.port = 0};
        options.connection.disconnect_check_after = 0ms;
        auto server = co_await http::Server::start(std::move(app), options);
        {
            auto stream = co_await net::connect("127.0.0.1", server.port());
            co_await stream.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
            for (int i = 0; i < 1000 && !is_ready; ++i) co_await sleep(1ms);
            stream.abort();  // with hints that were not read: a reset
        }
        for (int i = 0; i < 1000 && !has_failed; ++i) co_await sleep(1ms);
        co_await server.stop(1s);
        EXPECT_TRUE(has_failed);
        EXPECT_EQ(told, 0);
    });
}

}  // namespace
}  // namespace gyre::testing

// Middlewares, and transports that stand in for connections.
#include "scripted_server.hpp"

#include "support/loops.hpp"

#include <gyre/http/client/mock.hpp>

namespace gyre::testing {
namespace {

using http::ClientCall;
using http::ClientMiddleware;
using http::ClientNext;
using http::ClientOptions;
using http::ClientResponse;
using http::MockTransport;
using http::RequestPhase;

// Writes when it is passed, on the way there and on the way back.
auto mark(std::string& log, std::string name) -> ClientMiddleware {
    return [&log, name = std::move(name)](ClientCall& call, ClientNext next) -> Task<ClientResponse> {
        log += name + "(";
        auto response = co_await next(call);
        log += ")" + name;
        co_return response;
    };
}

auto add_field(std::string name, std::string value) -> ClientMiddleware {
    return [name = std::move(name), value = std::move(value)](ClientCall& call, ClientNext next) {
        call.fields().set(name, value);
        return next(call);
    };
}

class HttpMiddleware : public OnLoops {};
GYRE_ON_LOOPS(HttpMiddleware);

TEST_P(HttpMiddleware, stand_around_a_request_in_their_order) {
    run([]() -> Task<> {
        ScriptedServer server(always(ok("here")));
        co_await server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            std::string log;
            client.use(mark(log, "a")).use(mark(log, "b"));
            auto response = co_await client.get(base + "/").use(mark(log, "c")).use(mark(log, "d"));
            const auto text = co_await response.text();
            EXPECT_EQ(text, "here");
            EXPECT_EQ(log, "a(b(c(d()d)c)b)a");
        });
        EXPECT_EQ(server.log().requests.size(), 1U);
    });
}

TEST_P(HttpMiddleware, change_what_is_sent) {
    run([]() -> Task<> {
        ScriptedServer server(always(ok("")));
        co_await server.run(ClientOptions(), [&](http::Client& client, std::string base) -> Task<> {
            const ClientMiddleware upper = [base](ClientCall& call, ClientNext next) {
                call.fields().set("X-Was", call.body());
                call.set_body("BODY");
                call.set_url(http::Url::parse(base + "/elsewhere?q=1"));
                return next(call);
            };
            client.use(upper);
            auto response = co_await client.put(base + "/").body("body");
            EXPECT_EQ(response.url().path(), "/elsewhere");
        });
        const auto& sent = server.log().requests.at(0);
        EXPECT_TRUE(sent.starts_with("PUT /elsewhere?q=1 HTTP/1.1\r\n")) << sent;
        EXPECT_NE(sent.find("X-Was: body\r\n"), std::string::npos);
        EXPECT_NE(sent.find("Content-Length: 4\r\n"), std::string::npos);
        EXPECT_TRUE(sent.ends_with("\r\n\r\nBODY")) << sent;
    });
}

GYRE_TEST(HttpMiddlewareRules, each_redirect_begins_with_what_the_caller_asked_for) {
    MockTransport mock;
    mock.on("PUT", "https://a.example/").respond(307, "", {{"Location", "https://a.example/2"}});
    mock.on("PUT", "https://a.example/2").respond(307, "", {{"Location", "https://b.example/"}});
    mock.on("PUT", "https://b.example/");
    http::Client client({.resend_body_across_origins = true, .transport = &mock});
    const ClientMiddleware secret = [](ClientCall& call, ClientNext next) {
        if (call.url().host() == "a.example") call.fields().set("X-Key", "secret");
        call.set_body(call.body() + "!");
        return next(call);
    };
    client.use(secret);
    auto response = co_await client.put("https://a.example/").body("body");
    EXPECT_EQ(response.redirects(), 2U);
    EXPECT_EQ(mock.calls().size(), 3U);
    for (const auto& call : mock.calls()) {
        EXPECT_EQ(call.fields.contains("X-Key"), call.url.starts_with("https://a.example/")) << call.url;
        EXPECT_EQ(call.body, "body!");
    }
}

GYRE_TEST(HttpMiddlewareRules, may_answer_without_a_server) {
    http::Client client;
    const ClientMiddleware cache = [](ClientCall& call, ClientNext) -> Task<ClientResponse> {
        co_return call.respond(203, "from here");
    };
    client.use(cache);
    auto response = co_await client.get("https://no.example/x");
    EXPECT_EQ(response.status(), 203);
    EXPECT_EQ(response.reason(), "Non-Authoritative Information");
    EXPECT_EQ(response.url().href(), "https://no.example/x");
    EXPECT_EQ(response.content_length(), 9U);
    const auto text = co_await response.text();
    EXPECT_EQ(text, "from here");
    const auto more = co_await response.read();
    EXPECT_TRUE(more.empty());
    EXPECT_EQ(error_of([&] { static_cast<void>(response.take_stream()); }),
        "http::ClientResponse::take_stream: this response does not switch protocols");
    auto head = co_await client.head("https://no.example/x");
    const auto nothing = co_await head.read();
    EXPECT_TRUE(nothing.empty());
    EXPECT_EQ(client.stats().connections_opened, 0U);
}

GYRE_TEST(HttpMiddlewareRules, may_send_again) {
    ScriptedServer server(in_turn({{"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy", ok("there")}}));
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        const ClientMiddleware again = [](ClientCall& call, ClientNext next) -> Task<ClientResponse> {
            auto response = co_await next(call);
            if (response.status() != 503) co_return response;
            co_await response.discard();
            response = co_await next(call);
            co_return response;
        };
        client.use(again);
        auto response = co_await client.get(base);
        EXPECT_EQ(response.status(), 200);
        EXPECT_EQ(client.stats().connections_opened, 1U);
    });
}

GYRE_TEST(HttpMiddlewareRules, an_answer_that_was_closed_has_no_body) {
    MockTransport mock;
    mock.on("GET", "http://x.example/").respond(200, "unread");
    http::Client client({.transport = &mock});
    auto response = co_await client.get("http://x.example/");
    co_await response.close();
    const auto rest = co_await response.text();
    EXPECT_EQ(rest, "");
}

GYRE_TEST(HttpMiddlewareRules, what_they_throw_is_the_callers) {
    MockTransport mock;
    http::Client client({.transport = &mock});
    const ClientMiddleware broken = [](ClientCall&, ClientNext) -> Task<ClientResponse> {
        throw std::logic_error("mine");
    };
    const auto outcome = co_await as_outcome(client.get("http://x.example/").use(broken));
    EXPECT_EQ(describe(outcome.error()), "mine");
    EXPECT_TRUE(mock.calls().empty());
    const auto bad_url = co_await as_outcome(client.get("http://x.example/").use([](ClientCall& call, ClientNext next) {
        call.set_url(http::Url::parse("http://user:s3cret@x.example/"));
        return next(call);
    }));
    EXPECT_TRUE(failed_with<http::RequestError>(bad_url));
    EXPECT_EQ(describe(bad_url.error()).find("s3cret"), std::string::npos);
    EXPECT_EQ(error_of([&] { client.use(nullptr); }), "http::Client::use: an empty middleware");
    EXPECT_EQ(error_of([&] { static_cast<void>(client.get("/").use(nullptr)); }),
        "http::ClientRequest::use: an empty middleware");
}

GYRE_TEST(HttpMiddlewareRules, total_time_counts_with_them) {
    MockTransport mock;
    http::Client client({.timeout = {.total = 5s}, .transport = &mock});
    const ClientMiddleware slow = [](ClientCall& call, ClientNext next) -> Task<ClientResponse> {
        co_await sleep(10s);
        auto response = co_await next(call);
        co_return response;
    };
    client.use(slow);
    const auto before = this_loop().now();
    const auto outcome = co_await as_outcome(client.get("http://x.example/"));
    EXPECT_TRUE(failed_with<TimeoutError>(outcome));
    EXPECT_EQ(this_loop().now() - before, 5s);
}

GYRE_TEST(HttpMiddlewareRules, raise_for_status_of_client_and_request) {
    MockTransport mock;
    mock.on("GET", "/").respond(404);
    http::Client strict({.raise_for_status = true, .transport = &mock});
    const auto raised = co_await as_outcome(strict.get("http://x.example/"));
    EXPECT_EQ(describe(raised.error()), "GET http://x.example/: 404 Not Found");
    auto not_raised = co_await strict.get("http://x.example/").raise_for_status(false);
    EXPECT_EQ(not_raised.status(), 404);
    http::Client lax({.transport = &mock});
    const auto asked = co_await as_outcome(lax.get("http://x.example/").raise_for_status());
    EXPECT_TRUE(failed_with<http::StatusError>(asked));
}

GYRE_TEST(HttpMock, answers_and_remembers) {
    MockTransport mock;
    auto& users = mock.on("GET", "https://api.example/users/*").respond(200, "[]");
    mock.on("*", "/login").respond(204, "", {{"Set-Cookie", "id=7; Secure; Path=/"}});
    mock.on("GET", "/q?a=1").respond([](ClientCall& call) -> Task<ClientResponse> {
        co_return call.respond(200, std::string(call.url().query().value_or("none")));
    });
    http::Client client({.transport = &mock});
    co_await client.post("https://api.example/login").body("me");
    auto list = co_await client.get("https://api.example/users/7").query("sort", "up");
    const auto text = co_await list.text();
    EXPECT_EQ(text, "[]");
    auto query = co_await client.get("https://other.example/q?a=1");
    const auto echoed = co_await query.text();
    EXPECT_EQ(echoed, "a=1");

    EXPECT_EQ(users.calls(), 1U);
    EXPECT_EQ(mock.calls().size(), 3U);
    EXPECT_EQ(mock.calls()[0].method, "POST");
    EXPECT_EQ(mock.calls()[0].body, "me");
    EXPECT_EQ(mock.calls()[0].fields.get("Content-Length"), "2");
    EXPECT_EQ(mock.calls()[1].url, "https://api.example/users/7?sort=up");
    EXPECT_EQ(mock.calls()[1].fields.get("Cookie"), "id=7");
    EXPECT_EQ(mock.calls()[1].fields.get("Host"), "api.example");
    EXPECT_FALSE(mock.calls()[2].fields.contains("Cookie"));
}

GYRE_TEST(HttpMock, answers_in_turn_and_fails) {
    MockTransport mock;
    mock.on("GET", "/").fail(RequestPhase::connect, "no route to host").respond(503).respond(200, "at last");
    http::Client client({.transport = &mock});
    const auto first = co_await as_outcome(client.get("http://x.example/"));
    EXPECT_EQ(describe(first.error()), "GET http://x.example/: no route to host");
    std::string statuses;
    for (int i = 0; i < 3; ++i) {
        auto response = co_await client.get("http://x.example/");
        statuses += std::to_string(response.status()) + " ";
    }
    EXPECT_EQ(statuses, "503 200 200 ");
}

GYRE_TEST(HttpMock, says_what_it_has_no_route_for) {
    MockTransport mock;
    mock.on("GET", "/a");
    mock.on("POST", "https://x.example/b*");
    http::Client client({.transport = &mock});
    const auto outcome = co_await as_outcome(client.get("https://x.example/b"));
    EXPECT_EQ(describe(outcome.error()),
        "GET https://x.example/b: the mock has no route for this request; it has GET /a, POST https://x.example/b*");
    EXPECT_EQ(mock.calls().size(), 1U);
}

GYRE_TEST(HttpMock, body_in_pieces) {
    MockTransport mock;
    int left = 3;
    mock.on("GET", "/").respond([&](ClientCall& call) -> Task<ClientResponse> {
        const http::BodyPieces pieces = [&]() -> Task<std::string> {
            co_await sleep(1s);
            if (left == -1) throw IoError(std::make_error_code(std::errc::connection_reset), "read", "mock");
            co_return left-- > 0 ? "piece;" : "";
        };
        co_return call.respond_in_pieces(http::ResponseHead(), pieces);
    });
    http::Client client({.transport = &mock});
    auto response = co_await client.get("http://x.example/");
    EXPECT_FALSE(response.content_length());
    const auto text = co_await response.text();
    EXPECT_EQ(text, "piece;piece;piece;");
    auto failing = co_await client.get("http://x.example/");
    const auto outcome = co_await as_outcome(failing.text());
    EXPECT_TRUE(failed_with<IoError>(outcome));
    left = 1000;
    auto much = co_await client.get("http://x.example/");
    const auto too_long = co_await as_outcome(much.text(100));
    EXPECT_EQ(describe(too_long.error()), "GET http://x.example/: the body is longer than 100 bytes");
}

TEST(ClientChain, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        ScriptedServer server(always(ok("here")));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            const ClientMiddleware twice = [](ClientCall& call, ClientNext next) -> Task<ClientResponse> {
                auto response = co_await next(call);
                co_await response.discard();
                co_await sleep(1ms);
                response = co_await next(call);
                co_return response;
            };
            client.use(twice).use(add_field("X", "y"));
            auto response = co_await client.get(base);
            const auto text = co_await response.text();
            EXPECT_EQ(text, "here");
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing

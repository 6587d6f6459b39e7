// An app and its client in one process, without sockets.
#include "support/loops.hpp"

#include <gyre/http.hpp>

namespace gyre::testing {
namespace {

using http::Request;
using http::Response;
using http::TestClient;

auto sample_app() -> http::App {
    http::App app;
    app.get("/hello/{name}", [](Request& request) -> Task<Response> {
        co_return Response::text("hello " + std::string(request.path_param("name")));
    });
    app.post("/echo", [](Request& request) -> Task<Response> {
        auto text = co_await request.text();
        co_return Response::text(std::move(text));
    });
    app.get("/login", [](Request&) -> Task<Response> {
        auto response = Response::redirect("/me");
        response.header("Set-Cookie", "id=7; Secure");
        co_return response;
    });
    app.get("/me", [](Request& request) -> Task<Response> {
        co_return Response::text(std::string(request.cookie("id").value_or("nobody")) + " at " + request.peer().ip() +
                                 ", " + std::string(request.host()));
    });
    app.get("/stream", [](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [](http::BodyWriter& out) -> Task<> {
            for (int i = 0; i < 100; ++i) co_await out.write(std::string(10'000, 'x'));
        });
    });
    return app;
}

class HttpTestClient : public OnLoops {};
GYRE_ON_LOOPS(HttpTestClient);

TEST_P(HttpTestClient, asks_the_app) {
    run([]() -> Task<> {
        TestClient client(sample_app());
        auto hello = co_await client.get("/hello/you");
        const auto text = co_await hello.text();
        EXPECT_EQ(text, "hello you");
        auto echo = co_await client.post("/echo").body(std::string(300'000, 'y'));
        const auto back = co_await echo.text();
        EXPECT_EQ(back, std::string(300'000, 'y'));
        auto none = co_await client.get("/none");
        EXPECT_EQ(none.status(), 404);
        auto stream = co_await client.get("/stream");
        const auto all = co_await stream.text();
        EXPECT_EQ(all.size(), 1'000'000U);
        EXPECT_EQ(client.stats().connections_opened, 2U);  // the 404 was not read when the stream began
        co_await client.stop();
    });
}

GYRE_TEST(HttpTestClientRules, cookies_and_redirects_and_https) {
    TestClient client(sample_app(), {.client = {.base_url = "https://shop.example"}});
    auto response = co_await client.get("/login");
    const auto text = co_await response.text();
    EXPECT_EQ(text, "7 at 127.0.0.1, shop.example");
    EXPECT_EQ(response.redirects(), 1U);
    auto other = co_await client.get("http://other.example/me");
    const auto stranger = co_await other.text();
    EXPECT_EQ(stranger, "nobody at 127.0.0.1, other.example");
}

GYRE_TEST(HttpTestClientRules, handler_is_cancelled_when_its_client_goes) {
    bool was_cancelled = false;
    http::App app;
    app.get("/slow", [&](Request&) -> Task<Response> {
        const auto clean = [&]() -> Task<> {
            was_cancelled = true;
            co_return;
        };
        co_await try_finally(sleep(1h), clean);
        co_return Response();
    });
    TestClient client(std::move(app));
    const auto answered = co_await move_on_after(1s, client.get("/slow"));
    EXPECT_FALSE(answered.has_value());
    co_await sleep(1s);
    EXPECT_TRUE(was_cancelled);
}

GYRE_TEST(HttpTestClientRules, slow_reader_holds_the_handler_back) {
    std::size_t written = 0;
    http::App app;
    app.get("/", [&](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [&](http::BodyWriter& out) -> Task<> {
            for (; written < 10'000'000; written += 10'000) co_await out.write(std::string(10'000, 'x'));
        });
    });
    TestClient client(std::move(app));
    auto response = co_await client.get("/");
    co_await sleep(1s);
    EXPECT_LT(written, 500'000U);
    const auto text = co_await response.text();
    EXPECT_EQ(text.size(), 10'000'000U);
}

GYRE_TEST(HttpTestClientRules, websockets) {
    http::App app;
    app.websocket("/ws", [](http::WebSocket& socket) -> Task<> {
        auto message = co_await socket.receive();
        co_await socket.send("got " + std::string(message->text()));
    });
    TestClient client(std::move(app));
    auto socket = co_await client.websocket("/ws");
    co_await socket.send("this");
    auto reply = co_await socket.receive();
    EXPECT_EQ(reply->text(), "got this");
    co_await socket.close();
}

GYRE_TEST(HttpTestClientRules, error_of_a_handler_is_500) {
    std::string told;
    this_loop().set_exception_handler([&](const ErrorContext& context) { told = describe(context.error); });
    http::App app;
    app.get("/", [](Request&) -> Task<Response> { throw std::runtime_error("broken"); });
    TestClient client(std::move(app));
    auto response = co_await client.get("/");
    EXPECT_EQ(response.status(), 500);
    EXPECT_EQ(told, "broken");
}

GYRE_TEST(HttpTestClientRules, takes_a_handler_without_routes) {
    const http::ExchangeHandler handler = [](http::ServerExchange& exchange) -> Task<> {
        co_await exchange.respond(200, "text/plain", exchange.target());
    };
    TestClient client(handler);
    auto response = co_await client.get("/x?y");
    const auto text = co_await response.text();
    EXPECT_EQ(text, "/x?y");
    TestClient moved(std::move(client));
    client = TestClient(handler);
    co_await moved.stop();
    co_await moved.stop();
    const auto closed = co_await as_outcome(moved.get("/"));
    EXPECT_TRUE(failed_with<InvalidStateError>(closed));
}

TEST(TestClient, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        TestClient client(sample_app());
        auto echo = co_await client.post("/echo").body(std::string(100'000, 'y'));
        const auto back = co_await echo.text();
        EXPECT_EQ(back.size(), 100'000U);
        auto login = co_await client.get("/login");
        const auto text = co_await login.text();
        EXPECT_TRUE(text.starts_with("nobody")) << text;
        co_await client.stop();
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing

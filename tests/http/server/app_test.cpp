// http::App: routes, parameters, bodies, responses of every kind, middlewares, groups, errors.

#include "app_harness.hpp"

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::HttpError;
using http::Next;
using http::Request;
using http::Response;

class HttpApp : public OnLoops {};
GYRE_ON_LOOPS(HttpApp);

auto say(std::string text) -> http::Handler {
    return [text](Request&) -> Task<Response> { co_return Response::text(text); };
}

TEST_P(HttpApp, gives_what_the_request_says) {
    App app;
    app.post("/users/{id:int}/{name}", [](Request& request) -> Task<Response> {
        const auto body = co_await request.text();
        std::string text(request.method());
        text.append(" ").append(request.route()).append(" ").append(request.path()).append(" ").append(request.query());
        text.append(" ").append(std::to_string(request.path_param<int>("id") + 1)).append(" ");
        text.append(request.path_param("name")).append(" ").append(request.query_param("q").value_or("-"));
        text.append(" ")
            .append(request.cookie("c").value_or("-"))
            .append(" ")
            .append(request.header("X-A").value_or("-"));
        text.append(" ").append(body);
        co_return Response::text(text);
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto request = client.post("/users/41/a%20b?q=x+y").header("Cookie", "b=1; c=2").header("x-a", "3").body("B");
        const auto line = co_await fetch_line(std::move(request));
        EXPECT_EQ(line,
            "200 text/plain; charset=utf-8 | "
            "POST /users/{id:int}/{name} /users/41/a b q=x+y 42 a b x y 2 3 B");
    }));
}

TEST_P(HttpApp, answers_with_every_kind_of_response) {
    App app;
    app.get("/html", [](Request&) -> Task<Response> { co_return Response::html("<p>"); });
    app.get("/json", [](Request&) -> Task<Response> { co_return Response::json("{}", 201); });
    app.get("/bytes", [](Request&) -> Task<Response> { co_return Response::bytes("image/x", std::string(2, '\0')); });
    app.get("/empty", [](Request&) -> Task<Response> { co_return Response(204); });
    app.get("/problem", [](Request&) -> Task<Response> { co_return Response::problem(409, "a \"b\"\n\xff"); });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        co_await expect_line(client.get("/html"), "200 text/html; charset=utf-8 | <p>");
        co_await expect_line(client.get("/json"), "201 application/json | {}");
        co_await expect_line(client.get("/bytes"), std::string("200 image/x | \0\0", 16));
        co_await expect_line(client.get("/empty"), "204 - | ");
        co_await expect_line(client.get("/problem"),
            "409 application/problem+json | "
            "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,\"detail\":\"a "
            "\\\"b\\\"\\u000a\xEF\xBF\xBD\"}\n");
    }));
}

TEST_P(HttpApp, streams_a_body_with_trailers) {
    App app;
    app.get("/", [](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [](http::BodyWriter& body) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                co_await sleep(1ms);
                const std::string line = "line " + std::to_string(i) + "\n";
                co_await body.write(line);
            }
            body.trailer("X-Sum", "3");
        });
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        int lines = 0;
        for (;;) {
            const auto line = co_await response.body().read_line();
            if (!line) break;
            EXPECT_EQ(*line, "line " + std::to_string(lines++));
        }
        EXPECT_EQ(lines, 3);
        EXPECT_EQ(response.trailers().get("x-sum"), "3");
        auto head = co_await client.head("/");
        const auto nothing = co_await head.text();
        EXPECT_EQ(head.status(), 200);
        EXPECT_EQ(nothing, "");
    }));
}

TEST_P(HttpApp, reads_a_body_in_lines_and_as_a_form) {
    App app;
    app.post("/lines", [](Request& request) -> Task<Response> {
        std::string joined;
        for (;;) {
            const auto line = co_await request.body().read_line(8);
            if (!line) break;
            joined += "[" + *line + "]";
        }
        co_return Response::text(joined);
    });
    app.post("/form", [](Request& request) -> Task<Response> {
        const auto form = co_await request.form();
        co_return Response::text(std::string(form.get("a").value_or("-")) + std::to_string(form.size()));
    });
    app.post("/short", [](Request& request) -> Task<Response> {
        const auto text = co_await request.text(3);
        co_return Response::text(text);
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        co_await expect_text(client.post("/lines").body("a\n\r\nbcdefg\r\nlast"), 200, "[a][][bcdefg][last]");
        const http::QueryParams form{{"a", "x y"}, {"b", "\xC3\xBC&"}};
        co_await expect_text(client.post("/form").form(form), 200, "x y2");
        auto wrong = co_await client.post("/form").json("{}");
        EXPECT_EQ(wrong.status(), 415);
        co_await expect_text(client.post("/short").body("abc"), 200, "abc");
        auto longer = co_await client.post("/short").body("abcd");
        EXPECT_EQ(longer.status(), 413);
    }));
}

TEST_P(HttpApp, tells_what_a_path_allows) {
    App app;
    app.get("/a", say("a")).post("/a", say("posted"));
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto wrong = co_await client.del("/a");
        EXPECT_EQ(wrong.status(), 405);
        EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, OPTIONS, POST");
        auto options = co_await client.options("/a");
        EXPECT_EQ(options.status(), 204);
        EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS, POST");
        co_await expect_line(client.get("/b"),
            "404 application/problem+json | {\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n");
        auto unknown = co_await client.request("BREW", "/b");
        EXPECT_EQ(unknown.status(), 501);
    }));
}

TEST_P(HttpApp, an_http_error_is_a_response_and_any_other_is_500) {
    App app;
    app.get("/gone", [](Request&) -> Task<Response> {
        throw HttpError(410, "it went").header("X-Why", "old");
        co_return Response();
    });
    app.get("/broken", [](Request&) -> Task<Response> {
        throw std::runtime_error("a secret");
        co_return Response();
    });
    app.get("/number/{n}", [](Request& request) -> Task<Response> {
        co_return Response::text(std::to_string(request.path_param<std::uint8_t>("n")));
    });
    std::vector<std::string> told;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        co_await serve_app(std::move(app), [](Client& client) -> Task<> {
            auto gone = co_await client.get("/gone");
            EXPECT_EQ(gone.status(), 410);
            EXPECT_EQ(gone.header("X-Why"), "old");
            const auto text = co_await gone.text();
            EXPECT_NE(text.find("it went"), std::string::npos);
            auto broken = co_await client.get("/broken");
            EXPECT_EQ(broken.status(), 500);
            const auto nothing = co_await broken.text();
            EXPECT_EQ(nothing.find("secret"), std::string::npos) << nothing;
            co_await expect_text(client.get("/number/255"), 200, "255");
            auto large = co_await client.get("/number/256");
            EXPECT_EQ(large.status(), 404);
        });
    });
    ASSERT_EQ(told.size(), 1U) << "an HttpError is nobody's news";
    EXPECT_NE(told[0].find("a secret"), std::string::npos) << told[0];
    EXPECT_NE(told[0].find("GET /broken"), std::string::npos) << told[0];
}

auto mark(std::string name) -> http::Middleware {
    return [name](Request& request, Next next) -> Task<Response> {
        auto response = co_await next(request);
        response.header("X-Way", name);
        co_return response;
    };
}

auto way_of(http::ClientRequest request) -> Task<std::string> {
    auto response = co_await std::move(request);
    std::string way = std::to_string(response.status());
    for (const auto step : response.fields().get_all("X-Way")) way += " " + std::string(step);
    co_return way;
}

auto expect_way(http::ClientRequest request, std::string expected) -> Task<> {
    const auto way = co_await way_of(std::move(request));
    EXPECT_EQ(way, expected);
}

TEST_P(HttpApp, middlewares_stand_around_their_part_of_the_app) {
    App admin;
    admin.use(mark("admin"));
    admin.get("/users", say("users"));
    admin.group("/deep").use(mark("deep")).get("/x", say("x"));
    App app;
    app.get("/", say("root"));
    auto api = app.group("/api");
    api.get("/a", say("a"));
    api.use(mark("api"));
    app.use(mark("outer")).use(mark("inner"));
    app.mount("/admin", std::move(admin));
    app.get("/throws", [](Request&) -> Task<Response> {
        throw HttpError(403);
        co_return Response();
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        co_await expect_way(client.get("/"), "200 inner outer");
        co_await expect_way(client.get("/api/a"), "200 api inner outer");
        co_await expect_way(client.get("/admin/users"), "200 admin inner outer");
        co_await expect_way(client.get("/admin/deep/x"), "200 deep admin inner outer");
        co_await expect_way(client.get("/nowhere"), "404 inner outer");
        co_await expect_way(client.get("/api/nowhere"), "404 inner outer");
        co_await expect_way(client.get("/throws"), "403 inner outer");
    }));
}

TEST_P(HttpApp, a_middleware_may_answer_itself_and_hand_values_on) {
    App app;
    app.use([](Request& request, Next next) -> Task<Response> {
        const auto user = request.header("X-User");
        if (!user) throw HttpError(401).header("WWW-Authenticate", "Basic realm=\"x\"");
        request.set(std::string(*user));
        co_return co_await next(request);
    });
    app.get("/", [](Request& request) -> Task<Response> {
        EXPECT_EQ(request.find<int>(), nullptr);
        co_return Response::text("you are " + *request.find<std::string>());
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto refused = co_await client.get("/");
        EXPECT_EQ(refused.status(), 401);
        EXPECT_EQ(refused.header("WWW-Authenticate"), "Basic realm=\"x\"");
        co_await expect_text(client.get("/").header("X-User", "Ada"), 200, "you are Ada");
    }));
}

TEST_P(HttpApp, says_how_to_identify_oneself_or_is_told_of_its_mistake) {
    App app;
    app.get("/good",
        [](Request&) -> Task<Response> { throw HttpError::unauthorized("Bearer realm=\"x\"", "who are you?"); });
    app.get("/bad/{which}", [](Request&) -> Task<Response> { co_return Response(401); });
    app.get("/worse", [](Request&) -> Task<Response> { throw HttpError(401); });
    std::vector<std::string> told;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext& context) { told.push_back(context.text()); });
        co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
            auto good = co_await client.get("/good");
            EXPECT_EQ(good.status(), 401);
            EXPECT_EQ(good.header("WWW-Authenticate"), "Bearer realm=\"x\"");
            const auto text = co_await good.text();
            EXPECT_NE(text.find("who are you?"), text.npos) << text;
            EXPECT_TRUE(told.empty());
            for (const char* path : {"/bad/1", "/bad/2", "/worse"}) {
                auto bad = co_await client.get(path);
                EXPECT_EQ(bad.status(), 401);
            }
        });
    });
    ASSERT_EQ(told.size(), 1U) << "once, for clients could make many of it";
    EXPECT_NE(told[0].find("GET /bad/{which}"), told[0].npos) << told[0];
    EXPECT_NE(told[0].find("WWW-Authenticate"), told[0].npos) << told[0];
}

/// Two tasks that write to one response at the same time: much, so that the first one has to wait.
auto write_twice(http::BodyWriter& body, std::string& said) -> Task<> {
    const std::string much(4 * 1024 * 1024, 'x');
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> { co_await body.write(much); });
        co_await yield_now();
        try {
            co_await body.write("y");
        } catch (const InvalidStateError& error) {
            said = error.what();
        }
    });
}

TEST_P(HttpApp, one_task_at_a_time_writes_a_response) {
    std::string said;
    App app;
    app.get("/", [&](Request&) -> Task<Response> {
        co_return Response::stream(
            "text/plain", [&](http::BodyWriter& body) -> Task<> { co_await write_twice(body, said); });
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        const auto text = co_await response.text();
        EXPECT_EQ(text.size(), 4U * 1024 * 1024) << "the first one goes on";
        EXPECT_EQ(text.find('y'), text.npos);
    }));
    EXPECT_EQ(said, "write: another task is writing to this response");
}

TEST_P(HttpApp, sends_cookies_and_redirects) {
    App app;
    app.get("/login", [](Request&) -> Task<Response> {
        co_return Response::redirect("/me", 303).cookie(http::Cookie("a", "1")).cookie(http::Cookie("b", "2").http_only());
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/login").follow_redirects(false);
        EXPECT_EQ(response.status(), 303);
        EXPECT_EQ(response.header("Location"), "/me");
        const auto cookies = response.fields().get_all("Set-Cookie");
        const std::vector<std::string_view> expected = {"a=1; Path=/", "b=2; Path=/; HttpOnly"};
        EXPECT_EQ(cookies, expected);
    }));
}

TEST_P(HttpApp, a_handler_is_cancelled_when_its_client_goes) {
    bool is_gone = false;
    Event begun("the handler");
    Event ended("the handler's end");
    App app;
    app.get("/slow", [&](Request&) -> Task<Response> {
        begun.set();
        co_await try_finally(sleep(1h), [&]() -> Task<> {
            is_gone = true;
            ended.set();
            co_return;
        });
        co_return Response();
    });
    run(serve_app(std::move(app), [&](Client& client) -> Task<> {
        const auto outcome = co_await move_on_after(50ms, client.get("/slow"));
        EXPECT_FALSE(outcome);
        co_await timeout(10s, ended.wait());
        EXPECT_TRUE(is_gone);
    }));
}

TEST_P(HttpApp, a_stream_is_cancelled_when_its_reader_goes) {
    Event ended("the producer's end");
    App app;
    app.get("/news", [&](Request&) -> Task<Response> {
        co_return Response::stream("text/plain", [&](http::BodyWriter& body) -> Task<> {
            co_await body.write("first\n");
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                ended.set();
                co_return;
            });
        });
    });
    run(serve_app(std::move(app), [&](Client& client) -> Task<> {
        {
            auto response = co_await client.get("/news");
            const auto line = co_await response.body().read_line();
            EXPECT_EQ(line, "first");
        }
        co_await timeout(10s, ended.wait());
    }));
}

TEST_P(HttpApp, early_hints_come_before_the_response) {
    App app;
    app.get("/", [](Request& request) -> Task<Response> {
        http::Fields hints{{"Link", "</a.css>; rel=preload"}};
        co_await request.early_hints(std::move(hints));
        co_return Response::text("page");
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> { co_await expect_text(client.get("/"), 200, "page"); }));
}

TEST(HttpResponse, refuses_what_is_none) {
    EXPECT_EQ(error_of([] { Response(199); }), "http::Response: a response has a status from 200 to 599, not 199");
    EXPECT_EQ(error_of([] { Response(600); }), "http::Response: a response has a status from 200 to 599, not 600");
    EXPECT_EQ(error_of([] { Response(599); }), "nothing");
    EXPECT_EQ(error_of([] { static_cast<void>(Response::redirect("/x", 304)); }),
        "http::Response::redirect: 304 is no redirect");
    EXPECT_NE(error_of([] { static_cast<void>(Response::redirect("/x\r\nA: b")); }), "nothing");
    EXPECT_NE(error_of([] { Response().header("A b", "c"); }), "nothing");
    EXPECT_EQ(error_of([] { HttpError error(399); }), "http::HttpError: 399 is not the status of an error");
    EXPECT_EQ(std::string(HttpError(404, "no such user").what()), "404 Not Found: no such user");
}

TEST(HttpAppBuilding, says_what_is_wrong) {
    App app;
    app.get("/a", say("a"));
    EXPECT_EQ(error_of([&] { app.get("/a", say("a")); }), "route /a: there is a route for GET /a");
    EXPECT_EQ(error_of([&] { app.get("/b", nullptr); }), "route /b: an empty handler");
    EXPECT_EQ(error_of([&] { app.use(nullptr); }), "http::Routes::use: an empty middleware");
    EXPECT_NE(error_of([&] { static_cast<void>(app.group("/a/")); }), "nothing");
    EXPECT_NE(error_of([&] { static_cast<void>(app.group("a")); }), "nothing");
    static_cast<void>(app.handler());
    EXPECT_EQ(
        error_of([&] { app.get("/c", say("c")); }), "http::App: it is served already, and does not change any more");
}

}  // namespace
}  // namespace gyre::testing

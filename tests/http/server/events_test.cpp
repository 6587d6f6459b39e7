// http::events: what arrives and when, signs of life, and the end of either side.

#include "app_harness.hpp"

#include <gyre/http/server/events.hpp>

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::App;
using http::Client;
using http::EventWriter;
using http::Request;
using http::Response;
using http::ServerEvent;

class HttpEvents : public OnLoops {};
GYRE_ON_LOOPS(HttpEvents);

auto app_of(http::EventProducer producer, http::EventsOptions options = {}) -> App {
    App app;
    app.get("/", [producer, options](Request&) -> Task<Response> { co_return http::events(producer, options); });
    return app;
}

TEST_P(HttpEvents, arrive_as_they_are_sent) {
    auto app = app_of([](EventWriter& out) -> Task<> {
        co_await out.retry(2s);
        co_await out.send("first\nline");
        ServerEvent event("tick", "two", "7");
        co_await out.send(event);
        co_await out.comment("end");
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        EXPECT_EQ(response.header("Content-Type"), "text/event-stream");
        EXPECT_EQ(response.header("Cache-Control"), "no-cache");
        EXPECT_EQ(response.header("X-Accel-Buffering"), "no");
        const auto text = co_await response.text();
        EXPECT_EQ(text, "retry: 2000\n\ndata: first\ndata: line\n\nevent: tick\nid: 7\ndata: two\n\n: end\n\n");
    }));
}

TEST_P(HttpEvents, the_client_says_what_it_has) {
    App app;
    app.get("/", [](Request& request) -> Task<Response> {
        co_return Response::text(std::string(request.last_event_id().value_or("nothing")));
    });
    run(serve_app(std::move(app), [](Client& client) -> Task<> {
        co_await expect_text(client.get("/").header("Last-Event-ID", "41"), 200, "41");
        co_await expect_text(client.get("/"), 200, "nothing");
    }));
}

TEST_P(HttpEvents, an_error_cuts_the_stream) {
    auto app = app_of([](EventWriter& out) -> Task<> {
        co_await out.send("one");
        co_await out.send(ServerEvent("a\nb", "two"));
    });
    int told = 0;
    run(serve_app(std::move(app), [&](Client& client) -> Task<> {
        this_loop().set_exception_handler([&](const ErrorContext&) { ++told; });
        auto response = co_await client.get("/");
        const auto outcome = co_await as_outcome(response.text());
        EXPECT_TRUE(failed_with<http::RequestError>(outcome));
    }));
    EXPECT_EQ(told, 1);
}

GYRE_TEST(Events, signs_of_life_when_nothing_is_sent) {
    auto app = app_of(
        [](EventWriter& out) -> Task<> {
            co_await sleep(25s);
            co_await out.send("late");
            co_await sleep(9s);
        },
        {.keep_alive = 10s});
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        const auto text = co_await response.text();
        EXPECT_EQ(text, ": \n\n: \n\ndata: late\n\n") << "at 10 s and 20 s; the event at 25 s counts as one";
    });
}

GYRE_TEST(Events, none_if_it_is_switched_off) {
    auto app = app_of([](EventWriter&) -> Task<> { co_await sleep(25s); }, {.keep_alive = 0s});
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        const auto text = co_await response.text();
        EXPECT_EQ(text, "");
    });
}

GYRE_TEST(Events, several_tasks_send_whole_events) {
    auto app = app_of([](EventWriter& out) -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                group.spawn([&out, i]() -> Task<> {
                    const std::string data(50'000, static_cast<char>('a' + i));
                    co_await out.send(data);
                });
            }
            co_return;
        });
    });
    co_await serve_app(std::move(app), [](Client& client) -> Task<> {
        auto response = co_await client.get("/");
        const auto text = co_await response.text();
        std::string_view rest = text;
        http::EventStreamParser parser;
        int count = 0;
        while (auto event = parser.next(rest)) {
            EXPECT_EQ(event->data, std::string(50'000, event->data.at(0)));
            ++count;
        }
        EXPECT_EQ(count, 3);
    });
}

GYRE_TEST(Events, the_producer_ends_with_its_client) {
    bool has_ended = false;
    auto app = app_of([&](EventWriter& out) -> Task<> {
        co_await try_finally(
            [&]() -> Task<> {
                for (;;) {
                    co_await out.send("tick");
                    co_await sleep(1s);
                }
            },
            [&]() -> Task<> {
                has_ended = true;
                co_return;
            });
    });
    co_await serve_app(std::move(app), [&](Client& client) -> Task<> {
        {
            auto response = co_await client.get("/");
            const auto line = co_await response.body().read_line();
            EXPECT_EQ(line, "data: tick");
        }
        co_await sleep(5s);
        EXPECT_TRUE(has_ended);
    });
}

GYRE_TEST(Events, refuse_an_empty_producer) {
    EXPECT_THROW(static_cast<void>(http::events({})), std::invalid_argument);
    co_return;
}

}  // namespace
}  // namespace gyre::testing

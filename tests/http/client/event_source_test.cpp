// Server-sent events over connections that end.
#include "scripted_server.hpp"

#include <gyre/http/client/event_source.hpp>
#include <gyre/http/client/mock.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::EventSource;
using http::EventSourceOptions;
using http::Fields;
using http::MockTransport;
using http::RequestPhase;

const Fields event_stream = {{"Content-Type", "text/event-stream; charset=utf-8"}};
const std::string url = "http://x.example/";

/// "type:data type:data end", or the error; at most `count` events.
auto read_all(EventSource& events, std::size_t count = 100) -> Task<std::string> {
    std::string text;
    try {
        for (std::size_t i = 0; i < count; ++i) {
            auto event = co_await events.next();
            if (!event) co_return text + "end";
            text += event->type + ":" + event->data + " ";
        }
    } catch (const std::exception& error) {
        text += error.what();
    }
    co_return text;
}

auto read_from(MockTransport& mock, EventSourceOptions options = {}) -> Task<std::string> {
    http::Client client({.transport = &mock});
    auto events = client.events(url, options);
    co_return co_await read_all(events);
}

auto last_id(const MockTransport& mock, std::size_t index) -> std::string {
    return std::string(mock.calls().at(index).fields.get("Last-Event-ID").value_or("-"));
}

class HttpEventSource : public OnLoops {};
GYRE_ON_LOOPS(HttpEventSource);

TEST_P(HttpEventSource, goes_on_where_it_was_when_the_connection_is_cut) {
    run([]() -> Task<> {
        const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
        ScriptedServer server(
            in_turn({{head + "Content-Length: 500\r\n\r\nretry: 100\nid: 1\ndata: a\n\ndata: b\n\nid: 9\ndata: lost"},
                {head + "\r\nid: 2\ndata: c\n\n"}, {"HTTP/1.1 204 No Content\r\n\r\n"}}));
        // What holds for bodies that have to be whole does not concern them.
        const ClientOptions options{.require_delimited = true};
        co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
            auto events = client.events(base + "/feed");
            const auto text = co_await read_all(events);
            EXPECT_EQ(text, "message:a message:b message:c end");
            EXPECT_EQ(events.last_event_id(), "2");
            EXPECT_FALSE(events.is_connected());
            const auto more = co_await events.next();
            EXPECT_FALSE(more.has_value());
        });
        const auto& requests = server.log().requests;
        EXPECT_EQ(requests.size(), 3U);
        EXPECT_EQ(requests.at(0).find("Last-Event-ID"), std::string::npos);
        EXPECT_NE(requests.at(0).find("Accept: text/event-stream\r\n"), std::string::npos);
        EXPECT_NE(requests.at(1).find("Last-Event-ID: 1\r\n"), std::string::npos);
        EXPECT_NE(requests.at(2).find("Last-Event-ID: 2\r\n"), std::string::npos);
    });
}

GYRE_TEST(HttpEventSourceRules, begins_at_an_id) {
    MockTransport mock;
    mock.on("GET", "/").respond(200, "data: x\n\n", event_stream).respond(204);
    const auto text = co_await read_from(mock, {.last_event_id = "41"});
    EXPECT_EQ(text, "message:x end");
    EXPECT_EQ(last_id(mock, 0), "41");
    EXPECT_EQ(last_id(mock, 1), "41");
    EXPECT_EQ(mock.calls()[0].fields.get("Cache-Control"), "no-store");
}

GYRE_TEST(HttpEventSourceRules, an_empty_id_takes_the_last_one_back) {
    MockTransport mock;
    mock.on("GET", "/")
        .respond(200, "id: 1\ndata: a\n\n", event_stream)
        .respond(200, "id:\ndata: b\n\n", event_stream)
        .respond(200, "id: 2\ndata: c\n\nid\n\n", event_stream)  // without data, and it counts all the same
        .respond(204);
    const auto text = co_await read_from(mock, {.last_event_id = "0"});
    EXPECT_EQ(text, "message:a message:b message:c end");
    EXPECT_EQ(last_id(mock, 0), "0");
    EXPECT_EQ(last_id(mock, 1), "1");
    EXPECT_EQ(last_id(mock, 2), "-");
    EXPECT_EQ(last_id(mock, 3), "-");
}

GYRE_TEST(HttpEventSourceRules, events_without_an_id_have_the_one_that_it_begins_at) {
    MockTransport mock;
    mock.on("GET", "/").respond(200, "data: x\n\n", event_stream).respond(204);
    http::Client client({.transport = &mock});
    auto events = client.events(url, {.last_event_id = "41"});
    auto event = co_await events.next();
    EXPECT_EQ(event.value_or(http::ServerEvent()).id, "41");
}

GYRE_TEST(HttpEventSourceRules, waits_as_the_server_asks) {
    MockTransport mock;
    mock.on("GET", "/").respond(200, "retry: 10000\ndata: x\n\n", event_stream).respond(204);
    const auto before = this_loop().now();
    const auto text = co_await read_from(mock);
    EXPECT_EQ(text, "message:x end");
    EXPECT_GE(this_loop().now() - before, 10s);
    EXPECT_LE(this_loop().now() - before, 15s);

    MockTransport patient;  // more than `longest_wait`
    patient.on("GET", "/").respond(200, "retry: 300000\ndata: x\n\n", event_stream).respond(204);
    const auto quiet = this_loop().now();
    co_await read_from(patient);
    EXPECT_GE(this_loop().now() - quiet, 300s);
    EXPECT_LE(this_loop().now() - quiet, 450s);

    MockTransport busy;
    busy.on("GET", "/").respond(503, "", {{"Retry-After", "30"}}).respond(503).respond(204);
    const auto refused = this_loop().now();
    co_await read_from(busy);
    EXPECT_GE(this_loop().now() - refused, 31s) << "and of the second, which asked for nothing, 1 to 2";
    EXPECT_LE(this_loop().now() - refused, 47s);

    MockTransport hasty;
    hasty.on("GET", "/").respond(200, "retry: 0\ndata: x\n\n", event_stream).respond(204);
    const auto start = this_loop().now();
    co_await read_from(hasty);
    EXPECT_GE(this_loop().now() - start, 100ms);
}

GYRE_TEST(HttpEventSourceRules, what_may_pass_is_tried_again_and_later_each_time) {
    MockTransport mock;
    mock.on("GET", "/")
        .fail(RequestPhase::connect, "refused")
        .respond(503)
        .fail(RequestPhase::response, "cut")
        .respond(429)
        .respond(200, "data: x\n\n", event_stream)
        .respond(204);
    const auto before = this_loop().now();
    const auto text = co_await read_from(mock);
    EXPECT_EQ(text, "message:x end");
    // 1, 2, 4 and 8 seconds, each up to a half shorter, and 1 again after the stream.
    EXPECT_GE(this_loop().now() - before, 8s);
    EXPECT_LE(this_loop().now() - before, 16s);
}

GYRE_TEST(HttpEventSourceRules, waits_are_bounded) {
    MockTransport mock;
    auto& route = mock.on("GET", "/");
    for (int i = 0; i < 20; ++i) route.respond(503);
    route.respond(204);
    const auto before = this_loop().now();
    co_await read_from(mock, {.longest_wait = 2s});
    EXPECT_LE(this_loop().now() - before, 40s);
    EXPECT_GE(this_loop().now() - before, 19s);
}

GYRE_TEST(HttpEventSourceRules, attempts_in_a_row) {
    MockTransport mock;
    mock.on("GET", "/")
        .fail(RequestPhase::connect, "refused")
        .respond(200, "data: x\n\n", event_stream)
        .fail(RequestPhase::connect, "refused");
    const auto text = co_await read_from(mock, {.attempts = 3});
    EXPECT_EQ(text, "message:x GET http://x.example/: refused");
    EXPECT_EQ(mock.calls().size(), 5U);
    MockTransport busy;
    busy.on("GET", "/").respond(503);
    const auto status = co_await read_from(busy, {.attempts = 2});
    EXPECT_EQ(status, "GET http://x.example/: 503 Service Unavailable");
    EXPECT_EQ(busy.calls().size(), 2U);
}

GYRE_TEST(HttpEventSourceRules, what_does_not_pass_is_the_callers) {
    MockTransport missing;
    missing.on("GET", "/").respond(404);
    const auto not_found = co_await read_from(missing);
    EXPECT_EQ(not_found, "GET http://x.example/: 404 Not Found");
    MockTransport html;
    html.on("GET", "/").respond(200, "<html>", {{"Content-Type", "text/html"}});
    const auto wrong = co_await read_from(html);
    EXPECT_EQ(wrong, "GET http://x.example/: this is no event stream but 200 with text/html");
    MockTransport untyped;
    untyped.on("GET", "/").respond(200, "data: x\n\n");
    const auto none = co_await read_from(untyped);
    EXPECT_EQ(none, "GET http://x.example/: this is no event stream but 200 with no Content-Type");
    MockTransport insecure;
    insecure.on("GET", "/").fail(RequestPhase::tls, "a wrong certificate");
    const auto tls = co_await read_from(insecure);
    EXPECT_EQ(tls, "GET http://x.example/: a wrong certificate");
    MockTransport proxied;
    proxied.on("GET", "/").fail(RequestPhase::proxy, "a wrong password");
    const auto proxy = co_await read_from(proxied);
    EXPECT_EQ(proxy, "GET http://x.example/: a wrong password");
    for (const auto* mock : {&missing, &html, &untyped, &insecure, &proxied}) EXPECT_EQ(mock->calls().size(), 1U);
}

GYRE_TEST(HttpEventSourceRules, event_past_the_limit_ends_it) {
    for (const std::size_t size : {100U, 101U}) {
        MockTransport mock;
        mock.on("GET", "/").respond(200, "data: " + std::string(size, 'x') + "\n\n", event_stream).respond(204);
        http::Client client({.transport = &mock});
        auto events = client.events(url, {.limits = {.event_bytes = 100}});
        const auto outcome = co_await as_outcome(events.next());
        EXPECT_EQ(failed_with<LimitError>(outcome), size == 101);
        EXPECT_EQ(events.is_connected(), size == 100);
    }
}

GYRE_TEST(HttpEventSourceRules, silence_is_a_dead_connection) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        if (peer.number() == 1) co_return co_await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n");
        for (int i = 0; i < 3; ++i) {
            co_await sleep(20s);
            co_await peer.send(": alive\n\n");
        }
        co_await peer.hold();
    });
    const ClientOptions options{.timeout = {.total = 5s}};
    co_await server.run(options, [](http::Client& client, std::string base) -> Task<> {
        auto events = client.events(base);
        const auto before = this_loop().now();
        const auto text = co_await read_all(events);
        EXPECT_EQ(text, "message:x end");
        EXPECT_GE(this_loop().now() - before, 90s);
    });
}

GYRE_TEST(HttpEventSourceRules, closed_and_cancelled) {
    MockTransport mock;
    mock.on("GET", "/").respond([](http::ClientCall& call) -> Task<http::ClientResponse> {
        http::ResponseHead head;
        head.fields = event_stream;
        auto count = std::make_shared<int>(0);
        const http::BodyPieces pieces = [count]() -> Task<std::string> {
            const int number = ++*count;
            co_await sleep(10s);
            co_return "data: " + std::to_string(number) + "\n\n";
        };
        co_return call.respond_in_pieces(std::move(head), pieces);
    });
    http::Client client({.transport = &mock});
    auto events = client.events(url);
    const auto first = co_await events.next();
    EXPECT_EQ(first->data, "1");
    events.close();
    const auto none = co_await events.next();
    EXPECT_FALSE(none.has_value());
}

TEST(EventSource, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        ScriptedServer server(in_turn({{head + "id: 1\ndata: a\n\n"}, {"HTTP/1.1 204 No Content\r\n\r\n"}}));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            auto events = client.events(base);
            const auto text = co_await read_all(events);
            EXPECT_EQ(text, "message:a end");
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing

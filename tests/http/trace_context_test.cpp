// Traces that go through several programs.
#include "support/loops.hpp"

#include <gyre/http.hpp>

namespace gyre::testing {
namespace {

using http::TraceContext;

const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(HttpTraceContext, reads_and_writes_the_same) {
    const auto context = TraceContext::from({{"traceparent", parent}, {"tracestate", "a=1,b=2"}, {"Tracestate", "c=3"}});
    EXPECT_EQ(context->traceparent(), parent);
    EXPECT_EQ(context->trace_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(context->span_text(), "00f067aa0ba902b7");
    EXPECT_TRUE(context->sampled);
    EXPECT_EQ(context->state, "a=1,b=2,c=3");
    const auto quiet = TraceContext::from({{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe"}});
    EXPECT_FALSE(quiet->sampled);
    EXPECT_TRUE(quiet->traceparent().ends_with("-00"));
}

TEST(HttpTraceContext, what_is_no_parent) {
    for (const std::string text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
             "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
             "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
             "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
             "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
             "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
             "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
             "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"}) {
        EXPECT_FALSE(TraceContext::from({{"traceparent", text}})) << text;
    }
    EXPECT_FALSE(TraceContext::from({}));
    EXPECT_FALSE(TraceContext::from({{"traceparent", parent}, {"traceparent", parent}}));
    EXPECT_TRUE(TraceContext::from({{"traceparent", "01" + parent.substr(2) + "-more"}}));
    const std::string fits(512, 'x');
    EXPECT_EQ(TraceContext::from({{"traceparent", parent}, {"tracestate", fits}})->state, fits);
    EXPECT_EQ(TraceContext::from({{"traceparent", parent}, {"tracestate", fits + "x"}})->state, "");
}

/// An app that tells its trace, and asks another one.
auto traced_app(http::Client* upstream) -> http::App {
    http::App app;
    app.use(http::join_trace());
    app.get("/", [upstream](http::Request&) -> Task<http::Response> {
        const auto context = http::current_trace().get();
        std::string text = context->trace_text() + " " + context->span_text() + " " + context->state;
        if (upstream != nullptr) {
            auto response = co_await upstream->get("/");
            const auto more = co_await response.text();
            text += "\n" + more;
        }
        co_return http::Response::text(text);
    });
    return app;
}

class HttpTrace : public OnLoops {};
GYRE_ON_LOOPS(HttpTrace);

TEST_P(HttpTrace, goes_through_two_programs) {
    run([]() -> Task<> {
        http::TestClient inner(traced_app(nullptr));
        inner.use(http::propagate_trace());
        http::TestClient outer(traced_app(&inner));
        outer.use(http::propagate_trace());

        const auto context = TraceContext::from({{"traceparent", parent}, {"tracestate", "a=1"}});
        {
            const auto restore = http::current_trace().set(context);
            auto response = co_await outer.get("/");
            const auto text = co_await response.text();
            const auto line = text.find('\n');
            EXPECT_TRUE(text.starts_with("4bf92f3577b34da6a3ce929d0e0e4736 ")) << text;
            EXPECT_EQ(text.substr(line + 1, 33), "4bf92f3577b34da6a3ce929d0e0e4736 ");
            EXPECT_NE(text.substr(33, 16), text.substr(line + 34, 16));  // each step has an id of its own
            EXPECT_NE(text.substr(33, 16), "00f067aa0ba902b7");
            EXPECT_TRUE(text.ends_with(" a=1")) << text;
        }
        auto fresh = co_await outer.get("/");
        const auto begun = co_await fresh.text();
        EXPECT_FALSE(begun.starts_with("4bf92f35"));
        EXPECT_EQ(begun.size(), 2 * (32 + 1 + 16 + 1) + 1U);
        EXPECT_FALSE(http::current_trace().get());
        co_await outer.stop();
        co_await inner.stop();
    });
}

TEST_P(HttpTrace, is_that_of_what_runs_behind_the_handler) {
    run([]() -> Task<> {
        const auto here = [] {
            const auto context = http::current_trace().get();
            return context ? context->trace_text() + " " + context->span_text() : "no trace";
        };
        std::string handler;
        http::App app;
        app.use(http::join_trace());
        app.get("/stream", [&](http::Request&) -> Task<http::Response> {
            handler = here();
            co_return http::Response::stream("text/plain", [&](http::BodyWriter& body) -> Task<> {
                co_await yield_now();
                const auto text = here();
                co_await body.write(text);
            });
        });
        app.websocket("/ws", [&](http::WebSocket& socket) -> Task<> {
            while (co_await socket.receive()) {
                const auto text = here();
                co_await socket.send(text);
            }
        });
        app.get("/after", [&](http::Request&) -> Task<http::Response> { co_return http::Response::text(here()); });
        http::TestClient client(std::move(app));
        auto streamed = co_await client.get("/stream").header("traceparent", parent);
        const auto text = co_await streamed.text();
        EXPECT_TRUE(text.starts_with("4bf92f3577b34da6a3ce929d0e0e4736 ")) << text;
        EXPECT_EQ(text, handler) << "the same step";
        auto socket = co_await client.websocket(client.get("/ws").header("traceparent", parent));
        co_await socket.send("where?");
        const auto reply = co_await socket.receive();
        EXPECT_TRUE(reply->text().starts_with("4bf92f3577b34da6a3ce929d0e0e4736 ")) << reply->text();
        co_await socket.close();
        auto after = co_await client.get("/after");
        const auto fresh = co_await after.text();
        EXPECT_FALSE(fresh.starts_with("4bf92f35")) << "of the connection that a traced request came over";
        co_await client.stop();
    });
}

GYRE_TEST(HttpTraceRules, each_attempt_is_a_step_and_ones_own_is_left_alone) {
    http::MockTransport mock;
    mock.on("GET", "/").respond(503).respond(302, "", {{"Location", "/"}}).respond(200);
    http::Client client({.transport = &mock});
    client.use(http::retry()).use(http::propagate_trace());
    const auto restore = http::current_trace().set(TraceContext::start(false));
    co_await client.get("http://x.example/");
    co_await client.get("http://x.example/").header("traceparent", parent);
    std::vector<std::string> seen;
    for (const auto& call : mock.calls()) seen.emplace_back(call.fields.get("traceparent").value_or("-"));
    EXPECT_EQ(seen.size(), 4U);
    EXPECT_NE(seen[0], seen[1]);
    EXPECT_NE(seen[1], seen[2]);
    EXPECT_EQ(seen[0].substr(0, 35), seen[2].substr(0, 35));
    EXPECT_TRUE(seen[0].ends_with("-00"));
    EXPECT_EQ(seen[3], parent);
}

}  // namespace
}  // namespace gyre::testing

// What happens to a request, step by step.
#include "https_fixture.hpp"
#include "scripted_server.hpp"

#include <gyre/http/client/client_trace.hpp>
#include <gyre/http/client/mock.hpp>
#include <gyre/http/client/retry.hpp>

namespace gyre::testing {
namespace {

using http::ClientOptions;
using http::ClientStep;
using http::ClientTraceEvent;

/// Steps as a text: "1 start, 1 queued, ...".
auto write_steps(std::string& log) -> http::ClientTrace {
    return [&log](const ClientTraceEvent& event) {
        if (!log.empty()) log += ", ";
        log += std::to_string(event.request) + " " + std::string(http::step_name(event.step));
        if (event.status != 0) log += " " + std::to_string(event.status);
    };
}

class HttpClientTrace : public OnLoops {};
GYRE_ON_LOOPS(HttpClientTrace);

TEST_P(HttpClientTrace, of_a_new_and_of_a_kept_connection) {
    run([]() -> Task<> {
        ScriptedServer server(always(ok("here")));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            std::string log;
            client.trace(write_steps(log));
            auto first = co_await client.get(base);
            static_cast<void>(co_await first.text());
            EXPECT_EQ(log,
                "1 start, 1 queued, 1 resolving, 1 resolved, 1 connecting, 1 connected, 1 sending, 1 sent, 1 "
                "first_byte, 1 head 200, 1 received_piece, 1 done");
            log.clear();
            auto second = co_await client.put(base).body("body");
            static_cast<void>(co_await second.text());
            EXPECT_EQ(log,
                "2 start, 2 queued, 2 reused, 2 sending, 2 sent, 2 first_byte, 2 head 200, 2 received_piece, 2 done");
        });
    });
}

TEST_P(HttpClientTrace, of_redirects_and_failures) {
    run([]() -> Task<> {
        ScriptedServer server(
            in_turn({{"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "nonsense\r\n\r\n"}}));
        co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            std::string log;
            std::string error;
            client.trace(write_steps(log)).trace([&](const ClientTraceEvent& event) {
                if (event.error) error = describe(event.error);
            });
            const auto outcome = co_await as_outcome(client.post(base).body("x"));
            EXPECT_EQ(log,
                "1 start, 1 queued, 1 resolving, 1 resolved, 1 connecting, 1 connected, 1 sending, 1 sent, 1 "
                "first_byte, 1 head 302, 1 done, "
                "1 redirect 302, 1 queued, 1 reused, 1 sending, 1 sent, 1 first_byte, 1 failed");
            EXPECT_EQ(error, describe(outcome.error()));
        });
    });
}

GYRE_TEST(HttpClientTraceRules, times_and_details) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.request());
        co_await sleep(2s);
        co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        co_await sleep(3s);
        co_await peer.send("4\r\nbody\r\n0\r\n\r\n");
        co_await peer.hold();
    });
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        std::vector<std::pair<ClientStep, Time>> steps;
        std::string peer;
        std::uint64_t bytes = 0;
        std::string target;
        client.trace([&](const ClientTraceEvent& event) {
            steps.emplace_back(event.step, event.time);
            if (event.step == ClientStep::connected) peer = event.detail;
            if (event.step == ClientStep::done) bytes = event.bytes;
            target = std::string(event.method) + " " + event.url.href();
        });
        auto response = co_await client.get(base + "/x");
        static_cast<void>(co_await response.text());
        const auto time_of = [&](ClientStep step) {
            for (const auto& [one, time] : steps) {
                if (one == step) return time;
            }
            return Time{};
        };
        EXPECT_EQ(time_of(ClientStep::first_byte) - time_of(ClientStep::sent), 2s);
        EXPECT_EQ(time_of(ClientStep::done) - time_of(ClientStep::head), 3s);
        EXPECT_EQ(base, "http://" + peer);
        EXPECT_EQ(bytes, 4U);
        EXPECT_EQ(target, "GET " + base + "/x");
    });
}

GYRE_TEST(HttpClientTraceRules, tls_and_what_does_not_come_so_far) {
    const auto context = https_context(https_authority().issue({"127.0.0.1"}));
    ScriptedServer server(always(ok("here")));
    server.encrypt(context);
    co_await server.run(https_client_options(), [](http::Client& client, std::string base) -> Task<> {
        std::string log;
        client.trace(write_steps(log));
        co_await client.get(base);
        EXPECT_TRUE(log.starts_with(
            "1 start, 1 queued, 1 resolving, 1 resolved, 1 connecting, 1 connected, 1 securing, 1 secured, 1 sending"))
            << log;
        log.clear();
        const auto outcome = co_await as_outcome(client.get("nonsense"));
        EXPECT_TRUE(outcome.is_error());
        EXPECT_EQ(log, "");  // there is no URL to tell of
    });
}

GYRE_TEST(HttpClientTraceRules, pieces_and_interim_answers) {
    ScriptedServer server([](Peer& peer) -> Task<> {
        static_cast<void>(co_await peer.until("\r\n\r\n"));
        co_await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        static_cast<void>(co_await peer.until("|"));
        co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        co_await sleep(1s);
        co_await peer.send("4\r\nmore\r\n0\r\n\r\n");
        co_await peer.hold();
    });
    co_await server.run(ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
        std::string steps;
        client.trace([&](const ClientTraceEvent& event) {
            const bool is_piece = event.step == ClientStep::sent_piece || event.step == ClientStep::received_piece;
            if (!is_piece && event.step != ClientStep::interim) return;
            steps += std::string(http::step_name(event.step)) + " " + std::string(event.method) + " " +
                     std::to_string(is_piece ? static_cast<int>(event.bytes) : event.status) + ", ";
        });
        const auto pieces = [](http::BodyWriter& writer) -> Task<> {
            co_await writer.write("12345");
            co_await sleep(1s);
            co_await writer.write("67|");
        };
        auto response = co_await client.post(base).body_from(pieces);
        static_cast<void>(co_await response.text());
        EXPECT_EQ(steps,
            "sent_piece POST 5, interim POST 103, sent_piece POST 3, received_piece POST 3, received_piece POST 4, ");
    });
}

GYRE_TEST(HttpClientTraceRules, new_attempts_of_a_mock) {
    http::MockTransport mock;
    mock.on("GET", "/").respond(503).fail(http::RequestPhase::connect, "refused").respond(200);
    http::Client client({.transport = &mock});
    std::string log;
    client.use(http::retry()).trace(write_steps(log));
    co_await client.get("http://x.example/");
    EXPECT_EQ(log, "1 start, 1 retry 503, 1 retry");
}

GYRE_TEST(HttpClientTraceRules, error_of_a_hook_does_no_harm) {
    std::string told;
    this_loop().set_exception_handler([&](const ErrorContext& context) { told = describe(context.error); });
    http::MockTransport mock;
    mock.on("GET", "/").respond(200);
    http::Client client({.transport = &mock});
    client.trace([](const ClientTraceEvent&) { throw std::runtime_error("mine"); });
    auto response = co_await client.get("http://x.example/");
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(told, "mine");
    EXPECT_EQ(error_of([&] { client.trace(nullptr); }), "http::Client::trace: an empty function");
}

TEST(HttpClientTraceNames, of_steps) {
    EXPECT_EQ(http::step_name(ClientStep::start), "start");
    EXPECT_EQ(http::step_name(ClientStep::first_byte), "first_byte");
    EXPECT_EQ(http::step_name(ClientStep::failed), "failed");
}

}  // namespace
}  // namespace gyre::testing

// Clients of HTTP/1.0, to which the end of a connection is the end of a response: one that is cut does not end, it is reset.

#include "harness.hpp"
#include "support/loops.hpp"

#include <gyre/net/test_authority.hpp>
#include <gyre/net/tls.hpp>

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::ConnectionOptions;
using http::Fields;
using http::ProtocolError;
using http::ResponseHead;
using http::Rule;
using http::ServerExchange;
using http::server_testing::RawClient;

class Http10 : public OnLoops {};
GYRE_ON_LOOPS(Http10);

/// Serves on one loop while `body` runs, which may cancel the server before its end.
using Conversation = std::function<Task<>(std::uint16_t, TaskHandle<void>&)>;

auto serve_during(http::ExchangeHandler handler, ConnectionOptions options, Conversation body,
    const net::TlsServerContext* tls = nullptr) -> Task<> {
    this_loop().set_exception_handler([](const ErrorContext&) {});
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    auto serving = http::serve_http(std::move(listener), std::move(handler), options, tls);
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto server = group.spawn(std::move(serving), {.name = "server"});
        co_await body(port, server);
        server.cancel("the test is over");
    });
}

/// What a client finds where it has read all: an end, or an error.
auto ending_of(net::Stream& stream) -> Task<std::string> {
    try {
        for (;;) {
            const auto count = co_await stream.fill();
            if (count == 0) co_return "end";
        }
    } catch (const IoError& error) {
        co_return error.code() == std::errc::connection_reset ? "reset" : error.what();
    }
}

auto get_1_0(std::string_view path) -> std::string { return "GET " + std::string(path) + " HTTP/1.0\r\n\r\n"; }

auto unsteady(ServerExchange& exchange) -> Task<void> {
    const auto path = exchange.path();
    ResponseHead head;
    co_await exchange.start(std::move(head));
    co_await exchange.write("half");
    if (path == "/throws") throw std::runtime_error("out of luck");
    if (path == "/aborts") co_return exchange.abort();
    if (path == "/waits") co_await sleep(1h);
    co_await exchange.write(" and half");
}

TEST_P(Http10, a_response_that_is_cut_is_reset_and_a_whole_one_ends) {
    run([]() -> Task<> {
        const std::pair<std::string_view, std::string_view> cases[] = {
            {"/throws", "reset"}, {"/aborts", "reset"}, {"/waits", "reset"}, {"/whole", "end"}};
        for (const auto& one : cases) {
            ConnectionOptions options;
            if (one.first == "/waits") options.request_timeout = 20ms;
            auto talk = [&](std::uint16_t port, TaskHandle<void>&) -> Task<> {
                auto client = co_await RawClient::open(port);
                const auto request = get_1_0(one.first);
                co_await client.send(request);
                const auto ending = co_await ending_of(client.stream);
                EXPECT_EQ(ending, one.second) << one.first;
                const auto bytes = client.stream.buffered();
                const bool is_whole = std::string_view(bytes.data(), bytes.size()).ends_with("\r\n\r\nhalf and half");
                EXPECT_EQ(is_whole, one.first == "/whole") << one.first;
            };
            co_await serve_during(unsteady, options, talk);
        }
    });
}

TEST_P(Http10, a_response_is_reset_when_its_server_is_cancelled) {
    run([]() -> Task<> {
        const ConnectionOptions options;
        auto talk = [](std::uint16_t port, TaskHandle<void>& server) -> Task<> {
            auto client = co_await RawClient::open(port);
            co_await client.send("GET /waits HTTP/1.0\r\n\r\n");
            co_await client.stream.fill();
            server.cancel("it stops now");
            const auto ending = co_await ending_of(client.stream);
            EXPECT_EQ(ending, "reset");
        };
        co_await serve_during(unsteady, options, talk);
    });
}

TEST_P(Http10, a_response_is_reset_also_under_tls) {
    const net::TestAuthority authority;
    const auto certificate = authority.issue({"127.0.0.1"});
    net::TlsServerOptions shown;
    shown.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(shown);
    net::TlsClientOptions trust;
    trust.ca_pem(authority.certificate());
    const net::TlsClientContext context(trust);
    run([&]() -> Task<> {
        const ConnectionOptions options;
        auto talk = [&](std::uint16_t port, TaskHandle<void>&) -> Task<> {
            for (const std::string_view path : {"/throws", "/whole"}) {
                auto client = co_await net::connect_tls("127.0.0.1", port, context);
                const auto request = get_1_0(path);
                co_await client.write(request);
                const auto ending = co_await ending_of(client);
                EXPECT_EQ(ending, path == "/whole" ? "end" : "reset");
                co_await client.close();
            }
        };
        co_await serve_during(unsteady, options, talk, &tls);
    });
}

TEST_P(Http10, a_whole_response_may_be_read_late) {
    run([]() -> Task<> {
        ConnectionOptions options;
        options.linger_timeout = 1ms;
        auto talk = [](std::uint16_t port, TaskHandle<void>&) -> Task<> {
            auto client = co_await RawClient::open(port);
            co_await client.send("GET /whole HTTP/1.0\r\n\r\n");
            co_await sleep(50ms);  // the server has lingered, and dropped the connection
            const auto ending = co_await ending_of(client.stream);
            EXPECT_EQ(ending, "end");
            EXPECT_FALSE(client.stream.buffered().empty());
        };
        co_await serve_during(unsteady, options, talk);
    });
}

TEST_P(Http10, gets_no_trailers_and_no_error_for_them) {
    run([]() -> Task<> {
        const ConnectionOptions options;
        std::string refused;
        auto handler = [&](ServerExchange& exchange) -> Task<void> {
            ResponseHead head;
            co_await exchange.start(std::move(head));
            co_await exchange.write("body");
            Fields trailers;
            trailers.add(exchange.path() == "/wrong" ? "Host" : "X-Sum", "4");
            try {
                co_await exchange.finish(std::move(trailers));
            } catch (const ProtocolError& error) {
                refused += http::rule_name(error.rule());
                throw;
            }
        };
        auto talk = [&](std::uint16_t port, TaskHandle<void>&) -> Task<> {
            for (const std::string_view path : {"/right", "/wrong"}) {
                auto client = co_await RawClient::open(port);
                const auto request = get_1_0(path);
                co_await client.send(request);
                const auto ending = co_await ending_of(client.stream);
                EXPECT_EQ(ending, path == "/right" ? "end" : "reset");
                const auto bytes = client.stream.buffered();
                const std::string_view text(bytes.data(), bytes.size());
                if (path == "/right") {
                    EXPECT_TRUE(text.ends_with("\r\n\r\nbody")) << text;
                }
            }
        };
        co_await serve_during(handler, options, talk);
        EXPECT_EQ(refused, "forbidden_trailer") << "as it is for everybody";
    });
}

}  // namespace
}  // namespace gyre::testing

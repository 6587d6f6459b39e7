#pragma once

#include <gyre/backend/backend.hpp>
#include <gyre/backend/sim.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::server_testing {

using namespace std::chrono_literals;

enum class World : std::uint8_t {
    simulated,
    fragmented,  ///< Simulated too: every send and receive moves a few bytes only.
    kernel,
};
inline constexpr World all_worlds[] = {World::simulated, World::fragmented, World::kernel};

/// What a test does as a client.
using ClientBody = std::function<Task<void>(std::uint16_t)>;

inline auto serve_while(const ExchangeHandler& handler, ConnectionOptions options, const ClientBody& body,
    const net::TlsServerContext* tls) -> Task<void> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    auto serving = serve_http(std::move(listener), handler, options, tls);
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto server = group.spawn(std::move(serving), {.name = "server"});
        co_await body(port);
        server.cancel("the test is over");
    });
}

/// Runs a server and a client against it on one loop. @return what the loop's exception handler was told.
inline auto run_with(World world, const ExchangeHandler& handler, ConnectionOptions options, const ClientBody& body,
    const net::TlsServerContext* tls = nullptr) -> std::vector<std::string> {
    std::vector<std::string> errors;
    backend::SimOptions sim;
    if (world == World::fragmented) sim.longest_transfer = 100;
    auto backend = world == World::kernel ? backend::make_backend() : backend::make_sim_backend(sim);
    EventLoop loop(std::move(backend));
    loop.set_exception_handler([&](const ErrorContext& context) { errors.push_back(context.text()); });
    loop.run_until_complete(serve_while(handler, options, body, tls));
    loop.close();
    return errors;
}

/// A response as a client gets it.
struct Reply {
    Reply() = default;

    int status = 0;  ///< 0: the connection ended before a head.
    Fields fields;
    std::string body;
    Fields trailers;
    bool is_whole = false;
    std::vector<int> interim;

    [[nodiscard]] auto field(std::string_view name) const -> std::string {
        return std::string(fields.get(name).value_or("(none)"));
    }
};

/// A client that sends raw bytes and reads responses strictly.
class RawClient {
public:
    static auto open(std::uint16_t port) -> Task<RawClient> {
        auto stream = co_await net::connect("127.0.0.1", port);
        co_return RawClient(std::move(stream));
    }

    auto send(std::string_view bytes) -> Task<void> { return stream.write(bytes); }

    auto receive(std::string_view method = "GET") -> Task<Reply> {
        Reply reply;
        parser_.expect(method);
        while (true) {
            const auto event = parser_.next(stream.buffered());
            if (event.kind == EventKind::interim_head) reply.interim.push_back(parser_.head().status);
            if (event.kind == EventKind::head) {
                reply.status = parser_.head().status;
                reply.fields = parser_.head().fields;
            }
            reply.body.append(event.body.data(), event.body.size());
            stream.consume(event.consumed);
            if (event.kind == EventKind::complete) {
                reply.trailers = parser_.trailers();
                reply.is_whole = true;
                co_return reply;
            }
            if (event.kind != EventKind::need_more) continue;
            const bool has_more = co_await fill();
            if (!has_more) {
                reply.is_whole = finish();
                co_return reply;
            }
        }
    }

    auto ask(std::string_view bytes, std::string_view method = "GET") -> Task<Reply> {
        co_await stream.write(bytes);
        auto reply = co_await receive(method);
        co_return reply;
    }

    /// Waits for the end of the connection. @return what came before it.
    auto read_to_end() -> Task<std::string> {
        while (true) {
            const bool has_more = co_await fill();
            if (has_more) continue;
            const auto bytes = stream.buffered();
            co_return std::string(bytes.data(), bytes.size());
        }
    }

    net::Stream stream;

private:
    explicit RawClient(net::Stream open_stream) : stream(std::move(open_stream)) {}

    /// A reset is an end too.
    auto fill() -> Task<bool> {
        try {
            const auto count = co_await stream.fill();
            co_return count != 0;
        } catch (const IoError&) {}
        co_return false;
    }
    auto finish() -> bool {
        try {
            return parser_.finish();
        } catch (const ProtocolError&) {
            return false;
        }
    }

    ResponseParser parser_;
};

/// One request on a connection of its own.
inline auto ask(std::uint16_t port, std::string bytes, std::string method = "GET") -> Task<Reply> {
    auto client = co_await RawClient::open(port);
    auto reply = co_await client.ask(bytes, method);
    co_return reply;
}

/// Answers with method, path and body.
inline auto echo(ServerExchange& exchange) -> Task<void> {
    std::string text;
    while (true) {
        const auto piece = co_await exchange.read();
        if (piece.empty()) break;
        text.append(piece.data(), piece.size());
    }
    text = std::string(exchange.method()) + " " + exchange.path() + " " + text;
    co_await exchange.respond(200, "text/plain", text);
}

inline auto get(std::string_view path, std::string_view fields = "") -> std::string {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

inline auto post(std::string_view path, std::string_view body, std::string_view fields = "") -> std::string {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace gyre::http::server_testing

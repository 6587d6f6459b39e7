#pragma once

#include "support/loops.hpp"

#include <gyre/gyre.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// A server of raw bytes, so that every misbehaviour is possible, and a client against it.
namespace gyre::testing {

/// What the server saw.
struct ServerLog {
    ServerLog() = default;
    std::size_t connections = 0;
    std::vector<std::string> requests;  ///< Head and body, as they came.
};

/// The server's side of one connection.
class Peer {
public:
    Peer(net::Stream& stream, ServerLog& log) : stream_(stream), log_(log), number_(log.connections++) {}
    Peer(const Peer&) = delete;
    auto operator=(const Peer&) -> Peer& = delete;

    /// Which connection it is, from 0.
    [[nodiscard]] auto number() const noexcept -> std::size_t { return number_; }
    /// Reads a request. Empty when the client has closed.
    [[nodiscard]] auto request() -> Task<std::string>;
    /// Reads to the end of `delimiter`. Empty when the client has closed before that.
    [[nodiscard]] auto until(std::string delimiter) -> Task<std::string>;
    /// Sends bytes, in pieces of that size if it is not 0. A client that has gone is no error.
    [[nodiscard]] auto send(std::string bytes, std::size_t piece = 0) -> Task<>;
    /// Waits until the client closes.
    [[nodiscard]] auto hold() -> Task<>;

private:
    net::Stream& stream_;
    ServerLog& log_;
    std::size_t number_;
};

/// What a server does on each connection; it closes when the script ends.
using Script = std::function<Task<>(Peer&)>;

/// Answers every request on every connection with the same bytes.
[[nodiscard]] auto always(std::string answer, std::size_t piece = 0) -> Script;
/// Connection n answers its list, one answer a request, and closes after the last.
[[nodiscard]] auto in_turn(std::vector<std::vector<std::string>> answers) -> Script;
/// "HTTP/1.1 200 OK", Content-Length, and the body.
[[nodiscard]] auto ok(std::string_view body) -> std::string;

/// What the client of a test does; `base` is "http://127.0.0.1:PORT".
using ClientBody = std::function<Task<>(http::Client& client, std::string base)>;

/// What runs a script, and what came of it.
class ScriptedServer {
public:
    explicit ScriptedServer(Script script) : script_(std::move(script)) {}
    ScriptedServer(const ScriptedServer&) = delete;
    auto operator=(const ScriptedServer&) -> ScriptedServer& = delete;

    /// Speaks TLS. The client uses "https://127.0.0.1:PORT".
    void encrypt(const net::TlsServerContext& context) { tls_ = &context; }
    /// Serves, runs `body` against it, and stops.
    [[nodiscard]] auto run(http::ClientOptions options, ClientBody body) -> Task<>;
    /// Serves, runs `body(base)`, and stops.
    [[nodiscard]] auto run(std::function<Task<>(std::string base)> body) -> Task<>;

    [[nodiscard]] auto log() const noexcept -> const ServerLog& { return log_; }

private:
    [[nodiscard]] auto handle(net::Stream stream) -> Task<>;

    Script script_;
    ServerLog log_;
    const net::TlsServerContext* tls_ = nullptr;
};

/// How a request ended: status and body, or the error.
struct Reply {
    Reply() = default;
    int status = 0;
    std::string body;
    std::string error;  ///< `what()` of the RequestError; empty if there was none.
    http::RequestPhase phase{};
    bool timed_out = false;
    std::string url;
    http::Fields trailers;
    bool is_delimited = false;
};

/// Makes a request and reads the whole body.
[[nodiscard]] auto fetch(http::Client& client, std::string url, std::string method = "GET", http::Fields fields = {},
    std::string body = {}) -> Task<Reply>;

/// One GET of "/" against a script.
[[nodiscard]] auto fetch_from(Script script, http::ClientOptions options = http::ClientOptions()) -> Task<Reply>;

}  // namespace gyre::testing

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/client_options.hpp>
#include <gyre/http/client/client_request.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/client/client_trace.hpp>
#include <gyre/http/client/event_source.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace gyre::http {

namespace internal {
class Pool;
}  // namespace internal

/// What a client has done so far, and what it holds now.
struct ClientStats {
    std::uint64_t requests = 0;            ///< Requests that were awaited.
    std::uint64_t connections_opened = 0;  ///< Connections made, TLS included.
    std::uint64_t connections_reused = 0;  ///< Requests, redirects included, that went over a kept connection.
    std::uint64_t redirects = 0;           ///< Redirects followed.
    std::uint64_t replays = 0;             ///< Requests sent once more because a kept connection was dead.
    std::uint64_t retries = 0;             ///< Requests that `http::retry` sent again.
    std::uint64_t retries_denied = 0;      ///< Those that its budget forbade to send again.
    std::uint64_t bytes_received = 0;      ///< Heads and bodies, as sent by servers (inside TLS).
    std::size_t open_connections = 0;      ///< In use or kept.
    std::size_t idle_connections = 0;      ///< Kept.
    std::size_t connecting = 0;            ///< Being made.
    std::size_t waiting_requests = 0;      ///< Requests that wait for a connection to become free.
};

/// Makes HTTP/1.1 requests over connections that it keeps: http and https, redirects, limits and timeouts.
///
/// Make one and use it for everything: any number of requests may run at the same time. A kept connection is used again
/// only for the same scheme, host and port, the last one given back first, and only if nothing has arrived on it since.
/// Requests and responses under way outlive the client, but a redirect that would be followed then is InvalidStateError.
/// Thread: one loop; must go before the loop does.
/// Source: aiohttp.ClientSession, RFC 9112.
class Client {
public:
    /// Certificates are read at the first https request.
    /// @throws UrlError if `base_url` is no URL; std::invalid_argument for a `proxy`, a `local_address`, a `unix_socket` or a
    ///         number of connections that cannot be one, and for a secret field that is no name of one.
    explicit Client(const ClientOptions& options = {});
    Client(Client&&) noexcept;
    auto operator=(Client&&) noexcept -> Client&;
    ~Client();

    /// Requests, to be completed and awaited. `url` is absolute, or relative to `ClientOptions::base_url`; with a base, a
    /// path ("/users") belongs to the base's origin, and another origin's URL is sent there.
    [[nodiscard]] auto get(std::string url) -> ClientRequest { return request("GET", std::move(url)); }
    [[nodiscard]] auto head(std::string url) -> ClientRequest { return request("HEAD", std::move(url)); }
    [[nodiscard]] auto post(std::string url) -> ClientRequest { return request("POST", std::move(url)); }
    [[nodiscard]] auto put(std::string url) -> ClientRequest { return request("PUT", std::move(url)); }
    [[nodiscard]] auto patch(std::string url) -> ClientRequest { return request("PATCH", std::move(url)); }
    /// DELETE, which is a word of C++.
    [[nodiscard]] auto del(std::string url) -> ClientRequest { return request("DELETE", std::move(url)); }
    [[nodiscard]] auto options(std::string url) -> ClientRequest { return request("OPTIONS", std::move(url)); }
    /// With any method, as sent.
    [[nodiscard]] auto request(std::string method, std::string url) -> ClientRequest;

    /// Opens a WebSocket. `url` is as for a request; "ws:" and "wss:" are the same as "http:" and "https:".
    /// @param offer subprotocols and Origin; key and compression are the client's to set.
    /// @throws as `ClientRequest::send`; WebSocketHandshakeError if the server does not agree, and redirects are not followed;
    ///         as `websocket_request_fields`.
    /// On cancel: the connection is closed.
    [[nodiscard]] auto websocket(std::string url, const WebSocketOptions& options = {}, WebSocketOffer offer = {})
        -> Task<WebSocket>;
    /// The same with fields and a total time of the request's own: `client.websocket(client.get("/ws").header(...))`.
    [[nodiscard]] auto websocket(ClientRequest request, const WebSocketOptions& options = {}, WebSocketOffer offer = {})
        -> Task<WebSocket>;

    /// Server-sent events from `url`, over connections that are made again: as long as the client is there and not closed.
    [[nodiscard]] auto events(std::string url, const EventSourceOptions& options = {}) -> EventSource;

    /// Adds a middleware around the requests that are sent from now on, the first one outermost.
    /// @throws std::invalid_argument for an empty function.
    auto use(ClientMiddleware middleware) -> Client&;

    /// Tells of each step of the requests that are sent from now on. @throws std::invalid_argument for an empty function.
    auto trace(ClientTrace trace) -> Client&;

    [[nodiscard]] auto stats() const noexcept -> ClientStats;

    /// Closes the kept connections at once and refuses new requests. Responses under way are not disturbed; their
    /// connections are closed and not kept. Idempotent.
    void close() noexcept;

protected:
    explicit Client(std::shared_ptr<internal::Pool> pool) noexcept;

private:
    std::shared_ptr<internal::Pool> pool_;
};

}  // namespace gyre::http

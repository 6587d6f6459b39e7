#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/client_options.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace gyre::http {

namespace internal {
class Pool;
}  // namespace internal

/// What a client has done so far, and what it holds now.
struct ClientStatistics {
    std::uint64_t requests = 0;            ///< Calls of `get` and `request` that were awaited.
    std::uint64_t connections_opened = 0;  ///< Connections made, TLS included.
    std::uint64_t connections_reused = 0;  ///< Requests, redirects included, that went over a kept connection.
    std::uint64_t redirects = 0;           ///< Redirects followed.
    std::uint64_t replays = 0;             ///< Requests sent once more because a kept connection was dead.
    std::uint64_t bytes_received = 0;      ///< Heads and bodies, as sent by servers (inside TLS).
    std::size_t open_connections = 0;      ///< In use or kept.
    std::size_t idle_connections = 0;      ///< Kept.
};

/// Makes HTTP/1.1 requests over connections that it keeps: http and https, redirects, limits and timeouts.
///
/// Make one and use it for everything: any number of requests may run at the same time. A kept connection is used again
/// only for the same scheme, host and port, the last one given back first, and only if nothing has arrived on it since.
/// Requests and responses under way outlive the client. Thread: one loop; must go before the loop does.
/// Source: aiohttp.ClientSession, RFC 9112.
class Client {
public:
    /// @throws net::TlsError if the certificates cannot be read, at the first https request.
    explicit Client(ClientOptions options = ClientOptions());
    Client(Client&&) noexcept;
    auto operator=(Client&&) noexcept -> Client&;
    ~Client();

    /// `request("GET", url)`.
    [[nodiscard]] auto get(std::string url) -> Task<ClientResponse>;

    /// Sends a request and waits for the head of the response, following redirects.
    ///
    /// Host, Content-Length, User-Agent and Accept are added; a Host, User-Agent or Accept in `fields` is used instead.
    /// Every status is a response. @throws RequestError; InvalidStateError after `close`.
    /// On cancel: the connection is closed; whether the server got the request is not known.
    [[nodiscard]] auto request(std::string method, std::string url, Fields fields = {}, std::string body = {})
        -> Task<ClientResponse>;

    [[nodiscard]] auto statistics() const noexcept -> ClientStatistics;

    /// Closes the kept connections at once and refuses new requests. Responses under way are not disturbed; their
    /// connections are closed and not kept. Idempotent.
    void close() noexcept;

private:
    std::shared_ptr<internal::Pool> pool_;
};

}  // namespace gyre::http

#include "serve_http.hpp"

#include "server_connection.hpp"

#include <gyre/http/server/server.hpp>
#include <gyre/http/server/trusted_proxies.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace internal {

namespace {

constexpr auto turning_away = std::chrono::seconds(1);
constexpr std::string_view too_many_connections =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; "
    "charset=utf-8\r\nContent-Length: 54\r\n\r\n503 Service Unavailable\ntoo many connections from here\n";

/// The connection after its TLS handshake; empty if that failed or took too long.
auto secure(net::Stream stream, const net::TlsServerContext& tls, Duration limit) -> Task<std::optional<net::Stream>> {
    try {
        auto secured = co_await move_on_after(limit, tls.handshake(std::move(stream)));
        co_return secured;
    } catch (const IoError&) {
        // Somebody who does not speak TLS, or not ours: theirs to know.
    }
    co_return std::nullopt;
}

/// Says that there are too many connections of the same source, and closes.
auto turn_away(net::Stream stream, const ConnectionOptions& options) -> Task<void> {
    GuardedStream guarded(std::move(stream), {turning_away, 0, {}});
    try {
        co_await guarded.write(too_many_connections);
    } catch (const IoError&) {
        co_return guarded.abort();
    }
    co_await guarded.linger(turning_away, options.linger_bytes);
}

/// The place of a connection among those of its source; empty if there are too many.
auto place_of(const net::Stream& stream, Service& service, bool& is_welcome) -> std::optional<ConnectionCounts::Place> {
    is_welcome = true;
    const auto peer = stream.peer_address();
    const auto& options = service.options;
    const bool is_proxy = options.trusted_proxies != nullptr && options.trusted_proxies->contains(peer);
    if (!peer.is_ip() || is_proxy) return std::nullopt;
    const auto source = net::IpNetwork::around(peer, options.source_bits_ipv4, options.source_bits_ipv6);
    auto place = service.counts.enter(source, options.max_connections_per_source);
    is_welcome = place.has_value();
    return place;
}

auto serve_one(net::Stream stream, Service& service, const net::TlsServerContext* tls) -> Task<void> {
    bool is_welcome = false;
    const auto place = place_of(stream, service, is_welcome);
    if (!is_welcome) {
        if (tls == nullptr) co_await turn_away(std::move(stream), service.options);
        co_return;
    }
    if (tls != nullptr) {
        auto secured = co_await secure(std::move(stream), *tls, service.options.handshake_timeout);
        if (!secured) co_return;
        stream = std::move(*secured);
    }
    ServerConnection connection(std::move(stream), service);
    co_await connection.run();
}

}  // namespace

auto serve_until_drained(net::Listener listener, Service& service, const net::TlsServerContext* tls) -> Task<void> {
    net::ConnectionHandler serve_it = [&service, tls](
                                          net::Stream stream) { return serve_one(std::move(stream), service, tls); };
    service.is_secure = tls != nullptr;
    DrainScope accepting(service.drain);
    net::ServeOptions serve_options;
    serve_options.max_connections = service.options.max_connections;
    serve_options.accepting = &accepting.scope();
    co_await net::serve(std::move(listener), std::move(serve_it), serve_options);
}

}  // namespace internal

auto serve_connection(net::Stream stream, const ExchangeHandler& handler, const ConnectionOptions& options)
    -> Task<void> {
    internal::Drain never;
    internal::ConnectionCounts counts;
    internal::Service service(handler, options, never, counts);
    internal::ServerConnection connection(std::move(stream), service);
    co_await connection.run();
}

auto serve_http(net::Listener listener, ExchangeHandler handler, ConnectionOptions options,
    const net::TlsServerContext* tls) -> Task<void> {
    internal::Drain never;
    internal::ConnectionCounts counts;
    internal::Service service(handler, options, never, counts);
    co_await internal::serve_until_drained(std::move(listener), service, tls);
}

}  // namespace gyre::http

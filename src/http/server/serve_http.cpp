#include "serve_http.hpp"

#include "http/wall_clock.hpp"
#include "proxy_header.hpp"
#include "server_connection.hpp"

#include <gyre/http/server/server.hpp>
#include <gyre/http/server/server_observer.hpp>
#include <gyre/http/server/trusted_proxies.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace internal {

namespace {

constexpr auto turning_away = std::chrono::seconds(1);
constexpr std::string_view too_many_connections =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; "
    "charset=utf-8\r\nContent-Length: 54\r\n\r\n503 Service Unavailable\ntoo many connections from here\n";
constexpr std::uint64_t too_many_connections_body = 54;

void tell_refused(const Service& service, RefusalReason reason, const net::Address& peer) {
    const auto& observers = service.options.observers;
    if (observers.front() == nullptr) return;
    RefusalRecord record;
    record.reason = reason;
    record.peer = &peer;
    record.is_secure = service.is_secure;
    if (reason == RefusalReason::too_many && !service.is_secure) {
        record.status = 503;
        record.body_bytes = too_many_connections_body;
    }
    record.time = this_loop().local<WallClock>().now();
    for (auto* observer : observers) {
        if (observer == nullptr) break;
        observer->connection_refused(record);
    }
}

/// The connection after its TLS handshake; empty if that failed, took too long, or gave way to somebody else.
auto secure(net::Stream stream, const net::TlsServerContext& tls, Service& service) -> Task<std::optional<net::Stream>> {
    try {
        DrainScope handshake(service.drain, DrainKind::head, this_loop().now());
        const ScopeOptions options{.scope = &handshake.scope()};
        const auto limit = service.options.handshake_timeout;
        auto secured = co_await move_on_after(limit, options, tls.handshake(std::move(stream)));
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

/// Reads the header that a proxy sends first, and nothing behind it.
auto read_proxy_header(net::Stream& stream) -> Task<ProxyHeader> {
    std::string bytes;
    for (;;) {
        const auto old_size = bytes.size();
        bytes.resize(old_size + proxy_bytes_to_read(bytes));
        const auto room = std::as_writable_bytes(std::span(bytes).subspan(old_size));
        const auto count = co_await stream.transport().read_some(room);
        if (count == 0) throw ProxyHeaderError("PROXY header: the connection ended");
        bytes.resize(old_size + count);
        if (auto header = parse_proxy_header(bytes)) co_return *header;
    }
}

/// Who is at the other end; empty if that is to be told by a proxy, and was not.
auto peer_of(net::Stream& stream, Service& service) -> Task<std::optional<Peer>> {
    const auto& options = service.options;
    Peer peer{stream.peer_address(), service.is_secure};
    if (!options.proxy_protocol) co_return peer;
    if (!options.trusted_proxies->contains(peer.address)) co_return std::nullopt;
    try {
        DrainScope waiting(service.drain, DrainKind::head, this_loop().now());
        const ScopeOptions scope{.scope = &waiting.scope()};
        const auto header = co_await move_on_after(options.handshake_timeout, scope, read_proxy_header(stream));
        if (header) {
            peer.is_proxied = header->source.has_value();
            peer.address = header->source.value_or(peer.address);
            peer.is_secure = header->is_secure.value_or(peer.is_secure);
            co_return peer;
        }
    } catch (const ProxyHeaderError&) {  // a proxy that is set up wrongly: theirs to know
    } catch (const IoError&) {}
    co_return std::nullopt;
}

/// The place of a connection among those of its source; empty if there are too many.
auto place_of(const net::Address& peer, Service& service, bool& is_welcome) -> std::optional<ConnectionCounts::Place> {
    is_welcome = true;
    const auto& options = service.options;
    const bool is_proxy = options.trusted_proxies != nullptr && options.trusted_proxies->contains(peer);
    if (!peer.is_ip() || is_proxy) return std::nullopt;
    const auto source = net::IpNetwork::around(peer, options.source_bits_ipv4, options.source_bits_ipv6);
    auto place = service.counts.enter(source, options.max_connections_per_source);
    is_welcome = place.has_value();
    return place;
}

auto serve_one(net::Stream stream, Service& service, const net::TlsServerContext* tls) -> Task<void> {
    const Drain::Guest guest(service.drain);
    const auto peer = co_await peer_of(stream, service);
    if (!peer) co_return tell_refused(service, RefusalReason::proxy_header, stream.peer_address());
    bool is_welcome = false;
    const auto place = place_of(peer->address, service, is_welcome);
    if (!is_welcome) {
        tell_refused(service, RefusalReason::too_many, peer->address);
        if (tls == nullptr) co_await turn_away(std::move(stream), service.options);
        co_return;
    }
    if (tls != nullptr) {
        auto secured = co_await secure(std::move(stream), *tls, service);
        if (!secured) co_return tell_refused(service, RefusalReason::tls_handshake, peer->address);
        stream = std::move(*secured);
    }
    ServerConnection connection(std::move(stream), *peer, service);
    co_await connection.run();
}

}  // namespace

void check_options(const ConnectionOptions& options) {
    if (options.proxy_protocol && options.trusted_proxies == nullptr) {
        throw std::invalid_argument("ConnectionOptions::proxy_protocol needs trusted_proxies, who may use it");
    }
}

auto serve_until_drained(net::Listener listener, Service& service, const net::TlsServerContext* tls) -> Task<void> {
    check_options(service.options);
    net::ConnectionHandler serve_it = [&service, tls](
                                          net::Stream stream) { return serve_one(std::move(stream), service, tls); };
    service.is_secure = tls != nullptr;
    const Drain::Room room(service.drain, service.options.max_connections);
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
    const internal::Peer peer{stream.peer_address()};
    internal::ServerConnection connection(std::move(stream), peer, service);
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

#include "serve_http.hpp"

#include "server_connection.hpp"

#include <gyre/http/server/server.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>

#include <optional>
#include <utility>

namespace gyre::http {

namespace internal {

namespace {

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

auto serve_one(net::Stream stream, const ExchangeHandler& handler, const ConnectionOptions& options,
    const net::TlsServerContext* tls, Drain& drain) -> Task<void> {
    if (tls != nullptr) {
        auto secured = co_await secure(std::move(stream), *tls, options.handshake_timeout);
        if (!secured) co_return;
        stream = std::move(*secured);
    }
    ServerConnection connection(std::move(stream), handler, options, drain);
    co_await connection.run();
}

}  // namespace

auto serve_until_drained(net::Listener listener, const ExchangeHandler& handler, const ConnectionOptions& options,
    const net::TlsServerContext* tls, Drain& drain) -> Task<void> {
    net::ConnectionHandler serve_it = [&handler, &options, tls, &drain](net::Stream stream) {
        return serve_one(std::move(stream), handler, options, tls, drain);
    };
    DrainScope accepting(drain);
    net::ServeOptions serve_options;
    serve_options.max_connections = options.max_connections;
    serve_options.accepting = &accepting.scope();
    co_await net::serve(std::move(listener), std::move(serve_it), serve_options);
}

}  // namespace internal

auto serve_connection(net::Stream stream, const ExchangeHandler& handler, const ConnectionOptions& options)
    -> Task<void> {
    internal::Drain never;
    internal::ServerConnection connection(std::move(stream), handler, options, never);
    co_await connection.run();
}

auto serve_http(net::Listener listener, ExchangeHandler handler, ConnectionOptions options,
    const net::TlsServerContext* tls) -> Task<void> {
    internal::Drain never;
    co_await internal::serve_until_drained(std::move(listener), handler, options, tls, never);
}

}  // namespace gyre::http

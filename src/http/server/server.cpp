#include <gyre/http/server/server.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>

#include <optional>
#include <utility>

namespace gyre::http {

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

auto serve_one(net::Stream stream, const Handler& handler, const ServerOptions& options,
    const net::TlsServerContext* tls) -> Task<void> {
    if (tls != nullptr) {
        auto secured = co_await secure(std::move(stream), *tls, options.handshake_timeout);
        if (!secured) co_return;
        stream = std::move(*secured);
    }
    co_await serve_connection(std::move(stream), handler, options);
}

}  // namespace

auto serve_http(net::Listener listener, Handler handler, ServerOptions options, const net::TlsServerContext* tls)
    -> Task<void> {
    net::ConnectionHandler serve_it = [&handler, &options, tls](net::Stream stream) {
        return serve_one(std::move(stream), handler, options, tls);
    };
    net::ServeOptions serve_options;
    serve_options.max_connections = options.max_connections;
    co_await net::serve(std::move(listener), std::move(serve_it), serve_options);
}

}  // namespace gyre::http

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/connection.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>

namespace gyre::http {

/// Serves HTTP/1.1 on every connection that `listener` accepts, until it is cancelled; then the requests that run are
/// cancelled, and it ends when they have. It owns the listener.
/// @param tls if there is one, the connections speak TLS; must live until this ends. A failed handshake drops its
///            connection and is nobody's error.
/// @throws IoError if accepting fails for good. Errors of the handler go to the loop's exception handler.
[[nodiscard]] auto serve_http(net::Listener listener, Handler handler, ServerOptions options = {},
    const net::TlsServerContext* tls = nullptr) -> Task<void>;

}  // namespace gyre::http

#pragma once

#include "drain.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/server/connection_options.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>

namespace gyre::http::internal {

/// `serve_http` that ends by itself once `drain` has begun and the last connection has ended.
[[nodiscard]] auto serve_until_drained(net::Listener listener, const ExchangeHandler& handler,
    const ConnectionOptions& options, const net::TlsServerContext* tls, Drain& drain) -> Task<void>;

}  // namespace gyre::http::internal

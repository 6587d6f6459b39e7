#pragma once

#include "service.hpp"

#include <gyre/core/task.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>

namespace gyre::http::internal {

/// @throws std::invalid_argument for what cannot be served.
void check_options(const ConnectionOptions& options);

/// `serve_http` that ends by itself once the drain of `service` has begun and the last connection has ended.
[[nodiscard]] auto serve_until_drained(net::Listener listener, Service& service, const net::TlsServerContext* tls)
    -> Task<void>;

}  // namespace gyre::http::internal

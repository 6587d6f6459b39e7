#include <gyre/http/server/connection.hpp>

#include "server_connection.hpp"

#include <utility>

namespace gyre::http {

auto serve_connection(net::Stream stream, const Handler& handler, const ServerOptions& options) -> Task<void> {
    internal::ServerConnection connection(std::move(stream), handler, options);
    co_await connection.run();
}

}  // namespace gyre::http

#pragma once

#include "connection_counts.hpp"
#include "drain.hpp"

#include <gyre/http/server/connection_options.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/net/address.hpp>

#include <cstdint>

namespace gyre::http::internal {

/// Who is at the other end of a connection, or said to be by a proxy.
struct Peer {
    net::Address address;
    bool is_secure = false;   ///< It came over TLS: to this server, or to that proxy.
    bool is_proxied = false;  ///< A proxy said it.
};

/// What the connections of a server on one loop have in common. The rest of it is owned elsewhere, and lives longer.
struct Service {
    Service(const ExchangeHandler& its_handler, const ConnectionOptions& its_options, Drain& its_drain,
        ConnectionCounts& its_counts) noexcept
        : handler(its_handler), options(its_options), drain(its_drain), counts(its_counts) {}

    const ExchangeHandler& handler;
    const ConnectionOptions& options;
    Drain& drain;
    ConnectionCounts& counts;
    bool is_secure = false;         ///< It speaks TLS.
    std::uint64_t connections = 0;  ///< How many there were.
};

}  // namespace gyre::http::internal

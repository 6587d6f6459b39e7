#pragma once

#include "connection_slot.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>

#include <memory>
#include <string>
#include <utility>

namespace gyre::http::internal {

/// A connection to an origin, and the parser of what comes on it. It is counted as open as long as it lives.
class Connection {
public:
    Connection(net::Stream opened, ConnectionSlot place, const Limits& limits, std::shared_ptr<ClientStats> statistics)
        : slot(std::move(place)),
          stream(std::move(opened)),
          parser(limits),
          peer(stream.peer_address()),
          peer_text(peer.text()),
          statistics_(std::move(statistics)) {
        ++statistics_->open_connections;
    }
    Connection(const Connection&) = delete;
    auto operator=(const Connection&) -> Connection& = delete;
    ~Connection() { --statistics_->open_connections; }

    ConnectionSlot slot;  ///< Says whose requests it may carry. The last to go.
    net::Stream stream;
    ResponseParser parser;
    net::Address peer;
    std::string peer_text;
    Time kept_since{};
    bool is_reused = false;

private:
    std::shared_ptr<ClientStats> statistics_;
};

}  // namespace gyre::http::internal

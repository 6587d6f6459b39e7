#pragma once

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
    Connection(
        net::Stream opened, std::string wanted_origin, const Limits& limits, std::shared_ptr<ClientStats> statistics)
        : stream(std::move(opened)),
          parser(limits),
          origin(std::move(wanted_origin)),
          peer(stream.peer_address()),
          peer_text(peer.text()),
          statistics_(std::move(statistics)) {
        ++statistics_->open_connections;
    }
    Connection(const Connection&) = delete;
    auto operator=(const Connection&) -> Connection& = delete;
    ~Connection() { --statistics_->open_connections; }

    net::Stream stream;
    ResponseParser parser;
    std::string origin;  ///< Scheme, host and port: whose requests it may carry.
    net::Address peer;
    std::string peer_text;
    Time kept_since{};
    bool is_reused = false;

private:
    std::shared_ptr<ClientStats> statistics_;
};

}  // namespace gyre::http::internal

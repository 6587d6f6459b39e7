#pragma once

#include "net/socket.hpp"

#include <gyre/net/connect.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace gyre::testing {

/// An address that never answers: its listener's queue is full.
class SilentAddress {
public:
    explicit SilentAddress(const net::Address& address)
        : listener_(internal::Socket::open(address, SOCK_STREAM, "listen")) {
        if (listener_.bind(address) != 0 || listener_.listen(0) != 0) throw std::runtime_error("no silent address");
    }
    /// Fills the queue.
    auto fall_silent() -> Task<> {
        const auto address = listener_.local_address();
        auto stream = co_await net::connect(address);
        guest_.emplace(std::move(stream));
    }

private:
    internal::Socket listener_;
    std::optional<net::Stream> guest_;
};

}  // namespace gyre::testing

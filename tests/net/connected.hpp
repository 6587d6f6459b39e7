#pragma once

#include <gyre/gyre.hpp>

#include <string>
#include <utility>

namespace gyre::testing {

/// Both ends of a TCP connection.
struct Connected {
    Connected(net::Stream one, net::Stream other) : client(std::move(one)), server(std::move(other)) {}
    net::Stream client;
    net::Stream server;
};

inline auto connected() -> Task<Connected> {
    auto listener = co_await net::listen("127.0.0.1", 0);
    auto client = co_await net::connect("127.0.0.1", listener.local_address().port());
    auto server = co_await listener.accept();
    co_return Connected(std::move(client), std::move(server));
}

/// How some work failed; "" if it did not.
template<Work W>
auto failure_of(W work) -> Task<std::string> {
    auto outcome = co_await as_outcome(std::move(work));
    co_return outcome.is_error() ? describe(outcome.error()) : std::string();
}

}  // namespace gyre::testing

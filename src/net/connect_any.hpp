#pragma once

#include <gyre/net/connect.hpp>

#include <string>
#include <vector>

namespace gyre::internal {

/// Connects to the first of several addresses that answers, as `net::connect` does it when it has them.
/// @param object what errors call the whole: "example.com:80".
[[nodiscard]] auto connect_any(std::vector<net::Address> addresses, std::string object, net::ConnectOptions options)
    -> Task<net::Stream>;

}  // namespace gyre::internal

#pragma once

#include <gyre/net/stream.hpp>

#include <optional>

namespace gyre::net {

/// Who is at the other end of a Unix connection, as they were when it was made.
struct PeerCredentials {
    int process = 0;
    unsigned user = 0;
    unsigned group = 0;
};

/// As the kernel says it, so that the peer cannot lie. Empty for what is no Unix connection of the kernel's.
/// Source: unix(7), SO_PEERCRED.
[[nodiscard]] auto peer_credentials(Stream& stream) -> std::optional<PeerCredentials>;

}  // namespace gyre::net

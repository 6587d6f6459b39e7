#pragma once

#include <gyre/net/listener.hpp>

namespace gyre::net {

/// Of the socket that listens; -1 if it is closed. It stays the listener's.
[[nodiscard]] auto descriptor_of(const Listener& listener) noexcept -> int;

}  // namespace gyre::net

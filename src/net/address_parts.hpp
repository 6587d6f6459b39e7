#pragma once

#include <gyre/net/address.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace gyre::internal {

/// As `Address::from_ip`; empty for a name.
[[nodiscard]] auto parse_ip(std::string_view numeric, std::uint16_t port) -> std::optional<net::Address>;

/// An IP address with another port.
[[nodiscard]] auto with_port(const net::Address& address, std::uint16_t port) -> net::Address;

}  // namespace gyre::internal

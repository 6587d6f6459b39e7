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

/// The IPv4 address that a mapped one (::ffff:192.0.2.1) stands for, as the kernel writes it where one socket serves both families;
/// any other as it is.
[[nodiscard]] auto unmapped(const net::Address& address) -> net::Address;

}  // namespace gyre::internal

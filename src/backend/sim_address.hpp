#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::backend {

/// An address of the simulated host, in one form for IPv4, IPv6 and Unix, so that it can be compared.
struct Endpoint {
    using Host = std::array<std::uint8_t, 16>;

    sa_family_t family = AF_UNSPEC;  ///< AF_INET6 for both kinds of internet address, AF_UNIX, or AF_UNSPEC: none.
    Host host{};                     ///< IPv4 as an IPv4-mapped IPv6 address.
    std::uint16_t port = 0;
    std::string path;  ///< Unix: a path, or an abstract name with its leading zero byte; empty: unnamed.

    auto operator<=>(const Endpoint&) const = default;

    [[nodiscard]] auto is_ipv4() const noexcept -> bool;
    [[nodiscard]] auto is_wildcard() const noexcept -> bool;
    /// Whether the host is this one: 127.0.0.0/8 or ::1.
    [[nodiscard]] auto is_loopback() const noexcept -> bool;

    [[nodiscard]] auto with_host(const Host& other) const -> Endpoint;
    [[nodiscard]] auto with_port(std::uint16_t other) const -> Endpoint;
};

inline constexpr Endpoint::Host any_ipv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
inline constexpr Endpoint::Host any_ipv6{};
inline constexpr Endpoint::Host loopback_ipv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
inline constexpr Endpoint::Host loopback_ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

/// Reads a socket address. Empty if its family is not one of the socket's, or if it is too short.
[[nodiscard]] auto endpoint_of(const sockaddr_storage& address, socklen_t length, int domain) -> std::optional<Endpoint>;

/// Writes a socket address as a socket of `domain` sees it. @return its length.
auto write_address(const Endpoint& endpoint, int domain, sockaddr_storage& address) noexcept -> socklen_t;

/// The addresses of a name on the simulated host; none if there is no such name. Source: RFC 6761, section 6.3.
[[nodiscard]] auto simulated_lookup(std::string_view host) -> std::vector<std::string>;

}  // namespace gyre::backend

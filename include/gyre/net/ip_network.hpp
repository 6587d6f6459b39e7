#pragma once

#include <gyre/net/address.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::net {

/// A range of IP addresses that begin with the same bits: "10.0.0.0/8", "2001:db8::/32", or one address: "127.0.0.1".
///
/// IPv4 addresses in their IPv6 form (::ffff:10.0.0.1), as a socket for both families gives them, are the IPv4 addresses
/// that they stand for. A value that compares; thread: none of its own. Source: RFC 4632; Python's ipaddress.
class IpNetwork {
public:
    /// @throws std::invalid_argument for what is none, and if bits behind the prefix are set ("10.0.0.1/8").
    explicit IpNetwork(std::string_view text);

    /// The network of that size which an address is in. @param four_bits up to 32, for IPv4. @param six_bits up to 128.
    /// @throws std::invalid_argument for a Unix address, or a size that there is not.
    [[nodiscard]] static auto around(const Address& address, unsigned four_bits, unsigned six_bits) -> IpNetwork;

    [[nodiscard]] auto contains(const Address& address) const noexcept -> bool;
    /// How long the prefix is: 8 of "10.0.0.0/8".
    [[nodiscard]] auto bits() const noexcept -> unsigned { return bits_; }
    /// "10.0.0.0/8".
    [[nodiscard]] auto text() const -> std::string;

    friend auto operator==(const IpNetwork&, const IpNetwork&) -> bool = default;
    friend auto operator<=>(const IpNetwork&, const IpNetwork&) = default;

private:
    IpNetwork() noexcept = default;

    bool is_four_ = false;
    std::uint8_t bits_ = 0;
    std::array<std::uint8_t, 16> bytes_{};  ///< Of IPv4 the first four.
};

}  // namespace gyre::net

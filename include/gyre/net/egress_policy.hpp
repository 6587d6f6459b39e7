#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/ip_network.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// An address was not connected to because an `EgressPolicy` refuses it:
/// "connect 10.0.0.1:80: refused by the egress policy: private (10.0.0.0/8)".
class EgressError : public IoError {
public:
    using IoError::IoError;
};

/// Which addresses may be connected to, for programs that are told by others where to connect.
///
/// It judges the addresses that names were resolved to, not the names: what a name means can change between a check and the
/// connection. Of all rules that fit, the narrowest one counts; of two for the same network that which denies, and a rule
/// of the user's before one of `public_only`. An IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4, Teredo,
/// ISATAP) is refused if either of them is. Unix sockets are not judged. A value; thread: any, while it is not changed.
class EgressPolicy {
public:
    /// Allows every address.
    EgressPolicy();
    /// Allows public addresses only: none for special purposes (loopback, private, link-local, shared by a provider,
    /// multicast, unspecified, reserved, documentation...), no 6to4 and no Teredo, and of IPv6 only what is given out.
    /// Source: the registries of IANA, RFC 6890.
    [[nodiscard]] static auto public_only() -> EgressPolicy;

    /// Allows a network all the same: "10.1.0.0/16", or one address. @throws std::invalid_argument as IpNetwork.
    auto allow(std::string_view network) -> EgressPolicy&;
    /// Refuses a network. @throws as `allow`.
    auto deny(std::string_view network) -> EgressPolicy&;

    /// The rule that refuses an address: "private (10.0.0.0/8)", "denied (192.0.2.0/24)"; empty if none does.
    [[nodiscard]] auto refusal(const Address& address) const -> std::optional<std::string>;
    /// @throws EgressError if it is refused, naming address and rule.
    void check(const Address& address) const;

private:
    struct Rule {
        IpNetwork network;
        bool allows;
    };
    [[nodiscard]] auto refusal_of(const Address& address) const -> std::optional<std::string>;
    auto add(std::string_view network, bool allows) -> EgressPolicy&;

    std::vector<Rule> rules_;
    bool public_only_ = false;
};

/// What an address is reserved for, if it is not one of the public Internet: "loopback (127.0.0.0/8)".
[[nodiscard]] auto special_purpose(const Address& address) -> std::optional<std::string>;

}  // namespace gyre::net

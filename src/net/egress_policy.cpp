#include <gyre/net/egress_policy.hpp>

#include "net/address_parts.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <system_error>

namespace gyre::net {

namespace {

/// A network with a purpose. Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
struct SpecialRange {
    std::string_view network;
    std::string_view purpose;
    bool is_public = false;
};

constexpr std::array special_ranges = {
    SpecialRange{"0.0.0.0/8", "unspecified"},
    SpecialRange{"10.0.0.0/8", "private"},
    SpecialRange{"100.64.0.0/10", "shared by a provider"},
    SpecialRange{"127.0.0.0/8", "loopback"},
    SpecialRange{"169.254.0.0/16", "link-local"},
    SpecialRange{"172.16.0.0/12", "private"},
    SpecialRange{"192.0.0.0/24", "protocol assignments"},
    SpecialRange{"192.0.2.0/24", "documentation"},
    SpecialRange{"192.88.99.0/24", "6to4 relay"},
    SpecialRange{"192.168.0.0/16", "private"},
    SpecialRange{"198.18.0.0/15", "benchmarks"},
    SpecialRange{"198.51.100.0/24", "documentation"},
    SpecialRange{"203.0.113.0/24", "documentation"},
    SpecialRange{"224.0.0.0/4", "multicast"},
    SpecialRange{"240.0.0.0/4", "reserved"},
    SpecialRange{"255.255.255.255/32", "broadcast"},
    SpecialRange{"::/0", "not given out"},
    SpecialRange{"2000::/3", "", true},
    SpecialRange{"::/128", "unspecified"},
    SpecialRange{"::1/128", "loopback"},
    SpecialRange{"64:ff9b::/96", "", true},  // NAT64: as public as the IPv4 address inside
    SpecialRange{"64:ff9b:1::/48", "local NAT64"},
    SpecialRange{"100::/64", "discard"},
    SpecialRange{"2001::/23", "protocol assignments"},
    SpecialRange{"2001::/32", "Teredo"},
    SpecialRange{"2001:db8::/32", "documentation"},
    SpecialRange{"2002::/16", "6to4"},
    SpecialRange{"3fff::/20", "documentation"},
    SpecialRange{"fc00::/7", "private"},
    SpecialRange{"fe80::/10", "link-local"},
    SpecialRange{"fec0::/10", "site-local"},
    SpecialRange{"ff00::/8", "multicast"},
};

struct SpecialNetwork {
    IpNetwork network;
    const SpecialRange* range;
};

/// The narrowest network of the registries that an address is in; null if there is none.
auto special_network(const Address& address) -> const SpecialNetwork* {
    static const auto networks = [] {
        std::vector<SpecialNetwork> made;
        made.reserve(special_ranges.size());
        for (const auto& range : special_ranges) made.push_back({IpNetwork(range.network), &range});
        return made;
    }();
    const SpecialNetwork* narrowest = nullptr;
    for (const auto& candidate : networks) {
        if (!candidate.network.contains(address)) continue;
        if (narrowest == nullptr || candidate.network.bits() > narrowest->network.bits()) narrowest = &candidate;
    }
    return narrowest;
}

auto rule_text(std::string_view purpose, std::string_view network) -> std::string {
    return std::string(purpose) + " (" + std::string(network) + ")";
}

using SixBytes = std::array<std::uint8_t, 16>;

template<std::size_t N>
auto begins_with(const SixBytes& bytes, const std::array<std::uint8_t, N>& prefix, std::size_t at = 0) noexcept -> bool {
    return std::equal(prefix.begin(), prefix.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// The IPv4 address that packets to an IPv6 one reach in the end, if it says one. A mapped one is IPv4 to all networks.
auto inner_address(const Address& address) -> std::optional<Address> {
    if (address.family() != AF_INET6) return std::nullopt;
    sockaddr_in6 six{};
    std::memcpy(&six, &address.storage(), sizeof six);
    SixBytes bytes{};
    std::memcpy(bytes.data(), &six.sin6_addr, sizeof six.sin6_addr);

    constexpr std::array<std::uint8_t, 12> nat64 = {0, 0x64, 0xff, 0x9b};
    constexpr std::array<std::uint8_t, 4> teredo = {0x20, 0x01, 0, 0};
    constexpr std::array<std::uint8_t, 2> six_to_four = {0x20, 0x02};
    constexpr std::array<std::uint8_t, 3> isatap = {0, 0x5e, 0xfe};
    std::size_t at = 0;
    std::uint8_t mask = 0;
    if (begins_with(bytes, nat64)) {
        at = 12;
    } else if (begins_with(bytes, six_to_four)) {
        at = 2;
    } else if (begins_with(bytes, teredo)) {
        at = 12;
        mask = 0xff;
    } else if ((bytes[8] & 0xfd) == 0 && begins_with(bytes, isatap, 9)) {
        at = 12;
    } else {
        return std::nullopt;
    }
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) text += '.';
        text += std::to_string(bytes[at + i] ^ mask);
    }
    return Address::from_ip(text, address.port());
}

}  // namespace

EgressPolicy::EgressPolicy() = default;

auto EgressPolicy::public_only() -> EgressPolicy {
    EgressPolicy policy;
    policy.public_only_ = true;
    return policy;
}

auto EgressPolicy::allow(std::string_view network) -> EgressPolicy& { return add(network, true); }
auto EgressPolicy::deny(std::string_view network) -> EgressPolicy& { return add(network, false); }

auto EgressPolicy::add(std::string_view network, bool allows) -> EgressPolicy& {
    rules_.push_back({IpNetwork(network), allows});
    return *this;
}

auto EgressPolicy::refusal(const Address& address) const -> std::optional<std::string> {
    if (!address.is_ip()) return std::nullopt;
    if (auto refused = refusal_of(address)) return refused;
    const auto inner = inner_address(address);
    if (!inner) return std::nullopt;
    auto refused = refusal_of(*inner);
    if (refused) *refused += " for the " + inner->ip() + " in it";
    return refused;
}

auto EgressPolicy::refusal_of(const Address& address) const -> std::optional<std::string> {
    const Rule* narrowest = nullptr;
    for (const Rule& rule : rules_) {
        if (!rule.network.contains(address)) continue;
        const bool is_first = narrowest == nullptr || rule.network.bits() > narrowest->network.bits();
        if (is_first || (rule.network.bits() == narrowest->network.bits() && !rule.allows)) narrowest = &rule;
    }
    const SpecialNetwork* const special = public_only_ ? special_network(address) : nullptr;
    const bool is_users = narrowest != nullptr &&
                          (special == nullptr || narrowest->network.bits() >= special->network.bits());
    if (is_users) {
        if (narrowest->allows) return std::nullopt;
        return rule_text("denied", narrowest->network.text());
    }
    if (special == nullptr || special->range->is_public) return std::nullopt;
    return rule_text(special->range->purpose, special->range->network);
}

void EgressPolicy::check(const Address& address) const {
    if (const auto rule = refusal(address)) {
        throw EgressError(std::make_error_code(std::errc::permission_denied), "connect", address.text(),
            "refused by the egress policy: " + *rule);
    }
}

auto special_purpose(const Address& address) -> std::optional<std::string> {
    const SpecialNetwork* const special = special_network(address);
    if (special == nullptr || special->range->is_public) return std::nullopt;
    return rule_text(special->range->purpose, special->range->network);
}

}  // namespace gyre::net

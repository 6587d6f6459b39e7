#include <gyre/http/server/trusted_proxies.hpp>

#include "../core/grammar.hpp"
#include "../core/parameters.hpp"
#include "net/address_parts.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::http {

namespace {

/// What one proxy says about where a request came to it from.
struct Hop {
    Hop() = default;

    std::string from;
    std::string scheme;  ///< Empty: not said.
};

auto parse_address(std::string_view ip, std::uint16_t port) -> std::optional<net::Address> {
    // A zone means something on the machine of the proxy only.
    if (ip.find('%') != ip.npos) return std::nullopt;
    try {
        return gyre::internal::unmapped(net::Address::from_ip(ip, port));
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

auto parse_port(std::string_view text) noexcept -> std::optional<std::uint16_t> {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return port;
}

/// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80".
auto parse_node(std::string_view text) -> std::optional<net::Address> {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return std::nullopt;
        const auto ip = text.substr(1, end - 1);
        const auto rest = text.substr(end + 1);
        if (rest.empty()) return parse_address(ip, 0);
        const auto port = rest.starts_with(':') ? parse_port(rest.substr(1)) : std::nullopt;
        return port ? parse_address(ip, *port) : std::nullopt;
    }
    const auto colon = text.find(':');
    if (colon == text.npos || text.find(':', colon + 1) != text.npos) return parse_address(text, 0);
    const auto port = parse_port(text.substr(colon + 1));
    return port ? parse_address(text.substr(0, colon), *port) : std::nullopt;
}

auto members_of(const Fields& fields, std::string_view name) -> std::vector<std::string> {
    std::vector<std::string> members;
    for (const auto value : fields.get_all(name)) {
        internal::for_each_member(value, [&](std::string_view member) {
            if (!member.empty()) members.emplace_back(member);
        });
    }
    return members;
}

auto x_forwarded_hops(const Fields& fields) -> std::vector<Hop> {
    auto addresses = members_of(fields, "X-Forwarded-For");
    auto schemes = members_of(fields, "X-Forwarded-Proto");
    if (addresses.empty() && !schemes.empty()) addresses.emplace_back();  // a proxy that tells the scheme only
    std::vector<Hop> hops(addresses.size());
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        hops[i].from = std::move(addresses[i]);
        // Counted from the end, where both were written by the same proxy; most keep one scheme for all of them.
        const std::size_t behind = addresses.size() - 1 - i;
        if (!schemes.empty()) hops[i].scheme = schemes[schemes.size() - 1 - std::min(behind, schemes.size() - 1)];
    }
    return hops;
}

/// Takes the last member of a list whose end the nearest proxy wrote, while its front may hold anything: a quote that the
/// client left open reaches to the end of the list for who reads it from the front, and would hide what the proxy added.
auto take_last_member(std::string_view& list) noexcept -> std::string_view {
    bool is_quoted = false;
    auto begin = list.size();
    for (; begin > 0 && (is_quoted || list[begin - 1] != ','); --begin) {
        const bool is_escaped = is_quoted && begin > 1 && list[begin - 2] == '\\';
        if (list[begin - 1] == '"' && !is_escaped) is_quoted = !is_quoted;
    }
    const auto member = internal::trim_whitespace(list.substr(begin));
    list = list.substr(0, begin == 0 ? 0 : begin - 1);
    return member;
}

auto forwarded_hops(const Fields& fields) -> std::vector<Hop> {
    std::vector<Hop> hops;
    auto values = fields.get_all("Forwarded");
    for (auto value = values.rbegin(); value != values.rend(); ++value) {
        while (!value->empty()) {
            const auto member = take_last_member(*value);
            if (member.empty()) continue;
            const auto parameters = internal::parse_parameters(";" + std::string(member));
            auto& hop = hops.emplace_back();
            if (!parameters) continue;  // one that cannot be read names nobody
            hop.from = internal::find_parameter(*parameters, "for").value_or("");
            hop.scheme = internal::find_parameter(*parameters, "proto").value_or("");
        }
    }
    std::reverse(hops.begin(), hops.end());
    return hops;
}

auto hops_of(const Fields& fields, ForwardedField field) -> std::vector<Hop> {
    return field == ForwardedField::forwarded ? forwarded_hops(fields) : x_forwarded_hops(fields);
}

/// Whether the request came to that proxy over https; empty if it does not say.
auto is_secure_at(const Hop& hop) noexcept -> std::optional<bool> {
    if (internal::equals_ignoring_case(hop.scheme, "https")) return true;
    if (internal::equals_ignoring_case(hop.scheme, "http")) return false;
    return std::nullopt;
}

auto networks_of(std::initializer_list<std::string_view> texts) -> std::vector<net::IpNetwork> {
    std::vector<net::IpNetwork> networks;
    networks.reserve(texts.size());
    for (const auto text : texts) networks.emplace_back(text);
    return networks;
}

}  // namespace

TrustedProxies::TrustedProxies(std::initializer_list<std::string_view> networks, ForwardedField field)
    : TrustedProxies(networks_of(networks), field) {}

TrustedProxies::TrustedProxies(std::vector<net::IpNetwork> networks, ForwardedField field)
    : networks_(std::move(networks)), field_(field) {}

auto TrustedProxies::trust_unix_sockets() -> TrustedProxies& {
    trusts_unix_ = true;
    return *this;
}

auto TrustedProxies::contains(const net::Address& peer) const noexcept -> bool {
    if (!peer.is_ip()) return trusts_unix_ && peer.family() == AF_UNIX;
    return std::any_of(
        networks_.begin(), networks_.end(), [&](const net::IpNetwork& network) { return network.contains(peer); });
}

auto TrustedProxies::client_of(const Fields& fields, const net::Address& peer, bool is_secure) const -> ForwardedClient {
    ForwardedClient client{peer, is_secure};
    if (!contains(peer)) return client;
    const auto hops = hops_of(fields, field_);
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        client.is_secure = is_secure_at(*hop).value_or(client.is_secure);
        const auto address = parse_node(hop->from);
        if (!address) break;  // somebody whom the proxy hides, or does not know
        client.address = *address;
        if (!contains(*address)) break;
    }
    return client;
}

auto TrustedProxies::is_secure(const Fields& fields) const -> std::optional<bool> {
    const auto hops = hops_of(fields, field_);
    return hops.empty() ? std::nullopt : is_secure_at(hops.back());
}

}  // namespace gyre::http

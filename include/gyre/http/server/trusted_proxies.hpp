#pragma once

#include <gyre/http/core/fields.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/ip_network.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace gyre::http {

/// Who sent a request, as the proxies in front of the server tell.
struct ForwardedClient {
    net::Address address;    ///< Its port is 0 if no proxy told it.
    bool is_secure = false;  ///< The client came over https.
};

/// Which field tells it. A proxy sets one and passes the others on as they came, so only one can be believed.
enum class ForwardedField : std::uint8_t {
    x_forwarded,  ///< X-Forwarded-For, with X-Forwarded-Proto.
    forwarded,    ///< Forwarded (RFC 7239).
};

/// The proxies that a server believes: what anybody else says about where a request comes from is ignored.
///
/// The list of addresses is read from its end: the proxy next to the server has added the last one; as long as that is a
/// trusted proxy itself, the one before it counts. So a client may write into the field what it likes.
/// Thread: const calls from any. Source: RFC 7239, nginx's real_ip_recursive.
class TrustedProxies {
public:
    /// @param networks "10.0.0.0/8", "::1". @throws std::invalid_argument for what is no range of addresses.
    explicit TrustedProxies(
        std::initializer_list<std::string_view> networks, ForwardedField field = ForwardedField::x_forwarded);
    explicit TrustedProxies(std::vector<net::IpNetwork> networks, ForwardedField field = ForwardedField::x_forwarded);

    /// Peers on Unix sockets are trusted too: who may connect there, the file system says.
    auto trust_unix_sockets() -> TrustedProxies&;

    [[nodiscard]] auto contains(const net::Address& peer) const noexcept -> bool;

    /// Who sent a request with these fields that came from `peer`. @param is_secure whether the peer came over TLS.
    [[nodiscard]] auto client_of(const Fields& fields, const net::Address& peer, bool is_secure) const
        -> ForwardedClient;

    /// Whether the proxy next to the server says that the request came to it over https; empty if it does not say. Only for
    /// requests that are known to come from such a proxy.
    [[nodiscard]] auto is_secure(const Fields& fields) const -> std::optional<bool>;

private:
    std::vector<net::IpNetwork> networks_;
    ForwardedField field_;
    bool trusts_unix_ = false;
};

}  // namespace gyre::http

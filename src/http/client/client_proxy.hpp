#pragma once

#include <gyre/http/client/client_options.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/net/ip_network.hpp>
#include <gyre/net/socks5.hpp>
#include <gyre/net/stream.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::internal {

/// A proxy, and how it is spoken to.
struct ClientProxy {
    enum class Kind : std::uint8_t { http, https, socks5 };

    ClientProxy() = default;
    /// "http://user:password@proxy.example:3128"; without a scheme it is http. @throws std::invalid_argument.
    explicit ClientProxy(std::string_view text);

    /// The value of Proxy-Authorization; empty without a user name.
    [[nodiscard]] auto authorization() const -> std::string;
    [[nodiscard]] auto login() const -> net::Socks5Login;

    Kind kind = Kind::http;
    std::string host;  ///< To connect to: an IPv6 address without brackets.
    std::uint16_t port = 0;
    std::string username;
    std::string password;
    std::string name;  ///< "http://proxy.example:3128": as errors show it.
};

/// Which URLs are reached through which proxy.
class ClientProxies {
public:
    /// @throws std::invalid_argument for a proxy that is none.
    explicit ClientProxies(const ClientOptions& options);

    /// Null: it is reached directly.
    [[nodiscard]] auto for_url(const Url& url) const -> const ClientProxy*;
    /// Makes a request for `url` one that an HTTP proxy passes on, if it is to go through one without a tunnel.
    void address(const Url& url, bool offers_upgrade, RequestHead& head) const;
    /// Whether the way to `url` is a tunnel through that proxy, rather than requests that it passes on.
    [[nodiscard]] static auto needs_tunnel(const ClientProxy& proxy, const Url& url, bool offers_upgrade) -> bool {
        return proxy.kind == ClientProxy::Kind::socks5 || url.scheme() == "https" || offers_upgrade;
    }

private:
    /// What is reached directly.
    struct Exception {
        std::optional<net::IpNetwork> network;
        std::string name;                   ///< And what is under it; "*": everything.
        std::optional<std::uint16_t> port;  ///< Empty: any.
    };

    void except(std::string_view list);
    void except_one(std::string_view entry);
    [[nodiscard]] auto is_excepted(const Url& url) const -> bool;

    std::optional<ClientProxy> for_http_;
    std::optional<ClientProxy> for_https_;
    std::vector<Exception> exceptions_;
};

/// Asks an HTTP proxy on the other side of `stream` for a tunnel to the host of `url`.
/// @throws IoError that says what the proxy answered, ProtocolError.
[[nodiscard]] auto open_tunnel(net::Stream stream, std::string authority, std::string authorization, Limits limits)
    -> Task<net::Stream>;

}  // namespace gyre::http::internal

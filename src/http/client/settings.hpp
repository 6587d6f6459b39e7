#pragma once

#include "client_proxy.hpp"

#include <gyre/http/client/client_options.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/egress_policy.hpp>

#include <optional>
#include <string>
#include <vector>

namespace gyre::http::internal {

/// The options of a client, with texts of their own.
class Settings {
public:
    /// @throws UrlError if the base is no URL; std::invalid_argument for a secret field that is no name of one.
    explicit Settings(const ClientOptions& options);

    [[nodiscard]] auto options() const noexcept -> const ClientOptions& { return options_; }
    [[nodiscard]] auto timeout() const noexcept -> const ClientTimeouts& { return options_.timeout; }
    [[nodiscard]] auto base_url() const noexcept -> const std::optional<Url>& { return base_url_; }
    [[nodiscard]] auto user_agent() const noexcept -> const std::string& { return user_agent_; }
    /// User-Agent and Accept as lines of a head, for requests that have neither; empty if that cannot be sent.
    [[nodiscard]] auto usual_lines() const noexcept -> const std::string& { return usual_lines_; }
    [[nodiscard]] auto tls() const noexcept -> const net::TlsClientOptions& { return tls_; }
    [[nodiscard]] auto proxy_tls() const noexcept -> const net::TlsClientOptions& { return proxy_tls_; }
    [[nodiscard]] auto proxies() const noexcept -> const ClientProxies& { return proxies_; }
    /// Names of fields that stay with their origin, beside those that always do.
    [[nodiscard]] auto secret_fields() const noexcept -> const std::vector<std::string>& { return secret_fields_; }
    /// How connections are made: from where, and to which addresses. Points into this.
    [[nodiscard]] auto connect_options() const noexcept -> net::ConnectOptions;
    /// Where all connections go instead of to the host of the URL.
    [[nodiscard]] auto unix_socket() const noexcept -> const std::optional<net::Address>& { return unix_socket_; }

private:
    ClientOptions options_;
    std::optional<Url> base_url_;
    std::string user_agent_;
    std::vector<std::string> secret_fields_;
    std::string usual_lines_;
    net::TlsClientOptions tls_;
    net::TlsClientOptions proxy_tls_;
    ClientProxies proxies_;
    std::optional<net::Address> local_address_;
    std::optional<net::EgressPolicy> egress_;
    std::optional<net::Address> unix_socket_;
};

}  // namespace gyre::http::internal

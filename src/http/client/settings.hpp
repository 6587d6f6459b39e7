#pragma once

#include <gyre/http/client/client_options.hpp>
#include <gyre/http/core/url.hpp>

#include <optional>
#include <string>

namespace gyre::http::internal {

/// The options of a client, with texts of their own.
class Settings {
public:
    /// @throws UrlError if the base is no URL.
    explicit Settings(const ClientOptions& options);

    [[nodiscard]] auto options() const noexcept -> const ClientOptions& { return options_; }
    [[nodiscard]] auto timeout() const noexcept -> const ClientTimeouts& { return options_.timeout; }
    [[nodiscard]] auto base_url() const noexcept -> const std::optional<Url>& { return base_url_; }
    [[nodiscard]] auto user_agent() const noexcept -> const std::string& { return user_agent_; }
    [[nodiscard]] auto tls() const noexcept -> const net::TlsClientOptions& { return tls_; }

private:
    ClientOptions options_;
    std::optional<Url> base_url_;
    std::string user_agent_;
    net::TlsClientOptions tls_;
};

}  // namespace gyre::http::internal

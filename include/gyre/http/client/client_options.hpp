#pragma once

#include <gyre/http/core/limits.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/net/tls.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace gyre::http {

/// How a client behaves. A builder: every setter returns the options; the same name without an argument reads.
///
/// A time limit of zero or less is none.
class ClientOptions {
public:
    ClientOptions();

    /// What https trusts. Default: the system's certificates. Offers "http/1.1" by ALPN in any case.
    auto tls(net::TlsClientOptions options) -> ClientOptions&;
    /// For one connection: names, attempts and the TLS handshake. Default 10 s.
    auto connect_timeout(AnyDuration limit) -> ClientOptions&;
    /// For one wait: until the next bytes come, or until the kernel takes the next bytes of the request. Default 30 s.
    auto read_timeout(AnyDuration limit) -> ClientOptions&;
    /// Redirects that are followed for one request; one more is an error. Default 10.
    auto max_redirects(std::size_t count) -> ClientOptions&;
    /// Whether redirects are followed at all; else they are responses like any other. Default true.
    auto follow_redirects(bool follow) -> ClientOptions&;
    /// Whether a 307 or 308 may take the body of a request to another origin; else it is an error. Default false.
    auto resend_body_across_origins(bool resend) -> ClientOptions&;
    /// Connections that are kept for one origin. Default 16; 0 keeps none.
    auto max_idle_per_host(std::size_t count) -> ClientOptions&;
    /// How long a connection is kept unused; shorter than what servers grant. Default 50 s.
    auto idle_timeout(AnyDuration limit) -> ClientOptions&;
    /// Whether an idempotent request is sent once more when a kept connection turns out to be dead. Default true.
    auto replay(bool allowed) -> ClientOptions&;
    /// User-Agent, unless the request has its own; empty sends none. Default "gyre/VERSION".
    auto user_agent(std::string text) -> ClientOptions&;
    /// Of what the server sends. Default `Limits::client()`.
    auto limits(const Limits& limits) -> ClientOptions&;
    /// How URLs and Location fields are read. Default strict: what two parsers could read differently is refused.
    auto url_mode(UrlMode mode) -> ClientOptions&;

    [[nodiscard]] auto tls() const noexcept -> const net::TlsClientOptions& { return tls_; }
    [[nodiscard]] auto connect_timeout() const noexcept -> Duration { return connect_timeout_; }
    [[nodiscard]] auto read_timeout() const noexcept -> Duration { return read_timeout_; }
    [[nodiscard]] auto max_redirects() const noexcept -> std::size_t { return max_redirects_; }
    [[nodiscard]] auto follow_redirects() const noexcept -> bool { return follow_redirects_; }
    [[nodiscard]] auto resend_body_across_origins() const noexcept -> bool { return resend_body_across_origins_; }
    [[nodiscard]] auto max_idle_per_host() const noexcept -> std::size_t { return max_idle_per_host_; }
    [[nodiscard]] auto idle_timeout() const noexcept -> Duration { return idle_timeout_; }
    [[nodiscard]] auto replay() const noexcept -> bool { return replay_; }
    [[nodiscard]] auto user_agent() const noexcept -> const std::string& { return user_agent_; }
    [[nodiscard]] auto limits() const noexcept -> const Limits& { return limits_; }
    [[nodiscard]] auto url_mode() const noexcept -> UrlMode { return url_mode_; }

private:
    net::TlsClientOptions tls_;
    std::string user_agent_;
    Limits limits_ = Limits::client();
    Duration connect_timeout_ = std::chrono::seconds(10);
    Duration read_timeout_ = std::chrono::seconds(30);
    Duration idle_timeout_ = std::chrono::seconds(50);
    std::size_t max_redirects_ = 10;
    std::size_t max_idle_per_host_ = 16;
    UrlMode url_mode_ = UrlMode::strict;
    bool follow_redirects_ = true;
    bool resend_body_across_origins_ = false;
    bool replay_ = true;
};

}  // namespace gyre::http

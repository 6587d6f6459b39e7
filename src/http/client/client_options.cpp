#include <gyre/http/client/client_options.hpp>

#include <utility>

namespace gyre::http {

ClientOptions::ClientOptions() : user_agent_("gyre/" GYRE_VERSION) {}

auto ClientOptions::tls(net::TlsClientOptions options) -> ClientOptions& {
    tls_ = std::move(options);
    return *this;
}

auto ClientOptions::connect_timeout(AnyDuration limit) -> ClientOptions& {
    connect_timeout_ = limit;
    return *this;
}

auto ClientOptions::read_timeout(AnyDuration limit) -> ClientOptions& {
    read_timeout_ = limit;
    return *this;
}

auto ClientOptions::max_redirects(std::size_t count) -> ClientOptions& {
    max_redirects_ = count;
    return *this;
}

auto ClientOptions::follow_redirects(bool follow) -> ClientOptions& {
    follow_redirects_ = follow;
    return *this;
}

auto ClientOptions::resend_body_across_origins(bool resend) -> ClientOptions& {
    resend_body_across_origins_ = resend;
    return *this;
}

auto ClientOptions::max_idle_per_host(std::size_t count) -> ClientOptions& {
    max_idle_per_host_ = count;
    return *this;
}

auto ClientOptions::idle_timeout(AnyDuration limit) -> ClientOptions& {
    idle_timeout_ = limit;
    return *this;
}

auto ClientOptions::replay(bool allowed) -> ClientOptions& {
    replay_ = allowed;
    return *this;
}

auto ClientOptions::user_agent(std::string text) -> ClientOptions& {
    user_agent_ = std::move(text);
    return *this;
}

auto ClientOptions::limits(const Limits& limits) -> ClientOptions& {
    limits_ = limits;
    return *this;
}

auto ClientOptions::url_mode(UrlMode mode) -> ClientOptions& {
    url_mode_ = mode;
    return *this;
}

}  // namespace gyre::http

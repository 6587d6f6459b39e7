#pragma once

#include "connection.hpp"
#include "outgoing.hpp"
#include "settings.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/client/cookie_jar.hpp>
#include <gyre/net/tls.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gyre::http::internal {

/// What a client and its requests and responses share: options, figures, TLS settings and the kept connections.
///
/// One pool has one set of TLS options, so that scheme, host and port are the whole identity of a connection.
class Pool : public std::enable_shared_from_this<Pool> {
public:
    explicit Pool(const ClientOptions& options);
    Pool(const Pool&) = delete;
    auto operator=(const Pool&) -> Pool& = delete;
    ~Pool();

    [[nodiscard]] auto settings() const noexcept -> const Settings& { return settings_; }
    [[nodiscard]] auto figures() noexcept -> ClientStats& { return *statistics_; }
    [[nodiscard]] auto stats() const noexcept -> ClientStats;

    /// A kept connection on which nothing has arrived since, or null. Those on which something has are closed.
    [[nodiscard]] auto reuse(const Outgoing& request) -> Task<std::unique_ptr<Connection>>;
    /// A new connection. @throws RequestError, phases `resolve`, `connect` and `tls`.
    [[nodiscard]] auto open(const Outgoing& request) -> Task<std::unique_ptr<Connection>>;
    /// Keeps a connection whose response was read to its end, or closes it if there is no room.
    void keep(std::unique_ptr<Connection> connection) noexcept;

    /// The Cookie field of a request for `url`; empty if there is none.
    [[nodiscard]] auto cookies_for(const Url& url) -> std::optional<std::string>;
    /// Takes the cookies of a response.
    void take_cookies(const Url& url, const Fields& response);

    void close() noexcept;
    [[nodiscard]] auto is_closed() const noexcept -> bool { return is_closed_; }

private:
    using Kept = std::vector<std::unique_ptr<Connection>>;  // the last one back is the first one out

    [[nodiscard]] auto take(const std::string& origin) -> std::unique_ptr<Connection>;
    [[nodiscard]] auto is_too_old(const Connection& connection) const -> bool;
    [[nodiscard]] auto tls_context() -> const net::TlsClientContext&;
    [[nodiscard]] auto encrypt(const Outgoing& request, const std::string& host, net::Stream plain, Time started)
        -> Task<net::Stream>;
    void watch_age(Time oldest);
    void drop_old();

    Settings settings_;
    std::shared_ptr<ClientStats> statistics_;
    std::optional<net::TlsClientContext> tls_;
    std::optional<CookieJar> own_jar_;  ///< From the first cookie on: the public suffixes take a moment to read.
    CookieJar* jar_;                    ///< That, or the user's. Null: no cookie yet, or none wanted.
    std::map<std::string, Kept> kept_;
    std::optional<TimerHandle> age_timer_;
    bool is_closed_ = false;
};

}  // namespace gyre::http::internal

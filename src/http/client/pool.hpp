#pragma once

#include "client_proxy.hpp"
#include "connection.hpp"
#include "connections.hpp"
#include "outgoing.hpp"
#include "settings.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/client/cookie_jar.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/tls.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::http::internal {

/// What a client and its requests and responses share: options, figures, TLS settings and the kept connections.
///
/// One pool has one set of options for TLS, addresses and proxies, so that scheme, host and port, and whether it is a tunnel,
/// are the whole identity of a connection.
class Pool : public std::enable_shared_from_this<Pool> {
public:
    explicit Pool(const ClientOptions& options);
    Pool(const Pool&) = delete;
    auto operator=(const Pool&) -> Pool& = delete;
    ~Pool();

    [[nodiscard]] auto settings() const noexcept -> const Settings& { return settings_; }
    [[nodiscard]] auto figures() noexcept -> ClientStats& { return *statistics_; }
    [[nodiscard]] auto stats() const noexcept -> ClientStats;

    // A connection for a request, in three steps, so that one that is there already takes no frame of its own.

    /// Waits for a turn as long as it takes.
    [[nodiscard]] auto turn(const Outgoing& request) -> ConnectionWait;
    /// The same within `ClientTimeouts::pool`. @throws RequestError, phase `pool`.
    [[nodiscard]] auto turn_in_time(const Outgoing& request) -> Task<ConnectionTurn>;
    /// Takes the kept connection of a turn if nothing has arrived on it since. Else null, and the turn stays as it is.
    [[nodiscard]] auto take_quiet(const Outgoing& request, ConnectionTurn& turn) noexcept -> std::unique_ptr<Connection>;
    /// A kept connection on which nothing has arrived since, or a new one.
    /// @param fresh it must be a new one. @throws RequestError, phases `resolve`, `connect` and `tls`.
    [[nodiscard]] auto connection(const Outgoing& request, ConnectionTurn turn, bool fresh)
        -> Task<std::unique_ptr<Connection>>;
    /// Keeps a connection whose response was read to its end, or closes it if there is no room.
    void keep(std::unique_ptr<Connection> connection) noexcept;

    /// The Cookie field of a request for `url`; empty if there is none.
    [[nodiscard]] auto cookies_for(const Url& url) -> std::optional<std::string>;
    /// Takes the cookies of a response.
    void take_cookies(const Url& url, const Fields& response);

    /// Opens every connection with that function instead, unencrypted.
    void dial_with(std::function<net::Stream(const Url&)> dial) { dial_ = std::move(dial); }

    /// Adds one for the requests that are sent from now on.
    void use(ClientMiddleware middleware);
    /// Null: none.
    [[nodiscard]] auto middlewares() const noexcept -> std::shared_ptr<const std::vector<ClientMiddleware>> {
        return middlewares_;
    }

    /// Adds one who is told of the requests that are sent from now on.
    void trace(ClientTrace trace);
    /// Null: nobody.
    [[nodiscard]] auto traces() const noexcept -> const Tracer::Hooks& { return traces_; }

    void close() noexcept;
    [[nodiscard]] auto is_closed() const noexcept -> bool { return is_closed_; }

private:
    /// A host and its port.
    struct Endpoint {
        explicit Endpoint(const Url& url);
        explicit Endpoint(const ClientProxy& proxy);

        std::string host;  ///< An IPv6 address without brackets.
        std::uint16_t port;
        std::string text;  ///< As errors show it: "[::1]:80".
    };

    [[nodiscard]] auto reuse(const Outgoing& request, ConnectionTurn& turn) noexcept -> std::unique_ptr<Connection>;
    [[nodiscard]] auto open(const Outgoing& request, ConnectionSlot slot) -> Task<std::unique_ptr<Connection>>;
    [[nodiscard]] auto tls_context(bool to_proxy) -> const net::TlsClientContext&;
    [[nodiscard]] auto find_addresses(const Outgoing& request, const Endpoint& of) -> Task<std::vector<net::Address>>;
    [[nodiscard]] auto connect(const Outgoing& request, const Endpoint& to, std::vector<net::Address> addresses)
        -> Task<net::Stream>;
    /// Goes through a proxy as far as that is needed before the first request.
    [[nodiscard]] auto pass(const Outgoing& request, const ClientProxy& proxy, const Endpoint& target,
        net::Stream stream) -> Task<net::Stream>;
    [[nodiscard]] auto encrypt(const Outgoing& request, const std::string& host, net::Stream plain, bool to_proxy)
        -> Task<net::Stream>;
    void watch_age(Time oldest);
    void drop_old();

    Settings settings_;
    std::shared_ptr<ClientStats> statistics_;
    std::optional<net::TlsClientContext> tls_;
    std::optional<net::TlsClientContext> proxy_tls_;
    std::optional<CookieJar> own_jar_;  ///< From the first cookie on: the public suffixes take a moment to read.
    CookieJar* jar_;                    ///< That, or the user's. Null: no cookie yet, or none wanted.
    Connections connections_;
    std::optional<TimerHandle> age_timer_;
    std::shared_ptr<const std::vector<ClientMiddleware>> middlewares_;
    Tracer::Hooks traces_;
    std::string key_;                              ///< Of the connections that a request was last for.
    std::function<net::Stream(const Url&)> dial_;  ///< Empty: over the network.
    bool is_closed_ = false;
};

}  // namespace gyre::http::internal

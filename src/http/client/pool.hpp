#pragma once

#include "connection.hpp"
#include "outgoing.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/client/client.hpp>
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
    explicit Pool(ClientOptions options);
    Pool(const Pool&) = delete;
    auto operator=(const Pool&) -> Pool& = delete;
    ~Pool();

    [[nodiscard]] auto options() const noexcept -> const ClientOptions& { return options_; }
    [[nodiscard]] auto figures() noexcept -> ClientStatistics& { return *statistics_; }
    [[nodiscard]] auto statistics() const noexcept -> ClientStatistics;

    /// A kept connection on which nothing has arrived since, or null. Those on which something has are closed.
    [[nodiscard]] auto reuse(const Outgoing& request) -> Task<std::unique_ptr<Connection>>;
    /// A new connection. @throws RequestError, phases `resolve`, `connect` and `tls`.
    [[nodiscard]] auto open(const Outgoing& request) -> Task<std::unique_ptr<Connection>>;
    /// Keeps a connection whose response was read to its end, or closes it if there is no room.
    void keep(std::unique_ptr<Connection> connection) noexcept;

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

    ClientOptions options_;
    std::shared_ptr<ClientStatistics> statistics_;
    std::optional<net::TlsClientContext> tls_;
    std::map<std::string, Kept> kept_;
    std::optional<TimerHandle> age_timer_;
    bool is_closed_ = false;
};

}  // namespace gyre::http::internal

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/connection.hpp>
#include <gyre/http/server/connection_options.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace gyre::http {

/// How a server listens, and what it grants to clients.
struct ServerOptions {
    std::string_view host = "127.0.0.1";  ///< Name or address; "" or "*": every address of the machine. Copied at once.
    std::uint16_t port = 8080;            ///< 0: a free one.
    /// On how many loops of this run it serves, each with a listening socket of its own on the one port (SO_REUSEPORT); the
    /// kernel spreads the connections. 0: on all of them.
    std::size_t loops = 1;
    /// Others may listen on the port too, such as the next version of this program while this one drains. All of them must say
    /// so, and run as the same user. More than one loop says it anyway.
    bool reuse_port = false;
    /// Not empty: it listens on that path instead of a port, as `net::listen_unix` does, on one loop. Copied at once.
    std::string_view unix_socket = {};
    const net::TlsServerOptions* tls = nullptr;  ///< Certificates, for https. Copied at once.
    /// How often it looks whether the files of the certificates have changed, and reads them anew. Zero: never. Files that
    /// cannot be used change nothing, and the loop's exception handler is told.
    AnyDuration tls_watch_interval{};
    ConnectionOptions connection = {};  ///< Limits and times of each connection.
    int backlog = 4096;                 ///< Connections that may wait to be accepted; the kernel may hold fewer.
};

namespace internal {
class ServerState;
struct ServerSettings;
}  // namespace internal

/// A web server that runs beside the task that started it, until it is stopped or destroyed. Move-only.
/// Thread: the loop that started it. Source: aiohttp.web.TCPSite, AppRunner.
class Server {
public:
    /// Starts to serve; returns when every loop listens.
    /// @throws IoError naming the address; net::TlsError naming the file; std::invalid_argument for more loops than there are,
    ///         or than one on a Unix socket; what `make_app` throws. It listens on no loop then.
    /// On cancel: it does not listen any more.
    [[nodiscard]] static auto start(App app, ServerOptions options = {}) -> Task<Server>;
    /// The same, with an app of its own for each loop, which `make_app` makes there.
    [[nodiscard]] static auto start(std::function<App()> make_app, ServerOptions options = {}) -> Task<Server>;

    /// The same on a socket that listens already, and belongs to this loop. Of `options` those of the socket do not count.
    /// @throws std::invalid_argument if more than one loop is asked for.
    [[nodiscard]] static auto start(App app, net::Listener listener, ServerOptions options = {}) -> Task<Server>;

    Server(Server&&) noexcept;
    auto operator=(Server&&) noexcept -> Server&;
    /// Cancels it, if it was not stopped.
    ~Server();

    /// 0 on a Unix socket.
    [[nodiscard]] auto port() const noexcept -> std::uint16_t { return address_.port(); }
    [[nodiscard]] auto address() const noexcept -> const net::Address& { return address_; }

    /// Stops: no more connections are accepted, idle ones are closed, WebSockets get 1001 (Going Away); requests that run are
    /// left to finish until `grace` has passed, then they are cancelled. Returns when every connection has ended. Idempotent.
    /// @throws as `wait`, when all of it has ended. On cancel: what still runs is cancelled and waited for.
    [[nodiscard]] auto stop(AnyDuration grace = std::chrono::seconds(30)) -> Task<void>;

    /// Reads the files of its certificates again, for the handshakes from now on; connections that are open go on.
    /// @throws net::TlsError naming the file: nothing has changed then; InvalidStateError if it speaks no TLS.
    /// On cancel: some of its loops may use them already.
    [[nodiscard]] auto reload_tls() -> Task<void>;
    /// The same with other certificates, which later reloads read. Session tickets stay good, as long as clients are judged by
    /// the same rules.
    [[nodiscard]] auto reload_tls(net::TlsServerOptions options) -> Task<void>;

    /// Waits until it has ended: by `stop`, or because accepting failed for good on one of its loops; the others serve on
    /// until it is stopped. @throws IoError of that. On cancel: stops waiting; the server goes on.
    [[nodiscard]] auto wait() -> Task<void>;

private:
    Server(std::shared_ptr<internal::ServerState> state, net::Address address) noexcept;
    [[nodiscard]] static auto start_with(
        internal::ServerSettings settings, std::size_t loops, std::optional<net::Listener> listener) -> Task<Server>;

    std::shared_ptr<internal::ServerState> state_;
    net::Address address_;
};

/// Serves HTTP/1.1 on every connection that `listener` accepts, until it is cancelled; then the requests that run are
/// cancelled, and it ends when they have. It owns the listener. The layer below `Server`: one loop, no routes.
/// @param tls if there is one, the connections speak TLS; must live until this ends. A failed handshake drops its
///            connection and is nobody's error.
/// @throws IoError if accepting fails for good; std::invalid_argument for `ConnectionOptions::proxy_protocol` without proxies.
///         Errors of the handler go to the loop's exception handler.
[[nodiscard]] auto serve_http(net::Listener listener, ExchangeHandler handler, ConnectionOptions options = {},
    const net::TlsServerContext* tls = nullptr) -> Task<void>;

}  // namespace gyre::http

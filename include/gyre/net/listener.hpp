#pragma once

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gyre::net {

/// How a socket listens.
struct ListenOptions {
    int backlog = 4096;  ///< Connections that may wait to be accepted; the kernel may hold fewer. Source: listen(2).
    bool reuse_address = true;  ///< SO_REUSEADDR: connections of a listener that has ended do not keep the port.
    bool reuse_port = false;    ///< SO_REUSEPORT: others that say so too may listen on the port.
    bool no_delay = true;       ///< TCP_NODELAY of the accepted connections.
    /// How many bytes the kernel takes at most of what the peer has no room for yet, about; 0: megabytes. What is under way to the
    /// peer does not count. Source: tcp(7), TCP_NOTSENT_LOWAT.
    std::size_t unsent_limit = 0;
};

/// A listening socket. Move-only; destroying it closes it, and removes the path of a Unix one.
class Listener {
public:
    Listener(Listener&&) noexcept;
    auto operator=(Listener&&) noexcept -> Listener&;
    ~Listener();

    /// Waits for the next connection. While descriptors run out it waits and tries again.
    /// @throws IoError; InvalidStateError if it was moved from. On cancel: no connection is lost.
    [[nodiscard]] auto accept() -> Task<Stream>;
    [[nodiscard]] auto local_address() const -> Address;
    /// Lets nobody connect any more, while those who have can still be accepted: for the moment before `close`, which resets who
    /// was not accepted. Who tries to connect gets no answer, and tries again a second later; with SO_REUSEPORT another
    /// listener answers then. It is the socket's for good, for forked children that share it as well. TCP over the kernel only,
    /// else nothing happens. Idempotent.
    void hold_off() noexcept;
    /// Idempotent. No `accept` may be pending.
    void close() noexcept;

private:
    class Socket;
    explicit Listener(std::unique_ptr<Socket> socket) noexcept;
    friend auto descriptor_of(const Listener& listener) noexcept -> int;
    friend auto listen(std::string host, std::uint16_t port, ListenOptions options) -> Task<Listener>;
    friend auto listen_unix(std::string path, ListenOptions options) -> Task<Listener>;
    friend auto adopt_listener(int descriptor, const ListenOptions& options) -> Listener;

    std::unique_ptr<Socket> socket_;
};

/// Listens on the first address of `host` ("" or "*": every address of the machine, IPv6 and IPv4). Port 0 takes a free one.
/// IPv4 clients have IPv4 addresses. @throws IoError naming the address ("listen 127.0.0.1:80: Permission denied"); as
/// `resolve`. On cancel: nothing listens.
[[nodiscard]] auto listen(std::string host, std::uint16_t port, ListenOptions options = {}) -> Task<Listener>;

/// Listens on a Unix path, which is removed with the listener. A stale socket file that nobody listens on is replaced; one
/// that somebody listens on, or a file of another kind, is an error. @throws IoError naming the path.
/// On cancel: nothing listens, and what stood at the path is still there.
[[nodiscard]] auto listen_unix(std::string path, ListenOptions options = {}) -> Task<Listener>;

/// Takes over a socket that listens already, from whoever started or passed it (`inherited_sockets`). It belongs to this loop
/// from now on and is closed with the listener; the path of a Unix one stays, for others made it. What options of the
/// socket were not set by them stay so; of `options` only `no_delay` counts.
/// @throws IoError naming the descriptor, which then stays open, if it is no stream socket that listens. Thread: a loop's.
[[nodiscard]] auto adopt_listener(int descriptor, const ListenOptions& options = {}) -> Listener;

/// A socket that was open when this program began.
struct InheritedSocket {
    InheritedSocket(int its_descriptor, std::string its_name) noexcept
        : descriptor(its_descriptor), name(std::move(its_name)) {}

    int descriptor;
    std::string name;  ///< As whoever opened it calls it (FileDescriptorName= of systemd); empty: not at all.
};

/// The sockets that a service manager has opened for this process, in its order; none, if it was started otherwise, or if they
/// are meant for another process. Programs that it starts in turn do not get them. To be asked once, at the beginning:
/// whoever was taken over and closed since is still named.
/// @throws IoError if LISTEN_FDS is no number of sockets, or one of them is not open. Source: sd_listen_fds(3).
[[nodiscard]] auto inherited_sockets() -> std::vector<InheritedSocket>;

/// What a server does with a connection.
using ConnectionHandler = std::function<Task<void>(Stream)>;

/// How `serve` behaves.
struct ServeOptions {
    std::size_t max_connections = 10'000;  ///< Beyond it, accepting pauses.
    /// Accepting runs in it: cancelled, those that have connected already are still accepted, for 200 ms at most, the listener is
    /// closed, and `serve` returns when the handlers have ended by themselves.
    CancelScope* accepting = nullptr;
};

/// Accepts connections and runs `handler` on each, until it is cancelled; then the handlers are cancelled, and it ends when
/// they have. It owns the listener and closes it however it ends.
/// An error that leaves a handler ends that connection only, and goes to the loop's exception handler with the peer's
/// address. @throws IoError if accepting fails for good.
[[nodiscard]] auto serve(Listener listener, ConnectionHandler handler, ServeOptions options = {}) -> Task<void>;

}  // namespace gyre::net

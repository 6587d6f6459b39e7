#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/backend/files.hpp>
#include <gyre/backend/operation.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::backend {

/// What talks to the kernel, or pretends to: the one seam between a loop and the world.
///
/// Everything the library does to a clock, a random source or a socket goes through here.
/// Completion style: an operation is started and completes with a result.
/// Thread: the loop's own, except `wake`. Errors of the plain calls are negative errno values, never exceptions.
class Backend {
public:
    virtual ~Backend() = default;
    Backend() = default;
    Backend(const Backend&) = delete;
    auto operator=(const Backend&) -> Backend& = delete;

    /// "mixed", "epoll", "io_uring" or "sim".
    [[nodiscard]] virtual auto name() const noexcept -> std::string_view = 0;

    /// The time now. Never goes back. Source: clock_gettime(2), CLOCK_MONOTONIC.
    [[nodiscard]] virtual auto now() const noexcept -> Time = 0;

    /// Fills `bytes` from the random source: the kernel's, or a seeded one in simulation. Source: getrandom(2).
    virtual void fill_random(std::span<std::byte> bytes) = 0;

    /// Starts an operation. A send is tried directly first; a receive as the backend does it best.
    /// @return true if it has ended already: `result` is set and `completed` will not be called (also for every error of
    ///         the start itself); false if it is in flight: `completed` will be called once, from `wait`.
    [[nodiscard]] virtual auto start(Operation& operation) noexcept -> bool = 0;

    /// Asks an operation in flight to stop. It answers in its own time, from `wait`, with -ECANCELED, or with its result
    /// if that came first (completion beats cancellation: bytes that moved are never dropped). No effect if asked before.
    /// A cancelled `poll` no longer watches its descriptor when this returns, so that its owner may close it.
    virtual void cancel(Operation& operation) noexcept = 0;

    /// Completes what is ready; if nothing is, waits for it, for `wake`, or until `deadline`.
    /// @param deadline `Time::min()`: do not wait; `Time::max()`: no deadline.
    /// @throws std::system_error if the kernel refuses to wait at all.
    virtual void wait(Time deadline) = 0;

    /// Makes a current or the next `wait` return. Thread: any; async-signal-safe.
    virtual void wake() noexcept = 0;

    /// How many operations are in flight.
    [[nodiscard]] virtual auto in_flight() const noexcept -> std::size_t = 0;

    /// Whether something outside the loop (a peer, another thread) can still end a wait without a deadline.
    /// The kernel backends always say true; a simulation can know better, and then a loop without timers is deadlocked.
    [[nodiscard]] virtual auto can_be_woken() const noexcept -> bool { return true; }

    /// A descriptor that is readable when `wait` has something to do, for embedding in another loop; -1 if there is none.
    [[nodiscard]] virtual auto pollable_descriptor() noexcept -> int { return -1; }

    /// From the point `deadline` on the pollable descriptor is readable; `Time::max()`: never for this reason. Replaces the
    /// one before. @return 0, or a negative errno.
    [[nodiscard]] virtual auto set_alarm(Time deadline) noexcept -> int {
        static_cast<void>(deadline);
        return -ENOTSUP;
    }

    /// Sockets. Non-blocking and close-on-exec from birth. Source: socket(2), bind(2), listen(2), getsockname(2),
    /// getpeername(2), setsockopt(2), getsockopt(2), shutdown(2). @return >= 0, or a negative errno.
    [[nodiscard]] virtual auto open_socket(int domain, int type, int protocol) noexcept -> int = 0;
    [[nodiscard]] virtual auto bind(int descriptor, const sockaddr_storage& address, socklen_t length) noexcept
        -> int = 0;
    [[nodiscard]] virtual auto listen(int descriptor, int backlog) noexcept -> int = 0;
    [[nodiscard]] virtual auto local_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept
        -> int = 0;
    [[nodiscard]] virtual auto peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept
        -> int = 0;
    [[nodiscard]] virtual auto set_option(
        int descriptor, int level, int name, const void* value, socklen_t size) noexcept -> int = 0;
    [[nodiscard]] virtual auto get_option(int descriptor, int level, int name, void* value, socklen_t& size) noexcept
        -> int = 0;
    virtual auto shutdown(int descriptor, int how) noexcept -> int = 0;
    /// Sends what a socket takes at once; no send may be in flight on it. Source: send(2), MSG_DONTWAIT.
    /// @return how many bytes, or a negative errno: -EAGAIN if it would have to wait.
    [[nodiscard]] virtual auto send_now(int descriptor, std::span<const std::byte> bytes) noexcept -> std::int64_t = 0;
    /// Sends bytes of an open file that are in memory, as many as a socket takes at once, without copying them through the
    /// program; no send may be in flight on it. Source: sendfile(2).
    /// @return how many bytes; 0 at the end of the file; -EAGAIN if it would have to wait for the peer; -EOPNOTSUPP if it cannot
    /// be done here, or the disk would have to be waited for: read them, and send them. Or the socket's negative errno.
    [[nodiscard]] virtual auto send_file_now(int descriptor, int file, std::uint64_t offset, std::size_t size) noexcept
        -> std::int64_t {
        static_cast<void>(descriptor), static_cast<void>(file), static_cast<void>(offset), static_cast<void>(size);
        return -EOPNOTSUPP;
    }
    /// Which of `events` are there now, without waiting. Source: poll(2). @return the ready events, or a negative errno.
    [[nodiscard]] virtual auto ready_events(int descriptor, short events) noexcept -> int = 0;

    /// Whether it makes sense to wait for a descriptor: -EBADF if none is open under that number, -EPERM for one that is always
    /// ready (a regular file, a directory, a disk), as epoll_ctl(2) has it; else 0.
    [[nodiscard]] virtual auto check_watchable(int descriptor) noexcept -> int = 0;

    /// Closes a descriptor that this backend has seen. No operation may be in flight on it.
    virtual void close(int descriptor) noexcept = 0;

    /// How many descriptors were given out (open_socket, accept) and not yet closed: for leak checks.
    [[nodiscard]] virtual auto open_descriptors() const noexcept -> std::size_t = 0;

    /// Starts an operation on a file, if this backend can without blocking. `cancel` asks it to stop: what has not begun ends
    /// with -ECANCELED, the rest is waited for and gives its result.
    [[nodiscard]] virtual auto start_file(FileOperation& operation) noexcept -> FileStart {
        static_cast<void>(operation);
        return FileStart::elsewhere;
    }

    /// The files that programs on this backend see: the kernel's, unless a backend brings its own.
    [[nodiscard]] virtual auto files() noexcept -> Files& { return kernel_files(); }

    /// Whether programs can be run from here: there are none in a simulated world. See backend/processes.hpp.
    [[nodiscard]] virtual auto has_processes() const noexcept -> bool { return true; }

    /// The addresses of a host name if this backend has names of its own (simulation), as numeric text; empty optional: ask
    /// the real resolver. An empty vector: there is no such name.
    [[nodiscard]] virtual auto lookup(std::string_view host) -> std::optional<std::vector<std::string>> {
        static_cast<void>(host);
        return std::nullopt;
    }
};

/// Makes the backend that `name` says: "mixed", "epoll", "io_uring", or "" for the environment's GYRE_BACKEND, and if that is
/// not set either, "mixed".
/// @throws std::invalid_argument for an unknown name (says which are known), std::system_error if a backend asked for by
///         name cannot be had (says why and what to do).
[[nodiscard]] auto make_backend(std::string_view name = {}) -> std::unique_ptr<Backend>;

/// The epoll backend: every kernel. Source: epoll(7).
[[nodiscard]] auto make_epoll_backend() -> std::unique_ptr<Backend>;

/// Sockets as on epoll; files by an io_uring of its own, made with the first that would wait for a disk, where the kernel allows
/// one (>= 6.1 and not refused by a container's policy), else by threads.
[[nodiscard]] auto make_mixed_backend() -> std::unique_ptr<Backend>;

/// The io_uring backend: kernel >= 6.1. Must be made on the thread that will use it. Source: io_uring(7).
/// @throws std::system_error if the kernel refuses.
[[nodiscard]] auto make_io_uring_backend() -> std::unique_ptr<Backend>;

}  // namespace gyre::backend

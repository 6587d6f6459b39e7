#pragma once

#include "net/socket_wait.hpp"

#include <gyre/core/intrusive_list.hpp>
#include <gyre/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace gyre {
class EventLoop;
namespace backend {
class Backend;
}  // namespace backend
}  // namespace gyre

namespace gyre::internal {

class SocketState;

/// The sockets of one loop. A socket that outlives its loop finds itself closed. Thread: the loop's.
class LoopSockets {
public:
    explicit LoopSockets(EventLoop& loop) noexcept;
    LoopSockets(const LoopSockets&) = delete;
    auto operator=(const LoopSockets&) -> LoopSockets& = delete;
    ~LoopSockets();

    EventLoop& owner;
    backend::Backend& backend;
    IntrusiveList<SocketState> open;
    std::uint64_t opened = 0;  ///< How many there were so far.
    int ended_in_a_row = 0;    ///< Operations that ended at once since the last one that did not.

    /// A socket that is always ready must not keep the others from their turn.
    static constexpr int most_in_a_row = 64;
};

/// What a socket and its waits share: it lives until the socket and the last wait have gone, and its descriptor is open
/// until the last operation in flight has ended.
class SocketState final : public ListLink<SocketState> {
public:
    SocketState(LoopSockets& sockets, int file) noexcept;
    SocketState(const SocketState&) = delete;
    auto operator=(const SocketState&) -> SocketState& = delete;
    ~SocketState();

    void close() noexcept;
    [[nodiscard]] auto is_closed() const noexcept -> bool { return closed_; }
    /// The loop is closing: the last moment at which the descriptor can be closed.
    void abandon() noexcept;

    /// A wait comes or goes. The last one takes a state along whose socket has gone.
    void join() noexcept { ++waits_; }
    void leave() noexcept {
        if (--waits_ == 0 && self_) [[unlikely]]
            let_go();
    }
    void operation_ended() noexcept {
        if (closed_ && in_flight.empty()) [[unlikely]]
            close_descriptor();
    }

    /// Lets go of `state`: at once, or when its last wait has gone.
    static void part(std::unique_ptr<SocketState> state) noexcept;

    /// What dumps and errors call it: the peer, else what was set.
    [[nodiscard]] auto name() const noexcept -> std::string_view;

    // What each operation touches comes first, in one line of the cache.
    LoopSockets* loop;  ///< Null once the loop is closed.
    int descriptor;

private:
    bool closed_ = false;
    std::size_t waits_ = 0;
    std::unique_ptr<SocketState> self_;

public:
    IntrusiveList<SocketWait> in_flight;
    net::Address peer;
    std::source_location opened;  ///< The program's line that had it opened; nothing outside of tasks.
    std::string opener;           ///< The name of that task, if it has one.
    std::uint64_t number;         ///< Among those of its loop, the first is 1.

private:
    void let_go() noexcept;
    void close_descriptor() noexcept;

    mutable std::string name_;
};

/// A socket. Move-only; destroying it closes it.
///
/// Closing it while operations are in flight makes them end: those that did not happen say -EBADF.
/// Errors of the plain calls are thrown as IoError, with the name of the operation and of the peer.
class Socket {
public:
    /// A new socket of this thread's loop. @throws IoError "<operation> <object>: ...".
    [[nodiscard]] static auto open(const net::Address& address, int type, std::string_view operation) -> Socket;
    /// Takes over a descriptor that the loop's backend gave out; closes it if that fails.
    [[nodiscard]] static auto adopt(LoopSockets& sockets, int descriptor, const net::Address& peer) -> Socket;
    Socket(Socket&&) noexcept = default;
    auto operator=(Socket&& other) noexcept -> Socket&;
    ~Socket();

    [[nodiscard]] auto receive(std::span<std::byte> bytes) const noexcept -> SocketWait;
    [[nodiscard]] auto send(std::span<const std::byte> bytes) const noexcept -> SocketWait;
    /// What goes out without waiting; 0 also when it is time for others. @throws IoError.
    [[nodiscard]] auto send_now(std::span<const std::byte> bytes) const -> std::size_t;
    /// As `Backend::send_file_now`; -EBADF if it is closed.
    [[nodiscard]] auto send_file_now(int file, std::uint64_t offset, std::size_t size) const noexcept -> std::int64_t;
    /// Until a receive is worth a try.
    [[nodiscard]] auto readable() const noexcept -> SocketWait;
    /// Until a send is worth a try.
    [[nodiscard]] auto writable() const noexcept -> SocketWait;
    [[nodiscard]] auto receive_message(msghdr& message) const noexcept -> SocketWait;
    [[nodiscard]] auto send_message(msghdr& message) const noexcept -> SocketWait;
    [[nodiscard]] auto accept(AcceptedPeer& peer) const noexcept -> SocketWait;
    /// `target` stays where it is until the wait has ended.
    [[nodiscard]] auto connect(sockaddr_storage& target, socklen_t length) const noexcept -> SocketWait;

    [[nodiscard]] auto bind(const net::Address& address) const noexcept -> int;
    [[nodiscard]] auto listen(int backlog) const noexcept -> int;
    void set_option(int level, int option, int value) const noexcept {
        set_option(level, option, &value, sizeof value);
    }
    void set_option(int level, int option, const void* value, std::size_t size) const noexcept;
    [[nodiscard]] auto get_option(int level, int option, void* value, socklen_t& size) const noexcept -> int;
    void shutdown_write() const;
    void close() noexcept { state_->close(); }

    [[nodiscard]] auto is_closed() const noexcept -> bool { return state_->is_closed(); }
    /// -1 if it is closed.
    [[nodiscard]] auto descriptor() const noexcept -> int { return state_->is_closed() ? -1 : state_->descriptor; }
    /// Whether a receive would end at once.
    [[nodiscard]] auto has_input() const noexcept -> bool;
    [[nodiscard]] auto local_address() const -> net::Address;
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return state_->peer; }
    void set_peer(const net::Address& peer) const noexcept { state_->peer = peer; }
    [[nodiscard]] auto loop() const noexcept -> LoopSockets& { return *state_->loop; }

    /// @return `result` as a size. @throws IoError if it is an error: "read 10.0.0.1:443: Connection reset by peer".
    auto check(std::int64_t result, std::string_view operation) const -> std::size_t;

private:
    explicit Socket(std::unique_ptr<SocketState> state) noexcept : state_(std::move(state)) {}

    std::unique_ptr<SocketState> state_;
};

/// @throws IoError for a negative errno.
[[noreturn]] void throw_io_error(std::int64_t result, std::string_view operation, std::string_view object);

/// The sockets of this thread's loop. @throws LoopError if there is none.
[[nodiscard]] auto loop_sockets() -> LoopSockets&;

}  // namespace gyre::internal

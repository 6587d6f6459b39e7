#pragma once

#include <gyre/backend/operation.hpp>
#include <gyre/core/frame.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/io_mark.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace gyre::internal {

class SocketState;

/// The sender of a connection, as an accept gives it.
struct AcceptedPeer {
    sockaddr_storage address{};
    socklen_t length = 0;
};

/// Waits for one operation of a socket: the leaf of everything in this room. It allocates nothing.
///
/// Gives the operation's result: >= 0, or a negative errno; -EBADF if the socket was closed on this side.
/// On cancel: the backend is asked to stop; what it has done all the same is delivered.
class [[nodiscard("co_await it")]] SocketWait final : public Wait,
                                                      public ListLink<SocketWait>,
                                                      private backend::Operation {
public:
    SocketWait(SocketState& socket, backend::OperationKind what) noexcept;
    /// For one of these events, as poll(2) has them.
    SocketWait(SocketState& socket, short wanted) noexcept;
    SocketWait(SocketState& socket, backend::OperationKind what, void* bytes, std::size_t count) noexcept;
    SocketWait(SocketState& socket, backend::OperationKind what, msghdr& header) noexcept;
    SocketWait(SocketState& socket, sockaddr_storage& target, socklen_t length) noexcept;
    SocketWait(SocketState& socket, AcceptedPeer& peer) noexcept;
    SocketWait(const SocketWait&) = delete;
    auto operator=(const SocketWait&) -> SocketWait& = delete;
    ~SocketWait();

    auto await_ready() noexcept -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    auto await_resume() const noexcept -> std::int64_t;

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

    /// The socket is being closed: the operation is to end, and then to say so.
    void withdraw() noexcept;

private:
    void completed() noexcept override;

    SocketState* socket_;
    AcceptedPeer* peer_ = nullptr;
    IoMark mark_;
    bool has_ended_ = false;  ///< At once, but its turn comes through the ready queue.
    bool is_cancelled_ = false;
};

}  // namespace gyre::internal

#include "net/socket_wait.hpp"

#include "net/socket.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/scheduler.hpp>

#include <cerrno>
#include <string_view>

namespace gyre::internal {

namespace {

auto io_kind(backend::OperationKind kind) noexcept -> IoKind {
    switch (kind) {
    case backend::OperationKind::accept:
        return IoKind::accept;
    case backend::OperationKind::connect:
        return IoKind::connect;
    case backend::OperationKind::receive:
    case backend::OperationKind::receive_message:
        return IoKind::receive;
    case backend::OperationKind::send:
    case backend::OperationKind::send_message:
        return IoKind::send;
    case backend::OperationKind::file:
        return IoKind::file;
    case backend::OperationKind::poll:
        break;
    }
    return IoKind::other;
}

/// As dumps print it. Who receives datagrams has no peer, which his dump and the findings tell.
auto action_of(backend::OperationKind kind) noexcept -> std::string_view {
    return kind == backend::OperationKind::receive_message ? "receive datagram" : backend::to_string(kind);
}

}  // namespace

SocketWait::SocketWait(SocketState& socket, backend::OperationKind what) noexcept : socket_(&socket) {
    kind = what;
    descriptor = socket.descriptor;
    socket.join();
}

SocketWait::SocketWait(SocketState& socket, short wanted) noexcept : SocketWait(socket, backend::OperationKind::poll) {
    events = wanted;
}

SocketWait::SocketWait(SocketState& socket, backend::OperationKind what, void* bytes, std::size_t count) noexcept
    : SocketWait(socket, what) {
    buffer = bytes;
    size = count;
}

SocketWait::SocketWait(SocketState& socket, backend::OperationKind what, msghdr& header) noexcept
    : SocketWait(socket, what) {
    message = &header;
}

SocketWait::SocketWait(SocketState& socket, sockaddr_storage& target, socklen_t length) noexcept
    : SocketWait(socket, backend::OperationKind::connect) {
    address = &target;
    address_length = length;
}

SocketWait::SocketWait(SocketState& socket, AcceptedPeer& peer) noexcept
    : SocketWait(socket, backend::OperationKind::accept) {
    address = &peer.address;
    peer_ = &peer;
}

SocketWait::~SocketWait() { socket_->leave(); }

auto SocketWait::await_ready() noexcept -> bool {
    if (interrupted()) return false;
    if (socket_->is_closed()) {
        result = -EBADF;
        return true;
    }
    if (!socket_->loop->backend.start(*this)) return false;
    has_ended_ = true;
    if (++socket_->loop->ended_in_a_row < LoopSockets::most_in_a_row) return true;
    return false;
}

void SocketWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    socket_->loop->ended_in_a_row = 0;
    if (has_ended_) return scheduler().wake(*frame_);
    socket_->in_flight.push_back(*this);
    mark_.begin(scheduler(), *frame_, io_kind(kind), descriptor);
}

auto SocketWait::await_resume() const noexcept -> std::int64_t {
    mark_.resume(scheduler());
    if (peer_ != nullptr) peer_->length = address_length;
    return result == -ECANCELED ? -EBADF : result;
}

void SocketWait::cancel() noexcept {
    is_cancelled_ = true;
    socket_->loop->backend.cancel(*this);
}

void SocketWait::withdraw() noexcept { socket_->loop->backend.cancel(*this); }

void SocketWait::completed() noexcept {
    unlink();
    mark_.end(scheduler(), *frame_, result);
    socket_->operation_ended();
    if (result == -ECANCELED && is_cancelled_) return scheduler().stop(*frame_);
    scheduler().wake(*frame_);
}

auto SocketWait::record() const noexcept -> WaitRecord {
    return {.kind = WaitKind::socket,
        .object = socket_,
        .name = socket_->name(),
        .descriptor = descriptor,
        .action = action_of(kind)};
}

}  // namespace gyre::internal

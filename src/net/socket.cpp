#include "net/socket.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/leak_check.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/wait_report.hpp>

#include <poll.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gyre::internal {

LoopSockets::LoopSockets(EventLoop& loop) noexcept : owner(loop), backend(loop.backend()) {}

LoopSockets::~LoopSockets() {
    LeakCheck* leaks = owner.leak_check();
    while (SocketState* socket = open.pop_front()) {
        if (leaks != nullptr && !socket->is_closed())
            leaks->socket_left(socket->name(), socket->opened, socket->opener);
        socket->abandon();
    }
}

SocketState::SocketState(LoopSockets& sockets, int file) noexcept
    : loop(&sockets), descriptor(file), number(++sockets.opened) {
    const Caller asked = caller(sockets.owner.scheduler());
    opened = asked.where;
    try {
        if (asked.task != nullptr) opener = asked.task->name();
    } catch (...) {  // no memory for a name: the place will do
    }
    sockets.open.push_back(*this);  // last: a signal handler may read whatever is in the list
}

SocketState::~SocketState() { unlink(); }

void SocketState::close() noexcept {
    if (std::exchange(closed_, true)) return;
    if (in_flight.empty()) return close_descriptor();
    for (SocketWait* wait = in_flight.front(); wait != nullptr; wait = in_flight.after(*wait)) wait->withdraw();
}

void SocketState::abandon() noexcept {
    closed_ = true;
    close_descriptor();
    loop = nullptr;
}

void SocketState::close_descriptor() noexcept {
    if (descriptor < 0) return;
    loop->backend.close(std::exchange(descriptor, -1));
}

void SocketState::let_go() noexcept { const std::unique_ptr<SocketState> last = std::move(self_); }

void SocketState::part(std::unique_ptr<SocketState> state) noexcept {
    if (!state) return;
    state->close();
    SocketState& kept = *state;
    if (kept.waits_ > 0) kept.self_ = std::move(state);
}

auto SocketState::name() const noexcept -> std::string_view {
    try {
        if (name_.empty() && records_may_take_memory()) name_ = peer.text();
    } catch (...) {  // no memory for a name: it has none
    }
    return name_;
}

auto Socket::open(const net::Address& address, int type, std::string_view operation) -> Socket {
    LoopSockets& sockets = loop_sockets();
    const int descriptor = sockets.backend.open_socket(address.family(), type, 0);
    if (descriptor < 0) throw_io_error(descriptor, operation, address.text());
    return adopt(sockets, descriptor, address);
}

auto Socket::adopt(LoopSockets& sockets, int descriptor, const net::Address& peer) -> Socket {
    try {
        Socket socket(std::make_unique<SocketState>(sockets, descriptor));
        socket.state_->peer = peer;
        return socket;
    } catch (...) {
        sockets.backend.close(descriptor);
        throw;
    }
}

auto Socket::operator=(Socket&& other) noexcept -> Socket& {
    std::swap(state_, other.state_);
    return *this;
}

Socket::~Socket() { SocketState::part(std::move(state_)); }

auto Socket::receive(std::span<std::byte> bytes) const noexcept -> SocketWait {
    return {*state_, backend::OperationKind::receive, bytes.data(), bytes.size()};
}

auto Socket::send(std::span<const std::byte> bytes) const noexcept -> SocketWait {
    // The kernel only reads it; the field is shared with receive.
    return {*state_, backend::OperationKind::send, const_cast<std::byte*>(bytes.data()), bytes.size()};
}

auto Socket::send_file_now(int file, std::uint64_t offset, std::size_t size) const noexcept -> std::int64_t {
    if (is_closed()) return -EBADF;
    return state_->loop->backend.send_file_now(state_->descriptor, file, offset, size);
}

auto Socket::readable() const noexcept -> SocketWait { return {*state_, short{POLLIN}}; }
auto Socket::writable() const noexcept -> SocketWait { return {*state_, short{POLLOUT}}; }

auto Socket::receive_message(msghdr& message) const noexcept -> SocketWait {
    return {*state_, backend::OperationKind::receive_message, message};
}

auto Socket::send_message(msghdr& message) const noexcept -> SocketWait {
    return {*state_, backend::OperationKind::send_message, message};
}

auto Socket::accept(AcceptedPeer& peer) const noexcept -> SocketWait { return {*state_, peer}; }

auto Socket::connect(sockaddr_storage& target, socklen_t length) const noexcept -> SocketWait {
    return {*state_, target, length};
}

auto Socket::bind(const net::Address& address) const noexcept -> int {
    return state_->loop->backend.bind(state_->descriptor, address.storage(), address.length());
}

auto Socket::listen(int backlog) const noexcept -> int {
    return state_->loop->backend.listen(state_->descriptor, backlog);
}

void Socket::set_option(int level, int option, const void* value, std::size_t size) const noexcept {
    // A wish: a socket that does not know the option works without it.
    static_cast<void>(
        state_->loop->backend.set_option(state_->descriptor, level, option, value, static_cast<socklen_t>(size)));
}

auto Socket::get_option(int level, int option, void* value, socklen_t& size) const noexcept -> int {
    return is_closed() ? -EBADF : state_->loop->backend.get_option(state_->descriptor, level, option, value, size);
}

void Socket::shutdown_write() const {
    if (is_closed()) throw_io_error(-EBADF, "shutdown_write", state_->name());
    const int result = state_->loop->backend.shutdown(state_->descriptor, SHUT_WR);
    if (result < 0) throw_io_error(result, "shutdown_write", state_->name());
}

auto Socket::send_now(std::span<const std::byte> bytes) const -> std::size_t {
    if (is_closed()) throw_io_error(-EBADF, "write", state_->name());
    auto& sockets = *state_->loop;
    if (sockets.ended_in_a_row >= LoopSockets::most_in_a_row) return 0;
    ++sockets.ended_in_a_row;
    const auto result = sockets.backend.send_now(state_->descriptor, bytes);
    return result == -EAGAIN ? 0 : check(result, "write");
}

auto Socket::has_input() const noexcept -> bool {
    return is_closed() || state_->loop->backend.ready_events(state_->descriptor, POLLIN) != 0;
}

auto Socket::local_address() const -> net::Address {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (is_closed()) throw_io_error(-EBADF, "local_address", state_->name());
    const int result = state_->loop->backend.local_address(state_->descriptor, storage, length);
    if (result < 0) throw_io_error(result, "local_address", state_->name());
    return {storage, length};
}

auto Socket::check(std::int64_t result, std::string_view operation) const -> std::size_t {
    if (result < 0) throw_io_error(result, operation, state_->name());
    return static_cast<std::size_t>(result);
}

void throw_io_error(std::int64_t result, std::string_view operation, std::string_view object) {
    const std::error_code code(static_cast<int>(-result), std::generic_category());
    if (result == -EBADF) throw IoError(code, operation, object, "closed on this side");
    throw IoError(code, operation, object);
}

auto loop_sockets() -> LoopSockets& { return this_loop().local<LoopSockets>(); }

}  // namespace gyre::internal

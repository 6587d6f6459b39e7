// What the operations of the simulated network do, once it is their turn.

#include "sim_network.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace gyre::backend {

namespace {

constexpr std::size_t longest_datagram = 65'507;  // what fits into an IPv4 packet

/// The buffers of an operation, whether it names one or a message with several.
auto buffers_of(const Operation& operation, iovec& single) noexcept -> std::span<const iovec> {
    if (operation.message != nullptr && operation.kind != OperationKind::receive &&
        operation.kind != OperationKind::send) {
        return {operation.message->msg_iov, operation.message->msg_iovlen};
    }
    single = {.iov_base = operation.buffer, .iov_len = operation.size};
    return {&single, 1};
}

auto total_size(std::span<const iovec> buffers) noexcept -> std::size_t {
    std::size_t total = 0;
    for (const iovec& buffer : buffers) total += buffer.iov_len;
    return total;
}

auto gather(std::span<const iovec> buffers, std::size_t limit) -> std::string {
    std::string bytes;
    for (const iovec& buffer : buffers) {
        bytes.append(static_cast<const char*>(buffer.iov_base), std::min(buffer.iov_len, limit - bytes.size()));
    }
    return bytes;
}

void scatter(std::string_view bytes, std::span<const iovec> buffers) noexcept {
    for (const iovec& buffer : buffers) {
        const std::size_t count = std::min(buffer.iov_len, bytes.size());
        if (count > 0) std::memcpy(buffer.iov_base, bytes.data(), count);
        bytes.remove_prefix(count);
    }
}

auto read_arrived(SimPipe& pipe, std::size_t count, bool is_peek) -> std::string {
    std::string bytes;
    for (std::size_t i = 0; bytes.size() < count;) {
        SimPipe::Chunk& chunk = pipe.chunks[i];
        const std::size_t taken = std::min(count - bytes.size(), chunk.bytes.size() - chunk.taken);
        bytes.append(chunk.bytes, chunk.taken, taken);
        if (is_peek) {
            ++i;
        } else if ((chunk.taken += taken) == chunk.bytes.size()) {
            pipe.chunks.pop_front();
        }
    }
    if (!is_peek) pipe.size -= count;
    return bytes;
}

/// Fills what recvmsg(2) gives besides the bytes. There are no control messages here.
void describe_message(const Operation& operation, const Endpoint* sender, int domain, int flags) noexcept {
    if (operation.kind != OperationKind::receive_message) return;
    msghdr& message = *operation.message;
    message.msg_flags = flags;
    message.msg_controllen = 0;
    if (sender == nullptr || message.msg_name == nullptr) {
        message.msg_namelen = 0;
        return;
    }
    sockaddr_storage address;
    const socklen_t length = write_address(*sender, domain, address);
    std::memcpy(message.msg_name, &address, std::min(message.msg_namelen, length));
    message.msg_namelen = length;
}

/// A send that is never in flight.
class ImmediateSend final : public Operation {
public:
    ImmediateSend(int socket, std::span<const std::byte> bytes) noexcept {
        kind = OperationKind::send;
        descriptor = socket;
        buffer = const_cast<std::byte*>(bytes.data());
        size = bytes.size();
    }
    void completed() noexcept override {}
};

}  // namespace

auto SimNetwork::list_of(SimSocket& socket, const Operation& operation) noexcept -> OperationList& {
    switch (operation.kind) {
    case OperationKind::connect:
    case OperationKind::send:
    case OperationKind::send_message:
        return socket.senders;
    case OperationKind::poll:
        return socket.polls;
    case OperationKind::accept:
    case OperationKind::receive:
    case OperationKind::receive_message:
    case OperationKind::file:
        break;
    }
    return socket.receivers;
}

auto SimNetwork::start(Operation& operation) -> std::int64_t {
    const Socket socket = find(operation.descriptor);
    if (socket == nullptr) return -EBADF;
    OperationList& list = list_of(*socket, operation);
    std::int64_t result = must_wait;
    if (operation.kind == OperationKind::connect) {
        result = connect(socket, operation);
    } else if (list.is_empty() || operation.kind == OperationKind::poll) {  // else others were here before
        result = attempt(socket, operation);
    }
    if (result == must_wait) list.push_back(operation);
    return result;
}

auto SimNetwork::send_now(int descriptor, std::span<const std::byte> bytes) -> std::int64_t {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    ImmediateSend operation(descriptor, bytes);
    const std::int64_t result = attempt(socket, operation);
    return result == must_wait ? -EAGAIN : result;
}

void SimNetwork::withdraw(Operation& operation) noexcept {
    const Socket socket = find(operation.descriptor);
    list_of(*socket, operation).remove(operation);
}

void SimNetwork::serve(const Socket& socket) {
    for (Operation* poll = socket->polls.front(); poll != nullptr;) {
        Operation* const following = poll->next;
        if (const std::int64_t result = attempt(socket, *poll); result != must_wait) {
            socket->polls.remove(*poll);
            ended_.push_back(*poll, result);
        }
        poll = following;
    }
    serve_list(socket, socket->receivers);
    serve_list(socket, socket->senders);
}

void SimNetwork::serve_list(const Socket& socket, OperationList& list) {
    while (Operation* operation = list.front()) {
        const std::int64_t result = attempt(socket, *operation);
        if (result == must_wait) return;
        list.remove(*operation);
        ended_.push_back(*operation, result);
    }
}

auto SimNetwork::attempt(const Socket& socket, Operation& operation) -> std::int64_t {
    switch (operation.kind) {
    case OperationKind::accept:
        return accept(*socket, operation);
    case OperationKind::connect:
        return socket->is_answered ? -socket->take_error() : must_wait;
    case OperationKind::receive:
    case OperationKind::receive_message:
        return receive(*socket, operation);
    case OperationKind::send:
    case OperationKind::send_message:
        return send(socket, operation);
    case OperationKind::poll:
    case OperationKind::file:
        break;
    }
    const int events = readiness(*socket) & (operation.events | POLLERR | POLLHUP);
    return events == 0 ? must_wait : events;
}

auto SimNetwork::accept(SimSocket& listener, Operation& operation) -> std::int64_t {
    if (!listener.is_stream()) return -EOPNOTSUPP;
    if (listener.state != SimSocket::State::listening) return -EINVAL;
    if (listener.acceptable.empty()) return must_wait;
    const Socket socket = listener.acceptable.front();
    const int descriptor = give_out(socket);
    listener.acceptable.pop_front();
    if (operation.address != nullptr) {
        operation.address_length = write_address(socket->peer_endpoint, socket->domain, *operation.address);
    }
    if (!listener.knocking.empty()) {  // there is room for one more
        at(now_, What::knock, listener.knocking.front());
        listener.knocking.pop_front();
    }
    return descriptor;
}

auto SimNetwork::arrived_bytes(const SimPipe& pipe) const noexcept -> std::size_t {
    std::size_t count = 0;
    for (const SimPipe::Chunk& chunk : pipe.chunks) {
        if (chunk.arrival > now_) break;
        count += chunk.bytes.size() - chunk.taken;
    }
    return count;
}

auto SimNetwork::has_ended(const SimSocket& socket) const noexcept -> bool {
    return socket.is_reset || socket.is_read_shut || socket.incoming->end_arrival <= now_;
}

auto SimNetwork::shortened(std::size_t size) -> std::size_t {
    if (options_.longest_transfer == 0 || size == 0) return size;
    return std::min(size, static_cast<std::size_t>(random_.from_one_to(options_.longest_transfer)));
}

auto SimNetwork::receive(SimSocket& socket, Operation& operation) -> std::int64_t {
    return socket.is_stream() ? receive_stream(socket, operation) : receive_datagram(socket, operation);
}

auto SimNetwork::receive_stream(SimSocket& socket, Operation& operation) -> std::int64_t {
    if (socket.state == SimSocket::State::connecting) return must_wait;
    if (socket.state != SimSocket::State::connected) return socket.is_unix() ? -EINVAL : -ENOTCONN;
    iovec single{};
    const std::span<const iovec> buffers = buffers_of(operation, single);
    const std::size_t arrived = arrived_bytes(*socket.incoming);
    // What arrived goes before the error that followed it.
    if (arrived > 0) {
        const std::size_t count = shortened(std::min(arrived, total_size(buffers)));
        const bool is_peek = (operation.flags & MSG_PEEK) != 0;
        scatter(read_arrived(*socket.incoming, count, is_peek), buffers);
        describe_message(operation, nullptr, socket.domain, 0);
        if (!is_peek) at(now_, What::serve, socket.peer);  // there is room again
        return static_cast<std::int64_t>(count);
    }
    if (socket.error != 0) return -socket.take_error();
    if (!has_ended(socket)) return must_wait;
    describe_message(operation, nullptr, socket.domain, 0);
    return 0;
}

auto SimNetwork::receive_datagram(SimSocket& socket, Operation& operation) -> std::int64_t {
    if (socket.error != 0) return -socket.take_error();
    if (socket.datagrams.empty() || socket.datagrams.front().arrival > now_) return must_wait;
    iovec single{};
    const std::span<const iovec> buffers = buffers_of(operation, single);
    const SimDatagram& datagram = socket.datagrams.front();
    const std::size_t whole = datagram.bytes.size();
    const std::size_t count = std::min(whole, total_size(buffers));
    scatter(std::string_view{datagram.bytes}.substr(0, count), buffers);
    describe_message(operation, &datagram.sender, socket.domain, count < whole ? MSG_TRUNC : 0);
    if ((operation.flags & MSG_PEEK) == 0) {
        socket.datagram_bytes -= whole;
        socket.datagrams.pop_front();
    }
    return static_cast<std::int64_t>((operation.flags & MSG_TRUNC) != 0 ? whole : count);
}

auto SimNetwork::send(const Socket& socket, Operation& operation) -> std::int64_t {
    return socket->is_stream() ? send_stream(socket, operation) : send_datagram(socket, operation);
}

auto SimNetwork::send_stream(const Socket& socket, Operation& operation) -> std::int64_t {
    if (socket->state == SimSocket::State::connecting) return must_wait;
    if (socket->error != 0) return -socket->take_error();
    if (socket->state != SimSocket::State::connected) return socket->is_unix() ? -ENOTCONN : -EPIPE;
    if (socket->is_write_shut || socket->is_reset) return -EPIPE;
    SimPipe& pipe = *socket->outgoing;
    iovec single{};
    const std::span<const iovec> buffers = buffers_of(operation, single);
    const std::size_t wanted = total_size(buffers);
    if (wanted == 0) return 0;
    const std::size_t room = options_.pipe_capacity - std::min(options_.pipe_capacity, pipe.size);
    if (pipe.is_reader_gone) {
        if (socket->is_unix()) return -EPIPE;
        // Nobody is there, but that news takes a journey and back: what has room until then is taken, and lost.
        at(now_ + 2 * options_.latency, What::reset, socket);
        if (room == 0) return must_wait;
        const std::size_t lost = std::min(wanted, room);
        pipe.size += lost;
        return static_cast<std::int64_t>(lost);
    }
    if (room == 0) return must_wait;
    std::string bytes = gather(buffers, shortened(std::min(wanted, room)));
    const std::size_t count = bytes.size();
    const Time arrival = now_ + options_.latency;
    pipe.size += count;
    pipe.chunks.push_back({arrival, std::move(bytes)});
    at(arrival, What::serve, socket->peer);
    return static_cast<std::int64_t>(count);
}

auto SimNetwork::send_datagram(const Socket& socket, Operation& operation) -> std::int64_t {
    if (socket->error != 0) return -socket->take_error();
    Endpoint target = socket->peer_endpoint;
    if (operation.kind == OperationKind::send_message && operation.message->msg_name != nullptr) {
        sockaddr_storage address{};
        const socklen_t length = std::min<socklen_t>(operation.message->msg_namelen, sizeof address);
        std::memcpy(&address, operation.message->msg_name, length);
        const auto named = endpoint_of(address, length, socket->domain);
        if (!named) return address.ss_family == socket->domain ? -EINVAL : -EAFNOSUPPORT;
        target = *named;
    }
    if (target.family == AF_UNSPEC) return socket->is_unix() ? -ENOTCONN : -EDESTADDRREQ;
    if (!socket->is_unix() && !target.is_loopback()) return -ENETUNREACH;
    iovec single{};
    const std::span<const iovec> buffers = buffers_of(operation, single);
    const std::size_t size = total_size(buffers);
    if (size > longest_datagram) return -EMSGSIZE;
    if (const int error = bind_if_unbound(*socket, target); error != 0) return error;

    const Time arrival = now_ + options_.latency;
    const auto sent = static_cast<std::int64_t>(size);
    const Socket receiver = reachable(SOCK_DGRAM, target);
    if (receiver == nullptr) {
        if (socket->is_unix()) return -ECONNREFUSED;
        if (socket->state == SimSocket::State::connected) socket->error = ECONNREFUSED;
        return sent;
    }
    Endpoint sender = socket->local;
    sender.family = socket->is_unix() ? AF_UNIX : AF_INET6;
    if (sender.is_wildcard()) sender.host = target.is_ipv4() ? loopback_ipv4 : loopback_ipv6;
    const bool is_heard = receiver->state != SimSocket::State::connected || receiver->peer_endpoint == sender;
    const bool fits = receiver->datagram_bytes + size <= options_.pipe_capacity || receiver->datagrams.empty();
    if (!is_heard || !fits) return sent;  // lost, as datagrams may be
    receiver->datagram_bytes += size;
    receiver->datagrams.push_back({arrival, std::move(sender), gather(buffers, size)});
    at(arrival, What::serve, receiver);
    return sent;
}

auto SimNetwork::readiness(const SimSocket& socket) const noexcept -> short {
    int events = socket.error != 0 ? POLLERR | POLLIN | POLLOUT : 0;
    if (!socket.is_stream()) {
        const bool has_datagram = !socket.datagrams.empty() && socket.datagrams.front().arrival <= now_;
        return static_cast<short>(events | POLLOUT | (has_datagram ? POLLIN : 0));
    }
    switch (socket.state) {
    case SimSocket::State::fresh:
        events |= POLLOUT | POLLHUP;
        break;
    case SimSocket::State::listening:
        events |= socket.acceptable.empty() ? 0 : POLLIN;
        break;
    case SimSocket::State::connecting:
        break;
    case SimSocket::State::connected: {
        const SimPipe& pipe = *socket.outgoing;
        const bool is_done = socket.is_write_shut || socket.is_reset || pipe.is_reader_gone;
        if (is_done || pipe.size < options_.pipe_capacity) events |= POLLOUT;
        if (has_ended(socket) || arrived_bytes(*socket.incoming) > 0) events |= POLLIN;
        if (socket.is_reset || (has_ended(socket) && socket.is_write_shut)) events |= POLLHUP;
        break;
    }
    }
    return static_cast<short>(events);
}

}  // namespace gyre::backend

#include "sim_network.hpp"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace gyre::backend {

namespace {

// Far above what a kernel gives out, so that a mix-up with a real descriptor is an error and not an accident.
constexpr int first_descriptor = 1'000'000;
constexpr std::uint16_t first_ephemeral_port = 32'768;
constexpr std::uint16_t last_ephemeral_port = 60'999;

auto option_as_int(const SimSocket& socket, int level, int name) -> int {
    int value = 0;
    const auto found = socket.options.find({level, name});
    if (found != socket.options.end())
        std::memcpy(&value, found->second.data(), std::min(found->second.size(), sizeof value));
    return value;
}

auto wants_reset_on_close(const SimSocket& socket) -> bool {
    if (socket.is_unix()) return false;  // as in the kernel
    linger value{};
    const auto found = socket.options.find({SOL_SOCKET, SO_LINGER});
    if (found == socket.options.end() || found->second.size() < sizeof value) return false;
    std::memcpy(&value, found->second.data(), sizeof value);
    return value.l_onoff != 0 && value.l_linger == 0;
}

/// Whether a socket bound to `own` hears what is meant for `target`.
auto covers(const SimSocket& socket, const Endpoint& own, const Endpoint& target) -> bool {
    if (own == target) return true;
    if (own.family != AF_INET6 || target.family != AF_INET6 || own.port != target.port || !own.is_wildcard())
        return false;
    if (own.is_ipv4() == target.is_ipv4()) return true;
    return own.host == any_ipv6 && option_as_int(socket, IPPROTO_IPV6, IPV6_V6ONLY) == 0;  // [::] hears IPv4 too
}

}  // namespace

SimNetwork::~SimNetwork() {
    for (const Socket& socket : sockets_) {
        if (socket == nullptr) continue;
        for (OperationList* list : {&socket->receivers, &socket->senders, &socket->polls}) {
            while (Operation* operation = list->pop_front()) EndedOperations::release(*operation);
        }
    }
}

auto SimNetwork::find(int descriptor) const noexcept -> Socket {
    const auto index = static_cast<std::size_t>(static_cast<std::int64_t>(descriptor) - first_descriptor);
    return descriptor < first_descriptor || index >= sockets_.size() ? nullptr : sockets_[index];
}

auto SimNetwork::give_out(const Socket& socket) -> int {
    if (free_descriptors_.empty()) {  // the lowest free number, as a kernel does it: reuse is part of the world
        free_descriptors_.push(first_descriptor + static_cast<int>(sockets_.size()));
        sockets_.emplace_back();
    }
    socket->descriptor = free_descriptors_.top();
    free_descriptors_.pop();
    sockets_[static_cast<std::size_t>(socket->descriptor - first_descriptor)] = socket;
    ++open_count_;
    return socket->descriptor;
}

auto SimNetwork::open(int domain, int type, int protocol) -> int {
    const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) return -EAFNOSUPPORT;
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return domain == AF_UNIX ? -ESOCKTNOSUPPORT : -EPROTONOSUPPORT;
    const int own_protocol = kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    if (protocol != 0 && (domain == AF_UNIX || protocol != own_protocol)) return -EPROTONOSUPPORT;
    const auto socket = std::make_shared<SimSocket>();
    socket->domain = domain;
    socket->type = kind;
    return give_out(socket);
}

auto SimNetwork::is_taken(const SimSocket& socket, const Endpoint& endpoint) const -> bool {
    const auto [first, last] = bound_.equal_range({socket.type, endpoint.port});
    return std::any_of(first, last, [&](const auto& entry) {
        return covers(socket, endpoint, entry.second->local) || covers(*entry.second, entry.second->local, endpoint);
    });
}

auto SimNetwork::bind_to(SimSocket& socket, Endpoint endpoint) -> int {
    if (endpoint.family == AF_INET6 && endpoint.port == 0) {
        constexpr int port_count = last_ephemeral_port - first_ephemeral_port + 1;
        int tries = 0;
        do {
            if (++tries > port_count) return -EADDRINUSE;
            endpoint.port = next_port_;
            next_port_ = next_port_ == last_ephemeral_port ? first_ephemeral_port
                                                           : static_cast<std::uint16_t>(next_port_ + 1);
        } while (bound_.contains({socket.type, endpoint.port}));
    } else if (is_taken(socket, endpoint)) {
        return -EADDRINUSE;
    }
    bound_.emplace(std::pair{socket.type, endpoint.port}, find(socket.descriptor));
    socket.local = std::move(endpoint);
    socket.is_bound = true;
    return 0;
}

auto SimNetwork::bind(int descriptor, const sockaddr_storage& address, socklen_t length) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    const std::optional<Endpoint> endpoint = endpoint_of(address, length, socket->domain);
    if (!endpoint) return address.ss_family == socket->domain ? -EINVAL : -EAFNOSUPPORT;
    if (socket->is_bound || socket->state != SimSocket::State::fresh) return -EINVAL;
    if (socket->is_unix() && endpoint->path.empty()) return -EINVAL;
    if (!socket->is_unix() && !endpoint->is_wildcard() && !endpoint->is_loopback()) return -EADDRNOTAVAIL;
    return bind_to(*socket, *endpoint);
}

auto SimNetwork::bind_if_unbound(SimSocket& socket, const Endpoint& target) -> int {
    if (socket.is_bound || socket.is_unix()) return 0;  // a Unix client has no name unless it wants one
    Endpoint source;
    source.family = AF_INET6;
    source.host = target.is_ipv4() ? loopback_ipv4 : loopback_ipv6;
    return bind_to(socket, source);
}

void SimNetwork::unbind(SimSocket& socket) {
    if (!std::exchange(socket.is_bound, false)) return;
    auto [entry, last] = bound_.equal_range({socket.type, socket.local.port});
    while (entry != last && entry->second.get() != &socket) ++entry;
    if (entry != last) bound_.erase(entry);
}

auto SimNetwork::listen(int descriptor, int backlog) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    if (!socket->is_stream()) return -EOPNOTSUPP;
    if (socket->state != SimSocket::State::fresh && socket->state != SimSocket::State::listening) return -EINVAL;
    if (!socket->is_bound) {
        if (socket->is_unix()) return -EINVAL;
        Endpoint any;
        any.family = AF_INET6;
        any.host = socket->domain == AF_INET ? any_ipv4 : any_ipv6;
        if (const int error = bind_to(*socket, any); error != 0) return error;
    }
    socket->state = SimSocket::State::listening;
    socket->backlog = static_cast<std::size_t>(std::clamp(backlog, 0, 4'096)) + 1;  // one more than said, as on Linux
    return 0;
}

auto SimNetwork::local_address(int descriptor, sockaddr_storage& address, socklen_t& length) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    length = write_address(socket->local, socket->domain, address);
    return 0;
}

auto SimNetwork::peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    if (socket->state != SimSocket::State::connected || socket->is_reset) return -ENOTCONN;
    length = write_address(socket->peer_endpoint, socket->domain, address);
    return 0;
}

auto SimNetwork::set_option(int descriptor, int level, int name, const void* value, socklen_t size) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    socket->options[{level, name}].assign(static_cast<const char*>(value), size);
    return 0;
}

auto SimNetwork::get_option(int descriptor, int level, int name, void* value, socklen_t& size) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    std::optional<int> computed;
    if (level == SOL_SOCKET && name == SO_ERROR) computed = socket->take_error();
    if (level == SOL_SOCKET && name == SO_TYPE) computed = socket->type;
    if (level == SOL_SOCKET && name == SO_DOMAIN) computed = socket->domain;
    if (level == SOL_SOCKET && name == SO_ACCEPTCONN) computed = socket->state == SimSocket::State::listening ? 1 : 0;
    std::string bytes(sizeof(int), '\0');  // what was never set reads as 0
    if (const auto found = socket->options.find({level, name}); found != socket->options.end()) bytes = found->second;
    if (computed) bytes.assign(reinterpret_cast<const char*>(&*computed), sizeof(int));
    size = static_cast<socklen_t>(std::min<std::size_t>(size, bytes.size()));
    std::memcpy(value, bytes.data(), size);
    return 0;
}

auto SimNetwork::ready_events(int descriptor, short events) const noexcept -> int {
    const Socket socket = find(descriptor);
    return socket == nullptr ? -EBADF : readiness(*socket) & (events | POLLERR | POLLHUP);
}

auto SimNetwork::shutdown(int descriptor, int how) -> int {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return -EBADF;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
    if (socket->state != SimSocket::State::connected || socket->is_reset) return -ENOTCONN;
    if (how != SHUT_WR) socket->is_read_shut = true;
    if (how != SHUT_RD && !std::exchange(socket->is_write_shut, true) && socket->outgoing != nullptr) {
        socket->outgoing->end_arrival = now_ + options_.latency;
        at(now_ + options_.latency, What::serve, socket->peer);
    }
    at(now_, What::serve, socket);
    return 0;
}

void SimNetwork::close(int descriptor) {
    const Socket socket = find(descriptor);
    if (socket == nullptr) return;
    abandon_operations(*socket);
    unbind(*socket);
    hang_up(*socket);
    for (const Socket& pending : socket->acceptable) hang_up(*pending);
    for (const std::weak_ptr<SimSocket>& client : socket->knocking) at(now_, What::knock, client);  // to be refused
    sockets_[static_cast<std::size_t>(descriptor - first_descriptor)] = nullptr;
    free_descriptors_.push(descriptor);
    --open_count_;
}

/// The end of one side of a connection, as the other side will see it.
void SimNetwork::hang_up(SimSocket& socket) {
    if (socket.incoming == nullptr) return;
    socket.incoming->is_reader_gone = true;
    const bool is_never_accepted = socket.descriptor < 0;
    const bool is_rude = socket.incoming->size > 0 || is_never_accepted || wants_reset_on_close(socket);
    if (!is_rude && !socket.is_write_shut) socket.outgoing->end_arrival = now_ + options_.latency;
    at(now_ + options_.latency, is_rude ? What::reset : What::serve, socket.peer);
}

void SimNetwork::abandon_operations(SimSocket& socket) {
    for (OperationList* list : {&socket.receivers, &socket.senders, &socket.polls}) {
        while (Operation* operation = list->pop_front()) ended_.push_back(*operation, -ECANCELED);
    }
}

auto SimNetwork::reachable(int type, const Endpoint& target) const -> Socket {
    Socket by_wildcard;
    const auto [first, last] = bound_.equal_range({type, target.port});
    for (auto entry = first; entry != last; ++entry) {
        const Socket& holder = entry->second;
        if (holder->local == target) return holder;  // the exact address goes first, as on a real host
        if (covers(*holder, holder->local, target)) by_wildcard = holder;
    }
    return by_wildcard;
}

void SimNetwork::at(Time time, What what, const std::weak_ptr<SimSocket>& socket) {
    events_.push(Event{time, sequence_++, what, socket});
}

auto SimNetwork::connect(const Socket& socket, const Operation& operation) -> std::int64_t {
    std::optional<Endpoint> target = endpoint_of(*operation.address, operation.address_length, socket->domain);
    if (!target) return operation.address->ss_family == socket->domain ? -EINVAL : -EAFNOSUPPORT;
    if (target->is_wildcard()) target->host = target->is_ipv4() ? loopback_ipv4 : loopback_ipv6;  // as on Linux
    if (!socket->is_unix() && !target->is_loopback()) return -ENETUNREACH;
    if (socket->is_stream()) {
        if (socket->state == SimSocket::State::connecting) return -EALREADY;
        if (socket->state != SimSocket::State::fresh) return -EISCONN;
    }
    if (const int error = bind_if_unbound(*socket, *target); error != 0) return error;
    if (socket->is_unix() && socket->is_stream()) return connect_unix(socket, *target);
    socket->peer_endpoint = *target;
    if (!socket->is_stream()) {
        socket->state = SimSocket::State::connected;
        return socket->is_unix() && reachable(SOCK_DGRAM, *target) == nullptr ? -ECONNREFUSED : 0;
    }
    if (socket->local.is_wildcard()) socket->local.host = target->is_ipv4() ? loopback_ipv4 : loopback_ipv6;
    socket->state = SimSocket::State::connecting;
    socket->is_answered = false;
    at(now_ + options_.latency, What::knock, socket);
    return must_wait;
}

/// A Unix connect needs no journey: it is made or refused at once.
auto SimNetwork::connect_unix(const Socket& socket, const Endpoint& target) -> std::int64_t {
    const Socket listener = reachable(SOCK_STREAM, target);
    if (listener == nullptr) return target.path.starts_with('\0') ? -ECONNREFUSED : -ENOENT;
    if (listener->state != SimSocket::State::listening) return -ECONNREFUSED;
    if (listener->acceptable.size() >= listener->backlog) return -EAGAIN;
    socket->peer_endpoint = target;
    establish(socket, *listener);
    socket->state = SimSocket::State::connected;
    return 0;
}

/// A connect arrives at its target.
void SimNetwork::knock(const Socket& socket) {
    if (socket->state != SimSocket::State::connecting || socket->incoming != nullptr) return;
    const Socket listener = reachable(SOCK_STREAM, socket->peer_endpoint);
    if (listener == nullptr || listener->state != SimSocket::State::listening) {
        socket->error = ECONNREFUSED;
        return at(now_ + options_.latency, What::answer, socket);
    }
    if (listener->acceptable.size() >= listener->backlog) return listener->knocking.push_back(socket);
    establish(socket, *listener);
    at(now_ + options_.latency, What::answer, socket);
}

void SimNetwork::establish(const Socket& client, SimSocket& listener) {
    const auto server = std::make_shared<SimSocket>();
    server->domain = listener.domain;
    server->type = SOCK_STREAM;
    server->state = SimSocket::State::connected;
    server->local = client->peer_endpoint;
    server->peer_endpoint = client->local;
    server->peer_endpoint.family = client->is_unix() ? AF_UNIX : AF_INET6;
    client->incoming = server->outgoing = std::make_shared<SimPipe>();
    client->outgoing = server->incoming = std::make_shared<SimPipe>();
    client->peer = server;
    server->peer = client;
    listener.acceptable.push_back(server);
    at(now_, What::serve, find(listener.descriptor));
}

auto SimNetwork::next_event() const noexcept -> Time { return events_.empty() ? Time::max() : events_.top().time; }

void SimNetwork::happen() {
    while (!events_.empty() && events_.top().time <= now_) {
        const Event event = events_.top();
        events_.pop();
        if (const Socket socket = event.socket.lock()) handle(event.what, socket);
    }
}

void SimNetwork::handle(What what, const Socket& socket) {
    switch (what) {
    case What::serve:
        break;
    case What::knock:
        knock(socket);
        break;
    case What::answer:
        if (socket->state != SimSocket::State::connecting) return;
        socket->is_answered = true;
        socket->state = socket->error == 0 ? SimSocket::State::connected : SimSocket::State::fresh;
        break;
    case What::reset:
        if (std::exchange(socket->is_reset, true)) return;
        // Who knew already that the peer had left is told so.
        socket->error = socket->incoming->end_arrival <= now_ ? EPIPE : ECONNRESET;
        break;
    }
    serve(socket);
}

}  // namespace gyre::backend

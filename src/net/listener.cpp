#include <gyre/net/listener.hpp>

#include "net/address_parts.hpp"
#include "net/listener_descriptor.hpp"
#include "net/socket_transport.hpp"
#include "net/unix_path.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/net/resolve.hpp>

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace gyre::net {

namespace {

constexpr auto shortage_pause = std::chrono::milliseconds(100);

// In a TCP header.
constexpr std::uint32_t flags_at = 13;
constexpr std::uint32_t flag_syn = 0x02;
constexpr std::uint32_t flag_ack = 0x10;

/// Whether descriptors or memory ran out: that passes, and asking again at once would only burn the processor.
auto is_shortage(std::int64_t result) noexcept -> bool {
    return result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
}

/// Whether an error is of the connection that was to be accepted, and not of the listener. Source: accept(2), accept4(2).
auto is_of_one_connection(std::int64_t result) noexcept -> bool {
    switch (-result) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
        return true;
    default:
        return false;
    }
}

}  // namespace

class Listener::Socket {
public:
    Socket(internal::Socket socket, const ListenOptions& options, internal::UnixPath path)
        : socket_(std::move(socket)),
          path_(std::move(path)),
          local_(socket_.local_address()),
          no_delay_(options.no_delay) {
        socket_.set_peer(local_);  // with the port that it got: what dumps show
    }

    [[nodiscard]] auto accept() -> Task<Stream> {
        for (;;) {
            internal::AcceptedPeer peer;
            const auto result = co_await socket_.accept(peer);
            if (result >= 0) co_return make_stream(static_cast<int>(result), peer);
            if (is_shortage(result)) {
                co_await sleep(shortage_pause);
            } else if (!is_of_one_connection(result)) {
                internal::throw_io_error(result, "accept", local_.text());
            }
        }
    }

    void hold_off() const noexcept {
        if (!local_.is_ip()) return;
        // A filter on a listener sees segments from their TCP header on. What begins a connection (SYN without ACK) is dropped;
        // handshakes under way go on.
        std::array<sock_filter, 5> code{{
            {BPF_LD | BPF_B | BPF_ABS, 0, 0, flags_at},
            {BPF_ALU | BPF_AND | BPF_K, 0, 0, flag_syn | flag_ack},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, flag_syn},
            {BPF_RET | BPF_K, 0, 0, 0},
            {BPF_RET | BPF_K, 0, 0, 0xFFFF'FFFF},
        }};
        const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
        socket_.set_option(SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    }
    void close() noexcept {
        path_.remove();
        socket_.close();
    }
    [[nodiscard]] auto local_address() const noexcept -> const Address& { return local_; }
    [[nodiscard]] auto descriptor() const noexcept -> int { return socket_.descriptor(); }

private:
    [[nodiscard]] auto make_stream(int descriptor, const internal::AcceptedPeer& peer) const -> Stream {
        auto socket = internal::Socket::adopt(
            socket_.loop(), descriptor, internal::unmapped(Address(peer.address, peer.length)));
        if (no_delay_ && local_.is_ip()) socket.set_option(IPPROTO_TCP, TCP_NODELAY, 1);
        return Stream(std::make_unique<SocketTransport>(std::move(socket)));
    }

    internal::Socket socket_;
    internal::UnixPath path_;
    Address local_;
    bool no_delay_;
};

namespace {

/// A socket bound to `address` that listens, or the negative errno of the call that refused.
auto open_listening(const Address& address, const ListenOptions& options, bool dual, int& error) -> internal::Socket {
    auto socket = internal::Socket::open(address, SOCK_STREAM, "listen");
    if (address.is_ip()) {
        if (options.reuse_address) socket.set_option(SOL_SOCKET, SO_REUSEADDR, 1);
        if (options.reuse_port) socket.set_option(SOL_SOCKET, SO_REUSEPORT, 1);
        if (options.unsent_limit > 0) {  // the accepted ones inherit it
            const auto most = std::min<std::size_t>(options.unsent_limit, std::numeric_limits<int>::max());
            socket.set_option(IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(most));
        }
        if (address.family() == AF_INET6) socket.set_option(IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1);
    }
    error = socket.bind(address);
    if (error == 0) error = socket.listen(options.backlog);
    return socket;
}

/// Every address of the machine: one socket for both families, or for IPv4 alone where there is no IPv6.
auto open_everywhere(std::uint16_t port, const ListenOptions& options) -> internal::Socket {
    const auto six = Address::from_ip("::", port);
    int error = 0;
    try {
        auto socket = open_listening(six, options, true, error);
        if (error == 0) return socket;
    } catch (const IoError& refused) {
        error = -refused.code().value();
    }
    if (error != -EAFNOSUPPORT && error != -EADDRNOTAVAIL) internal::throw_io_error(error, "listen", six.text());
    const auto four = Address::from_ip("0.0.0.0", port);
    auto socket = open_listening(four, options, false, error);
    if (error != 0) internal::throw_io_error(error, "listen", four.text());
    return socket;
}

}  // namespace

Listener::Listener(std::unique_ptr<Socket> socket) noexcept : socket_(std::move(socket)) {}
Listener::Listener(Listener&&) noexcept = default;
auto Listener::operator=(Listener&& other) noexcept -> Listener& {
    close();
    socket_ = std::move(other.socket_);
    return *this;
}
Listener::~Listener() { close(); }

auto Listener::accept() -> Task<Stream> {
    if (!socket_) throw InvalidStateError("accept: this Listener is closed, or was moved from");
    return socket_->accept();
}

auto Listener::local_address() const -> Address {
    if (!socket_) throw InvalidStateError("local_address: this Listener is closed, or was moved from");
    return socket_->local_address();
}

void Listener::hold_off() noexcept {
    if (socket_) socket_->hold_off();
}

void Listener::close() noexcept {
    if (socket_) socket_->close();
}

auto descriptor_of(const Listener& listener) noexcept -> int {
    return listener.socket_ ? listener.socket_->descriptor() : -1;
}

auto listen(std::string host, std::uint16_t port, ListenOptions options) -> Task<Listener> {
    if (host.empty() || host == "*") {
        co_return Listener(
            std::make_unique<Listener::Socket>(open_everywhere(port, options), options, internal::UnixPath()));
    }
    const auto addresses = co_await resolve(std::move(host), port);
    int error = 0;
    auto socket = open_listening(addresses.front(), options, false, error);
    if (error != 0) internal::throw_io_error(error, "listen", addresses.front().text());
    co_return Listener(std::make_unique<Listener::Socket>(std::move(socket), options, internal::UnixPath()));
}

auto listen_unix(std::string path, ListenOptions options) -> Task<Listener> {
    const auto address = internal::address_of_path(path, "listen");
    int error = 0;
    auto socket = open_listening(address, options, false, error);
    if (error == -EADDRINUSE) {
        const auto is_stale = co_await internal::is_stale_socket(address);
        if (is_stale) {
            internal::UnixPath(address, socket.loop()).remove();
            socket = open_listening(address, options, false, error);
        }
    }
    if (error != 0) internal::throw_io_error(error, "listen", address.text());
    internal::UnixPath owned(address, socket.loop());
    co_return Listener(std::make_unique<Listener::Socket>(std::move(socket), options, std::move(owned)));
}

auto adopt_listener(int descriptor, const ListenOptions& options) -> Listener {
    auto& sockets = internal::loop_sockets();
    const std::string name = "descriptor " + std::to_string(descriptor);
    const auto value_of = [&](int option) {
        int value = 0;
        socklen_t size = sizeof value;
        const int result = sockets.backend.get_option(descriptor, SOL_SOCKET, option, &value, size);
        if (result < 0) throw IoError({-result, std::generic_category()}, "listen", name);
        return value;
    };
    if (value_of(SO_TYPE) != SOCK_STREAM || value_of(SO_ACCEPTCONN) == 0) {
        throw IoError(
            std::make_error_code(std::errc::invalid_argument), "listen", name, "it is no stream socket that listens");
    }
    auto socket = internal::Socket::adopt(sockets, descriptor, Address());
    return Listener(std::make_unique<Listener::Socket>(std::move(socket), options, internal::UnixPath()));
}

}  // namespace gyre::net

#include <gyre/net/udp.hpp>

#include "net/socket.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/net/resolve.hpp>

#include <algorithm>
#include <utility>

namespace gyre::net {

class UdpSocket::Socket {
public:
    explicit Socket(internal::Socket socket) : socket_(std::move(socket)), local_(socket_.local_address()) {
        socket_.set_peer(local_);  // with the port that it got: what dumps show
    }

    [[nodiscard]] auto send_to(std::string_view data, Address peer) -> Task<void> {
        // The kernel reads both, and only the types cannot say so.
        sockaddr_storage target = peer.storage();
        iovec bytes{const_cast<char*>(data.data()), data.size()};
        msghdr message{};
        message.msg_name = &target;
        message.msg_namelen = peer.length();
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        const auto result = co_await socket_.send_message(message);
        if (result < 0) internal::throw_io_error(result, "send", peer.text());
    }

    [[nodiscard]] auto receive(std::size_t limit) -> Task<Packet> {
        std::string scratch = std::exchange(scratch_, {});
        if (scratch.size() < limit) scratch.resize(limit);
        sockaddr_storage sender{};
        iovec bytes{scratch.data(), limit};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        const auto result = co_await socket_.receive_message(message);
        if (result < 0) internal::throw_io_error(result, "receive", local_.text());
        Packet packet;
        packet.data.assign(scratch, 0, static_cast<std::size_t>(result));
        packet.sender = Address(sender, message.msg_namelen);
        packet.truncated = (message.msg_flags & MSG_TRUNC) != 0;
        scratch_ = std::move(scratch);
        co_return packet;
    }

    void close() noexcept { socket_.close(); }
    [[nodiscard]] auto local_address() const noexcept -> const Address& { return local_; }

private:
    internal::Socket socket_;
    Address local_;
    std::string scratch_;  ///< Kept from one `receive` to the next, so that only what came is allocated.
};

UdpSocket::UdpSocket(std::unique_ptr<Socket> socket) noexcept : socket_(std::move(socket)) {}
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
auto UdpSocket::operator=(UdpSocket&&) noexcept -> UdpSocket& = default;
UdpSocket::~UdpSocket() = default;

auto UdpSocket::bind(std::string host, std::uint16_t port) -> Task<UdpSocket> {
    const auto addresses = co_await resolve(std::move(host), port);
    const Address& address = addresses.front();
    auto socket = internal::Socket::open(address, SOCK_DGRAM, "bind");
    const int error = socket.bind(address);
    if (error != 0) internal::throw_io_error(error, "bind", address.text());
    co_return UdpSocket(std::make_unique<Socket>(std::move(socket)));
}

auto UdpSocket::send_to(std::string_view data, const Address& peer) -> Task<void> {
    if (!socket_) throw InvalidStateError("send_to: this UdpSocket was moved from");
    return socket_->send_to(data, peer);
}

auto UdpSocket::receive(std::size_t limit) -> Task<Packet> {
    if (!socket_) throw InvalidStateError("receive: this UdpSocket was moved from");
    return socket_->receive(limit);
}

auto UdpSocket::local_address() const -> Address {
    if (!socket_) throw InvalidStateError("local_address: this UdpSocket was moved from");
    return socket_->local_address();
}

void UdpSocket::close() noexcept {
    if (socket_) socket_->close();
}

}  // namespace gyre::net

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gyre::net {

/// A datagram and where it came from.
struct Packet {
    std::string data;
    Address sender;
    bool truncated = false;  ///< It was longer than the limit given to `receive`.
};

/// A UDP socket. Move-only; destroying it closes it. A call on one that was moved from is InvalidStateError.
/// Thread: its loop's. Source: udp(7).
class UdpSocket {
public:
    /// Opens one on the first address of `host`; port 0 takes a free one. @throws IoError naming the address; as `resolve`.
    /// On cancel: nothing stays open.
    [[nodiscard]] static auto bind(std::string host, std::uint16_t port) -> Task<UdpSocket>;
    UdpSocket(UdpSocket&&) noexcept;
    auto operator=(UdpSocket&&) noexcept -> UdpSocket&;
    ~UdpSocket();

    /// Sends one datagram; `data` must live until this returns. @throws IoError naming the peer. On cancel: it was not sent.
    [[nodiscard]] auto send_to(std::string_view data, const Address& peer) -> Task<void>;
    /// Waits for the next datagram. @param limit in bytes; what is longer is cut.
    /// @throws IoError. On cancel: no datagram is lost.
    [[nodiscard]] auto receive(std::size_t limit = 65'536) -> Task<Packet>;

    [[nodiscard]] auto local_address() const -> Address;
    /// Idempotent. Nothing may be pending.
    void close() noexcept;

private:
    class Socket;
    explicit UdpSocket(std::unique_ptr<Socket> socket) noexcept;

    std::unique_ptr<Socket> socket_;
};

}  // namespace gyre::net

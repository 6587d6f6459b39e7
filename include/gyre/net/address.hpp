#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::net {

/// The address of a socket: IPv4, IPv6 or a Unix path.
class Address {
public:
    Address() noexcept = default;
    /// From what the kernel gave. @throws std::invalid_argument for another family.
    Address(const sockaddr_storage& storage, socklen_t length);
    /// A numeric IPv4 or IPv6 address (with a zone id for link-local ones: "fe80::1%eth0"; no brackets).
    /// @throws std::invalid_argument if it is a name or malformed.
    [[nodiscard]] static auto from_ip(std::string_view numeric, std::uint16_t port) -> Address;
    /// A Unix path; one that begins with a NUL byte is abstract. @throws std::invalid_argument if it is too long.
    [[nodiscard]] static auto from_path(std::string_view path) -> Address;

    /// AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC of an empty address.
    [[nodiscard]] auto family() const noexcept -> int { return storage_.ss_family; }
    [[nodiscard]] auto is_ip() const noexcept -> bool { return family() == AF_INET || family() == AF_INET6; }
    /// "10.0.0.1", "::1"; empty for Unix.
    [[nodiscard]] auto ip() const -> std::string;
    /// 0 for Unix.
    [[nodiscard]] auto port() const noexcept -> std::uint16_t;
    /// The Unix path; empty for others and for unnamed sockets.
    [[nodiscard]] auto path() const -> std::string_view;
    /// "10.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "unix:" if unnamed: as errors show it.
    [[nodiscard]] auto text() const -> std::string;

    [[nodiscard]] auto storage() const noexcept -> const sockaddr_storage& { return storage_; }
    [[nodiscard]] auto length() const noexcept -> socklen_t { return length_; }

    friend auto operator==(const Address& left, const Address& right) noexcept -> bool;

private:
    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

}  // namespace gyre::net

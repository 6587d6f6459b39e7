#include <gyre/net/address.hpp>

#include "net/address_parts.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace gyre::net {

namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path);

template<class Native>
auto read_as(const sockaddr_storage& storage) noexcept -> Native {
    Native native;
    std::memcpy(&native, &storage, sizeof native);
    return native;
}

template<class Native>
auto to_storage(const Native& native) noexcept -> sockaddr_storage {
    sockaddr_storage storage{};
    std::memcpy(&storage, &native, sizeof native);
    return storage;
}

/// The number of an interface, by its name or its digits; 0: there is none.
auto zone_number(const std::string& zone) noexcept -> std::uint32_t {
    if (const unsigned index = ::if_nametoindex(zone.c_str()); index != 0) return index;
    std::uint32_t number = 0;
    const char* const end = zone.data() + zone.size();
    const auto [stop, error] = std::from_chars(zone.data(), end, number);
    return error == std::errc{} && stop == end ? number : 0;
}

auto zone_text(std::uint32_t number) -> std::string {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(number, name.data()) != nullptr) return name.data();
    return std::to_string(number);
}

}  // namespace

Address::Address(const sockaddr_storage& storage, socklen_t length)
    : storage_(storage), length_(std::min<socklen_t>(length, sizeof storage)) {
    const int family = this->family();
    if (family == AF_INET && length >= sizeof(sockaddr_in)) return;
    if (family == AF_INET6 && length >= sizeof(sockaddr_in6)) return;
    if (family == AF_UNIX && length >= path_offset) return;
    throw std::invalid_argument("Address: family " + std::to_string(family) + " is neither IPv4, IPv6 nor Unix");
}

auto Address::from_ip(std::string_view numeric, std::uint16_t port) -> Address {
    if (auto address = internal::parse_ip(numeric, port)) return *address;
    throw std::invalid_argument("Address: '" + std::string(numeric) + "' is not a numeric address");
}

auto Address::from_path(std::string_view path) -> Address {
    const bool is_abstract = path.starts_with('\0');
    // The kernel wants a zero byte behind a path, but not behind an abstract name.
    if (path.empty() || path.size() + (is_abstract ? 0 : 1) > longest_path) {
        throw std::invalid_argument("Address: a Unix path has 1 to " + std::to_string(longest_path - 1) +
                                    " bytes, not " + std::to_string(path.size()));
    }
    if (!is_abstract && path.find('\0') != std::string_view::npos) {
        throw std::invalid_argument("Address: a Unix path has a zero byte inside");
    }
    sockaddr_un native{};
    native.sun_family = AF_UNIX;
    std::memcpy(native.sun_path, path.data(), path.size());
    return {to_storage(native), static_cast<socklen_t>(path_offset + path.size() + (is_abstract ? 0 : 1))};
}

auto Address::ip() const -> std::string {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        const auto four = read_as<sockaddr_in>(storage_);
        return ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    }
    if (family() != AF_INET6) return {};
    const auto six = read_as<sockaddr_in6>(storage_);
    std::string ip = ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    if (six.sin6_scope_id != 0) ip.append("%").append(zone_text(six.sin6_scope_id));
    return ip;
}

auto Address::port() const noexcept -> std::uint16_t {
    if (family() == AF_INET) return ntohs(read_as<sockaddr_in>(storage_).sin_port);
    if (family() == AF_INET6) return ntohs(read_as<sockaddr_in6>(storage_).sin6_port);
    return 0;
}

auto Address::path() const -> std::string_view {
    if (family() != AF_UNIX || length_ <= path_offset) return {};
    const std::string_view bytes(reinterpret_cast<const char*>(&storage_) + path_offset, length_ - path_offset);
    return bytes.starts_with('\0') ? bytes : bytes.substr(0, bytes.find('\0'));
}

auto Address::text() const -> std::string {
    switch (family()) {
    case AF_INET:
        return ip() + ":" + std::to_string(port());
    case AF_INET6:
        return "[" + ip() + "]:" + std::to_string(port());
    case AF_UNIX: {
        std::string text = "unix:" + std::string(path());
        std::ranges::replace(text, '\0', '@');
        return text;
    }
    default:
        return {};
    }
}

auto operator==(const Address& left, const Address& right) noexcept -> bool {
    if (left.family() != right.family()) return false;
    switch (left.family()) {
    case AF_INET: {
        const auto a = read_as<sockaddr_in>(left.storage_);
        const auto b = read_as<sockaddr_in>(right.storage_);
        return a.sin_addr.s_addr == b.sin_addr.s_addr && a.sin_port == b.sin_port;
    }
    case AF_INET6: {
        const auto a = read_as<sockaddr_in6>(left.storage_);
        const auto b = read_as<sockaddr_in6>(right.storage_);
        return std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0 && a.sin6_port == b.sin6_port &&
               a.sin6_scope_id == b.sin6_scope_id;
    }
    case AF_UNIX:
        return left.path() == right.path();
    default:
        return true;
    }
}

}  // namespace gyre::net

namespace gyre::internal {

auto parse_ip(std::string_view numeric, std::uint16_t port) -> std::optional<net::Address> {
    if (numeric.find('\0') != std::string_view::npos) return std::nullopt;
    const std::size_t percent = numeric.find('%');
    const bool has_zone = percent != std::string_view::npos;
    const std::string host(numeric.substr(0, percent));
    if (sockaddr_in four{}; !has_zone && ::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        return net::Address(net::to_storage(four), sizeof four);
    }
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return std::nullopt;
    if (has_zone) six.sin6_scope_id = net::zone_number(std::string(numeric.substr(percent + 1)));
    if (has_zone && six.sin6_scope_id == 0) return std::nullopt;
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return net::Address(net::to_storage(six), sizeof six);
}

auto with_port(const net::Address& address, std::uint16_t port) -> net::Address {
    if (address.family() == AF_INET) {
        auto four = net::read_as<sockaddr_in>(address.storage());
        four.sin_port = htons(port);
        return {net::to_storage(four), sizeof four};
    }
    auto six = net::read_as<sockaddr_in6>(address.storage());
    six.sin6_port = htons(port);
    return {net::to_storage(six), sizeof six};
}

auto unmapped(const net::Address& address) -> net::Address {
    if (address.family() != AF_INET6) return address;
    constexpr std::array<std::uint8_t, 12> prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const auto six = net::read_as<sockaddr_in6>(address.storage());
    if (std::memcmp(&six.sin6_addr, prefix.data(), prefix.size()) != 0) return address;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = six.sin6_port;
    std::memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[prefix.size()], sizeof four.sin_addr);
    return {net::to_storage(four), sizeof four};
}

}  // namespace gyre::internal

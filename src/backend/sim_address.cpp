#include "sim_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace gyre::backend {

namespace {

constexpr std::size_t ipv4_offset = 12;  // of the four bytes in a mapped address
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

template<class Address>
auto read_as(const sockaddr_storage& storage) noexcept -> Address {
    Address address;
    std::memcpy(&address, &storage, sizeof address);
    return address;
}

template<class Address>
auto write_as(const Address& address, sockaddr_storage& storage) noexcept -> socklen_t {
    std::memcpy(&storage, &address, sizeof address);
    return sizeof address;
}

auto unix_endpoint(const sockaddr_storage& storage, socklen_t length) -> Endpoint {
    Endpoint endpoint;
    endpoint.family = AF_UNIX;
    const auto address = read_as<sockaddr_un>(storage);
    const std::size_t size = std::min<std::size_t>(length, sizeof address) - path_offset;
    const bool is_abstract = size > 0 && address.sun_path[0] == '\0';
    // A path ends at its zero byte; an abstract name is all its bytes.
    endpoint.path.assign(address.sun_path, is_abstract ? size : ::strnlen(address.sun_path, size));
    return endpoint;
}

auto in_lower_case(std::string_view text) -> std::string {
    std::string lower{text};
    std::ranges::transform(
        lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower;
}

}  // namespace

auto Endpoint::is_ipv4() const noexcept -> bool {
    return family == AF_INET6 && std::equal(host.begin(), host.begin() + ipv4_offset, any_ipv4.begin());
}

auto Endpoint::is_wildcard() const noexcept -> bool {
    return family == AF_INET6 && (host == any_ipv4 || host == any_ipv6);
}

auto Endpoint::is_loopback() const noexcept -> bool {
    return family == AF_INET6 && (host == loopback_ipv6 || (is_ipv4() && host[ipv4_offset] == 127));
}

auto Endpoint::with_host(const Host& other) const -> Endpoint {
    Endpoint copy = *this;
    copy.host = other;
    return copy;
}

auto Endpoint::with_port(std::uint16_t other) const -> Endpoint {
    Endpoint copy = *this;
    copy.port = other;
    return copy;
}

auto endpoint_of(const sockaddr_storage& storage, socklen_t length, int domain) -> std::optional<Endpoint> {
    if (storage.ss_family != domain) return std::nullopt;
    Endpoint endpoint;
    endpoint.family = AF_INET6;
    if (domain == AF_INET && length >= sizeof(sockaddr_in)) {
        const auto address = read_as<sockaddr_in>(storage);
        endpoint.host = any_ipv4;
        std::memcpy(endpoint.host.data() + ipv4_offset, &address.sin_addr, sizeof address.sin_addr);
        endpoint.port = ntohs(address.sin_port);
        return endpoint;
    }
    if (domain == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        const auto address = read_as<sockaddr_in6>(storage);
        std::memcpy(endpoint.host.data(), &address.sin6_addr, endpoint.host.size());
        endpoint.port = ntohs(address.sin6_port);
        return endpoint;
    }
    if (domain == AF_UNIX && length >= path_offset) return unix_endpoint(storage, length);
    return std::nullopt;
}

auto write_address(const Endpoint& endpoint, int domain, sockaddr_storage& storage) noexcept -> socklen_t {
    storage = {};
    if (domain == AF_UNIX) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, endpoint.path.data(), std::min(endpoint.path.size(), sizeof address.sun_path));
        write_as(address, storage);
        const bool is_path = !endpoint.path.empty() && endpoint.path.front() != '\0';
        return static_cast<socklen_t>(path_offset + endpoint.path.size() + (is_path ? 1 : 0));
    }
    if (domain == AF_INET) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, endpoint.host.data() + ipv4_offset, sizeof address.sin_addr);
        return write_as(address, storage);
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::memcpy(&address.sin6_addr, endpoint.host.data(), endpoint.host.size());
    return write_as(address, storage);
}

auto simulated_lookup(std::string_view host) -> std::vector<std::string> {
    const std::string name{host};
    std::array<std::uint8_t, 16> scratch{};
    if (::inet_pton(AF_INET, name.c_str(), scratch.data()) == 1 ||
        ::inet_pton(AF_INET6, name.c_str(), scratch.data()) == 1) {
        return {name};
    }
    std::string lower = in_lower_case(host);
    if (lower.ends_with('.')) lower.pop_back();
    if (lower == "localhost" || lower.ends_with(".localhost")) return {"127.0.0.1", "::1"};
    return {};
}

}  // namespace gyre::backend

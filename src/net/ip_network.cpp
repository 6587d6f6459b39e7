#include <gyre/net/ip_network.hpp>

#include "net/address_parts.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace gyre::net {

namespace {

constexpr unsigned four_size = 32;
constexpr unsigned six_size = 128;
constexpr unsigned mapped_bits = 96;  ///< ::ffff:0:0/96 stands for all of IPv4.

struct IpBytes {
    bool is_four = false;
    std::array<std::uint8_t, 16> bytes{};
};

auto is_mapped(const std::array<std::uint8_t, 16>& bytes) noexcept -> bool {
    constexpr std::array<std::uint8_t, 12> prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

/// The address as the kernel keeps it, without a look for IPv4 inside of IPv6. Empty for what is no IP address.
auto raw_bytes(const Address& address) noexcept -> std::optional<IpBytes> {
    IpBytes result;
    if (address.family() == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address.storage(), sizeof four);
        std::memcpy(result.bytes.data(), &four.sin_addr, sizeof four.sin_addr);
        result.is_four = true;
        return result;
    }
    if (address.family() != AF_INET6) return std::nullopt;
    sockaddr_in6 six{};
    std::memcpy(&six, &address.storage(), sizeof six);
    std::memcpy(result.bytes.data(), &six.sin6_addr, sizeof six.sin6_addr);
    return result;
}

auto unmapped(const IpBytes& from) noexcept -> IpBytes {
    if (from.is_four || !is_mapped(from.bytes)) return from;
    IpBytes result;
    result.is_four = true;
    std::copy_n(from.bytes.begin() + 12, 4, result.bytes.begin());
    return result;
}

/// `bytes` with all behind the first `bits` cleared.
auto masked(const std::array<std::uint8_t, 16>& bytes, unsigned bits) noexcept -> std::array<std::uint8_t, 16> {
    auto result = bytes;
    for (unsigned i = 0; i < result.size(); ++i) {
        const unsigned kept = bits > i * 8 ? std::min(8U, bits - i * 8) : 0;
        result[i] = static_cast<std::uint8_t>(result[i] & (0xff00U >> kept));
    }
    return result;
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw std::invalid_argument("IpNetwork: '" + std::string(text) + "' " + std::string(why));
}

auto parse_bits(std::string_view text, std::string_view digits, unsigned most) -> unsigned {
    unsigned bits = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const bool is_number = error == std::errc() && stop == digits.data() + digits.size();
    if (!is_number || bits > most || (digits.size() > 1 && digits.front() == '0')) {
        refuse(text, "has no prefix length from 0 to " + std::to_string(most));
    }
    return bits;
}

}  // namespace

IpNetwork::IpNetwork(std::string_view text) {
    const auto slash = text.find('/');
    const auto numeric = text.substr(0, slash);
    const auto address = gyre::internal::parse_ip(numeric, 0);
    if (!address || numeric.find('%') != numeric.npos) refuse(text, "is no range of IP addresses, as 10.0.0.0/8");
    auto parsed = *raw_bytes(*address);
    const unsigned size = parsed.is_four ? four_size : six_size;
    unsigned bits = slash == text.npos ? size : parse_bits(text, text.substr(slash + 1), size);
    if (masked(parsed.bytes, bits) != parsed.bytes) refuse(text, "has bits set behind its prefix");
    if (!parsed.is_four && is_mapped(parsed.bytes) && bits >= mapped_bits) {
        parsed = unmapped(parsed);
        bits -= mapped_bits;
    }
    is_four_ = parsed.is_four;
    bits_ = static_cast<std::uint8_t>(bits);
    bytes_ = parsed.bytes;
}

auto IpNetwork::around(const Address& address, unsigned four_bits, unsigned six_bits) -> IpNetwork {
    if (four_bits > four_size || six_bits > six_size) {
        throw std::invalid_argument("IpNetwork::around: a prefix has at most 32 bits of IPv4 and 128 of IPv6");
    }
    const auto raw = raw_bytes(address);
    if (!raw) throw std::invalid_argument("IpNetwork::around: " + address.text() + " is no IP address");
    const auto bytes = unmapped(*raw);
    const unsigned bits = bytes.is_four ? four_bits : six_bits;
    IpNetwork network;
    network.is_four_ = bytes.is_four;
    network.bits_ = static_cast<std::uint8_t>(bits);
    network.bytes_ = masked(bytes.bytes, bits);
    return network;
}

auto IpNetwork::contains(const Address& address) const noexcept -> bool {
    const auto raw = raw_bytes(address);
    if (!raw) return false;
    const auto bytes = unmapped(*raw);
    return bytes.is_four == is_four_ && masked(bytes.bytes, bits_) == bytes_;
}

auto IpNetwork::text() const -> std::string {
    sockaddr_storage storage{};
    socklen_t length = 0;
    if (is_four_) {
        sockaddr_in four{};
        four.sin_family = AF_INET;
        std::memcpy(&four.sin_addr, bytes_.data(), sizeof four.sin_addr);
        std::memcpy(&storage, &four, sizeof four);
        length = sizeof four;
    } else {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        std::memcpy(&six.sin6_addr, bytes_.data(), sizeof six.sin6_addr);
        std::memcpy(&storage, &six, sizeof six);
        length = sizeof six;
    }
    return Address(storage, length).ip() + "/" + std::to_string(bits_);
}

}  // namespace gyre::net

#include "proxy_header.hpp"

#include "net/address_parts.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gyre::http::internal {

namespace {

constexpr std::string_view signature_2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::string_view begin_1 = "PROXY ";
constexpr std::size_t longest_1 = 107;
constexpr std::size_t shortest_1 = 15;  // "PROXY UNKNOWN\r\n"
constexpr std::size_t fixed_2 = 16;
constexpr std::uint8_t checksum_type = 0x03;
constexpr std::uint8_t tls_type = 0x20;
constexpr std::uint8_t over_tls = 0x01;  // a bit of the first byte of what is said of TLS
constexpr std::size_t fixed_tls = 5;     // that byte, and how the client's certificate was found

[[noreturn]] void refuse(const char* why) { throw ProxyHeaderError(std::string("PROXY header: ") + why); }

auto byte_at(std::string_view bytes, std::size_t index) noexcept -> std::uint8_t {
    return static_cast<std::uint8_t>(bytes[index]);
}

auto number_at(std::string_view bytes, std::size_t index) noexcept -> std::size_t {
    return std::size_t{byte_at(bytes, index)} << 8U | byte_at(bytes, index + 1);
}

// --- Version 1 --------------------------------------------------------------------------------------------------------

auto take_word(std::string_view& line) -> std::string_view {
    const auto end = line.find(' ');
    if (end == line.npos) refuse("words are missing");
    const auto word = line.substr(0, end);
    line.remove_prefix(end + 1);
    return word;
}

auto parse_port(std::string_view text) -> std::uint16_t {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_number = error == std::errc() && stop == text.data() + text.size();
    if (!is_number || (text.size() > 1 && text.front() == '0')) refuse("a port is no number up to 65535");
    return port;
}

auto parse_address(std::string_view ip, std::uint16_t port, int family) -> net::Address {
    try {
        const auto address = net::Address::from_ip(ip, port);
        if (address.family() == family && ip.find('%') == ip.npos) return gyre::internal::unmapped(address);
    } catch (const std::invalid_argument&) {}
    refuse("an address is none of its family");
}

auto parse_1(std::string_view bytes) -> std::optional<ProxyHeader> {
    const auto end = bytes.substr(0, longest_1).find("\r\n");
    if (end == bytes.npos) {
        if (bytes.size() >= longest_1) refuse("the line is too long");
        return std::nullopt;
    }
    ProxyHeader header{end + 2, std::nullopt};
    auto line = bytes.substr(begin_1.size(), end - begin_1.size());
    if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header;
    const auto kind = take_word(line);
    if (kind != "TCP4" && kind != "TCP6") refuse("the protocol is not TCP4, TCP6 or UNKNOWN");
    const int family = kind == "TCP4" ? AF_INET : AF_INET6;
    const auto source = take_word(line);
    const auto destination = take_word(line);
    const auto source_port = parse_port(take_word(line));
    static_cast<void>(parse_address(destination, parse_port(line), family));
    header.source = parse_address(source, source_port, family);
    return header;
}

// --- Version 2 --------------------------------------------------------------------------------------------------------

/// CRC32c over `bytes` with four of them, at `hole`, as zeros. Source: RFC 9260, appendix A.
auto crc32c(std::string_view bytes, std::size_t hole) noexcept -> std::uint32_t {
    std::uint32_t crc = 0xffff'ffffU;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool is_hole = i >= hole && i < hole + 4;
        crc ^= is_hole ? 0U : byte_at(bytes, i);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f6'3b78U : 0U);
    }
    return ~crc;
}

/// What follows the addresses, from `at` on. @return whether the connection came over TLS, if it says that.
auto parse_extensions(std::string_view header, std::size_t at) -> std::optional<bool> {
    std::optional<bool> is_secure;
    while (at < header.size()) {
        if (header.size() - at < 3) refuse("an extension is cut off");
        const auto type = byte_at(header, at);
        const auto size = number_at(header, at + 1);
        at += 3;
        if (header.size() - at < size) refuse("an extension is cut off");
        if (type == checksum_type) {
            if (size != 4) refuse("a checksum has four bytes");
            const auto told = static_cast<std::uint32_t>(number_at(header, at) << 16U | number_at(header, at + 2));
            if (crc32c(header, at) != told) refuse("its checksum is wrong");
        }
        if (type == tls_type) {
            if (size < fixed_tls) refuse("what it says of TLS is cut off");
            is_secure = (byte_at(header, at) & over_tls) != 0;
        }
        at += size;
    }
    return is_secure;
}

/// The first of two addresses, behind which stand their ports.
template<class Native, class Ip>
auto source_of(std::string_view header, sa_family_t family, Ip Native::* ip, in_port_t Native::* port) -> net::Address {
    Native native{};
    std::memcpy(&(native.*ip), header.data() + fixed_2, sizeof(Ip));
    std::memcpy(&(native.*port), header.data() + fixed_2 + 2 * sizeof(Ip), sizeof(in_port_t));
    sockaddr_storage storage{};
    std::memcpy(&storage, &native, sizeof native);
    storage.ss_family = family;
    return gyre::internal::unmapped({storage, sizeof native});
}

auto parse_2(std::string_view bytes) -> std::optional<ProxyHeader> {
    if (bytes.size() < fixed_2) return std::nullopt;
    const auto version_and_command = byte_at(bytes, 12);
    const auto family = byte_at(bytes, 13);
    const auto size = fixed_2 + number_at(bytes, 14);
    if (version_and_command >> 4U != 2) refuse("the version is not 2");
    if ((version_and_command & 15U) > 1) refuse("the command is neither LOCAL nor PROXY");
    if (size > max_proxy_header) refuse("it is too long");
    if (bytes.size() < size) return std::nullopt;
    const auto whole = bytes.substr(0, size);
    ProxyHeader header{size, std::nullopt};
    if ((version_and_command & 15U) == 0) return header;  // the proxy's own connection: the rest means nothing
    std::size_t addresses = 0;
    switch (family) {
    case 0x00:
        break;
    case 0x11:
        addresses = 12;
        break;
    case 0x21:
        addresses = 36;
        break;
    case 0x31:
        addresses = 216;
        break;
    default:
        refuse("the connection is neither TCP nor a Unix stream");
    }
    if (size - fixed_2 < addresses) refuse("the addresses are cut off");
    header.is_secure = parse_extensions(whole, fixed_2 + addresses);
    if (family == 0x11) {
        header.source = source_of(whole, AF_INET, &sockaddr_in::sin_addr, &sockaddr_in::sin_port);
    }
    if (family == 0x21) {
        header.source = source_of(whole, AF_INET6, &sockaddr_in6::sin6_addr, &sockaddr_in6::sin6_port);
    }
    return header;
}

auto begins_as(std::string_view bytes, std::string_view wanted) noexcept -> bool {
    const auto size = std::min(bytes.size(), wanted.size());
    return bytes.substr(0, size) == wanted.substr(0, size);
}

}  // namespace

auto parse_proxy_header(std::span<const char> bytes) -> std::optional<ProxyHeader> {
    const std::string_view text(bytes.data(), bytes.size());
    if (begins_as(text, signature_2)) return text.size() < signature_2.size() ? std::nullopt : parse_2(text);
    if (begins_as(text, begin_1)) return text.size() < begin_1.size() ? std::nullopt : parse_1(text);
    refuse("there is none");
}

auto proxy_bytes_to_read(std::span<const char> bytes) noexcept -> std::size_t {
    const std::string_view text(bytes.data(), bytes.size());
    if (text.size() < shortest_1) return shortest_1 - text.size();
    if (text.front() == begin_1.front()) return 1;  // its end is known when it is there
    if (text.size() < fixed_2) return fixed_2 - text.size();
    const auto size = fixed_2 + number_at(text, 14);
    return size > text.size() ? size - text.size() : 1;
}

}  // namespace gyre::http::internal

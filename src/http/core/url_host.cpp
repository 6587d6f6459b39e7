#include "url_host.hpp"

#include "grammar.hpp"

#include <gyre/http/core/percent.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace gyre::http::internal {
namespace {

using Pieces = std::array<std::uint16_t, 8>;

auto is_forbidden_in_host(char c) noexcept -> bool {
    using namespace std::string_view_literals;
    static constexpr auto forbidden = "\0\t\n\r #/:<>?@[\\]^|"sv;
    return forbidden.find(c) != std::string_view::npos;
}

auto is_forbidden_in_domain(char c) noexcept -> bool {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '%' || is_forbidden_in_host(c);
}

auto split_at_dots(std::string_view text) -> std::vector<std::string_view> {
    std::vector<std::string_view> parts;
    while (true) {
        const auto dot = text.find('.');
        parts.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return parts;
        text.remove_prefix(dot + 1);
    }
}

// Saturates far above 2^32, which every caller refuses.
auto parse_ipv4_number(std::string_view text) -> std::optional<std::uint64_t> {
    if (text.empty()) return std::nullopt;
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
        text.remove_prefix(1);
    }
    std::uint64_t value = 0;
    for (char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || digit >= base) return std::nullopt;
        value = std::min(
            value * static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(digit), std::uint64_t{1} << 40);
    }
    return value;
}

// A domain is not empty and in small letters.
auto ends_in_number(std::string_view domain) -> bool {
    auto parts = split_at_dots(domain);
    if (parts.back().empty()) parts.pop_back();
    const auto last = parts.back();
    if (!last.empty() && std::all_of(last.begin(), last.end(), is_digit)) return true;
    return parse_ipv4_number(last).has_value();
}

auto parse_ipv4(std::string_view text) -> std::string {
    auto parts = split_at_dots(text);
    if (parts.back().empty()) parts.pop_back();
    if (parts.size() > 4) throw HostProblem{"an IPv4 address of more than four parts"};
    std::uint64_t address = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto number = parse_ipv4_number(parts[i]);
        if (!number) throw HostProblem{"a part of an IPv4 address is not a number"};
        const bool is_last = i + 1 == parts.size();
        const auto bits = is_last ? 8 * (5 - parts.size()) : 8;
        if (*number >> bits != 0) throw HostProblem{"a part of an IPv4 address is too large"};
        address |= *number << (is_last ? 0 : 8 * (3 - i));
    }
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (!out.empty()) out += '.';
        out += std::to_string((address >> shift) & 255);
    }
    return out;
}

// The dotted end of an IPv6 address: exactly four decimals without leading zeros, to the end.
void parse_ipv4_tail(std::string_view text, Pieces& pieces, std::size_t& piece) {
    static constexpr HostProblem problem{"a bad IPv4 part in an IPv6 address"};
    if (piece > 6) throw problem;
    const auto parts = split_at_dots(text);
    if (parts.size() != 4) throw problem;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto part = parts[i];
        const bool is_plain = !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), is_digit) &&
                              (part.size() == 1 || part.front() != '0');
        unsigned value = 0;
        if (is_plain) std::from_chars(part.data(), part.data() + part.size(), value);
        if (!is_plain || value > 255) throw problem;
        auto& target = pieces[piece + i / 2];
        target = static_cast<std::uint16_t>(target * 256 + value);
    }
    piece += 2;
}

auto parse_ipv6_pieces(std::string_view text) -> Pieces {
    Pieces pieces{};
    std::size_t piece = 0;
    std::optional<std::size_t> compress;
    std::size_t at = 0;
    if (text.starts_with(':')) {
        if (!text.starts_with("::")) throw HostProblem{"an IPv6 address that starts with one colon"};
        at = 2;
        compress = ++piece;
    }
    while (at < text.size()) {
        if (piece == 8) throw HostProblem{"an IPv6 address of more than eight parts"};
        if (text[at] == ':') {
            if (compress) throw HostProblem{"an IPv6 address that is compressed twice"};
            ++at;
            compress = ++piece;  // it stands for at least one part
            continue;
        }
        unsigned value = 0;
        std::size_t length = 0;
        for (; length < 4 && at + length < text.size() && has_class(text[at + length], hex_char); ++length) {
            value = value * 16 + static_cast<unsigned>(hex_value(text[at + length]));
        }
        const auto next = at + length;
        if (next < text.size() && text[next] == '.' && length != 0) {
            parse_ipv4_tail(text.substr(at), pieces, piece);
            break;
        }
        if (length == 0 || (next < text.size() && text[next] != ':') || next + 1 == text.size()) {
            throw HostProblem{"a bad character or part in an IPv6 address"};
        }
        pieces[piece++] = static_cast<std::uint16_t>(value);
        at = next + 1;
    }
    if (compress) {
        const auto first = pieces.begin() + static_cast<std::ptrdiff_t>(*compress);
        const auto last = pieces.begin() + static_cast<std::ptrdiff_t>(piece);
        std::rotate(first, last, pieces.end());
    } else if (piece != 8) {
        throw HostProblem{"an IPv6 address of fewer than eight parts"};
    }
    return pieces;
}

auto longest_zero_run(const Pieces& pieces) noexcept -> std::pair<std::size_t, std::size_t> {
    std::pair<std::size_t, std::size_t> best{0, 0};
    for (std::size_t i = 0; i < pieces.size();) {
        std::size_t end = i;
        while (end < pieces.size() && pieces[end] == 0) ++end;
        if (end - i > best.second) best = {i, end - i};
        i = end + 1;
    }
    return best.second > 1 ? best : std::pair<std::size_t, std::size_t>{pieces.size(), 0};
}

auto serialize_ipv6(const Pieces& pieces) -> std::string {
    const auto [zeros, zero_count] = longest_zero_run(pieces);
    std::string out = "[";
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i == zeros) {
            out += i == 0 ? "::" : ":";
            i += zero_count - 1;
            continue;
        }
        char digits[4];
        out.append(digits, std::to_chars(digits, digits + sizeof digits, pieces[i], 16).ptr);
        if (i + 1 != pieces.size()) out += ':';
    }
    return out += ']';
}

auto parse_opaque_host(std::string_view text) -> Host {
    if (text.empty()) return {HostKind::empty, {}};
    if (std::any_of(text.begin(), text.end(), is_forbidden_in_host)) throw HostProblem{"a character no host may have"};
    return {HostKind::opaque, percent_encode(text, EncodeSet::control)};
}

auto parse_bracketed(std::string_view text) -> Host {
    if (text.back() != ']') throw HostProblem{"an IPv6 address without its closing bracket"};
    const auto inside = text.substr(1, text.size() - 2);
    if (inside.find('%') != std::string_view::npos) throw HostProblem{"a zone id in an IPv6 address"};
    return {HostKind::ipv6, serialize_ipv6(parse_ipv6_pieces(inside))};
}

}  // namespace

auto parse_host(std::string_view text, bool is_special, UrlMode mode) -> Host {
    if (text.starts_with('[')) return parse_bracketed(text);
    if (!is_special) return parse_opaque_host(text);
    const bool is_strict = mode == UrlMode::strict;
    if (is_strict && text.find('%') != std::string_view::npos) throw HostProblem{"percent-encoding in the host"};
    auto domain = domain_to_ascii(percent_decode(text));
    if (domain.empty()) throw HostProblem{"an empty host"};
    if (std::any_of(domain.begin(), domain.end(), is_forbidden_in_domain)) {
        throw HostProblem{"a character no host may have"};
    }
    if (!ends_in_number(domain)) return {HostKind::domain, std::move(domain)};
    auto address = parse_ipv4(domain);
    if (is_strict && address != text) throw HostProblem{"an IPv4 address that is not four plain decimals"};
    return {HostKind::ipv4, std::move(address)};
}

}  // namespace gyre::http::internal

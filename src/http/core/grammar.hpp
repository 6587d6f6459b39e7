#pragma once

// The character classes of RFC 9110/9112 and RFC 3986 as one table, and small parsers over them.

#include <gyre/http/core/errors.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::http::internal {

enum CharClass : std::uint8_t {
    token_char = 1,       ///< RFC 9110 5.6.2
    target_char = 2,      ///< may stand somewhere in a request target
    careful_char = 4,     ///< ... but only in some places: percent signs and what only a query may hold
    plain_host_char = 8,  ///< letters, digits, hyphen, dot, underscore
    reg_name_char = 16,   ///< RFC 3986 unreserved and sub-delims (percent-encoding apart)
    hex_char = 32,
    value_char = 64,  ///< may stand in a field value: all but controls; HTAB may. Bytes from 0x80 are opaque text
};

consteval auto make_char_classes() -> std::array<std::uint8_t, 256> {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&table](std::string_view chars, int classes) {
        for (char c : chars) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<std::uint8_t>(entry | classes);
        }
    };
    mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        token_char | target_char | plain_host_char | reg_name_char);
    mark("0123456789abcdefABCDEF", hex_char);
    mark("!#$%&'*+-.^_`|~", token_char);
    mark("-._", target_char | plain_host_char | reg_name_char);
    mark("~!$&'()*+,;=", target_char | reg_name_char);
    mark("/?:@[]|", target_char);
    mark("%^`{}\\", target_char | careful_char);
    for (std::size_t byte = 0; byte < table.size(); ++byte) {
        const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        if (!is_control) table[byte] = static_cast<std::uint8_t>(table[byte] | value_char);
    }
    return table;
}

inline constexpr auto char_classes = make_char_classes();

constexpr auto has_class(char c, CharClass wanted) noexcept -> bool {
    return (char_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr auto is_digit(char c) noexcept -> bool { return c >= '0' && c <= '9'; }

constexpr auto is_alpha(char c) noexcept -> bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr auto to_lower(char c) noexcept -> char { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Controls that no field value may hold: all but HTAB.
constexpr auto is_forbidden_control(char c) noexcept -> bool { return !has_class(c, value_char); }

/// Value of a hexadecimal digit, or -1.
constexpr auto hex_value(char c) noexcept -> int {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// "%2F", as URLs and RFC 8187 write what cannot stand for itself.
inline void append_percent(std::string& out, char c) {
    constexpr const char* digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4U], digits[byte & 15U]});
}

constexpr auto equals_ignoring_case(std::string_view a, std::string_view b) noexcept -> bool {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

/// As `equals_ignoring_case`, without a jump for each byte.
/// @param wanted small letters and hyphens.
/// @param text   without controls: what makes letters small makes a hyphen of CR.
template<std::size_t size>
constexpr auto is_word(const char (&wanted)[size], std::string_view text) noexcept -> bool {
    if (text.size() != size - 1) return false;
    int different = 0;
    for (std::size_t i = 0; i + 1 < size; ++i) different |= (text[i] | 0x20) ^ wanted[i];
    return different == 0;
}

constexpr auto is_token(std::string_view text) noexcept -> bool {
    for (char c : text) {
        if (!has_class(c, token_char)) return false;
    }
    return !text.empty();
}

/// Takes the token at the front of `text`; empty if there is none.
constexpr auto take_token(std::string_view& text) noexcept -> std::string_view {
    std::size_t size = 0;
    while (size < text.size() && has_class(text[size], token_char)) ++size;
    const auto token = text.substr(0, size);
    text.remove_prefix(size);
    return token;
}

constexpr auto trim_whitespace(std::string_view text) noexcept -> std::string_view {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Calls `visit(member)` for each comma-separated member, trimmed, empty ones included. Quotes are not special:
/// the lists read with it hold tokens only.
template<typename Visit>
constexpr void for_each_member(std::string_view list, Visit visit) {
    while (true) {
        const auto comma = list.find(',');
        visit(trim_whitespace(list.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// Is this `uri-host [":" port]`, with a host that is not empty? The port, if there, is at most 65535.
auto is_valid_authority(std::string_view text, bool require_port) noexcept -> bool;

/// Refuses a target that is in none of the forms its method allows, or that holds what must be escaped.
/// @param offset where the target starts in the message, for the error.
void check_target(std::string_view method, std::string_view target, std::uint64_t offset);

/// The authority of an absolute-form target, or empty for the other forms.
auto authority_of_target(std::string_view target) noexcept -> std::string_view;

/// May the field not be sent or believed as a trailer: framing, routing, authentication, conditions, content?
auto is_forbidden_trailer(std::string_view name) noexcept -> bool;

[[noreturn]] void refuse(Rule rule, std::uint64_t offset = ProtocolError::no_offset);

}  // namespace gyre::http::internal

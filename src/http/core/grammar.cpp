#include "grammar.hpp"

#include <algorithm>

namespace gyre::http::internal {
namespace {

auto is_valid_port(std::string_view digits) noexcept -> bool {
    unsigned value = 0;
    for (char c : digits) {
        if (!is_digit(c)) return false;
        value = value * 10 + static_cast<unsigned>(c - '0');
        if (value > 65535) return false;
    }
    return true;
}

auto is_valid_percent(std::string_view text, std::size_t at) noexcept -> bool {
    return at + 2 < text.size() && has_class(text[at + 1], hex_char) && has_class(text[at + 2], hex_char);
}

// Inside the brackets: an IPv6 address by its characters, or IPvFuture. The resolver parses it for good; what
// matters here is that nobody between reads another host out of the same bytes.
auto is_ip_literal(std::string_view inside) noexcept -> bool {
    const auto is_v6_char = [](char c) { return has_class(c, hex_char) || c == ':' || c == '.'; };
    if (inside.size() >= 2 && std::all_of(inside.begin(), inside.end(), is_v6_char)) {
        return inside.find(':') != std::string_view::npos;
    }
    if (inside.size() < 4 || to_lower(inside[0]) != 'v') return false;
    const auto dot = inside.find('.');
    if (dot == std::string_view::npos || dot < 2 || dot + 1 == inside.size()) return false;
    const auto version = inside.substr(1, dot - 1);
    const auto rest = inside.substr(dot + 1);
    return std::all_of(version.begin(), version.end(), [](char c) { return has_class(c, hex_char); }) &&
           std::all_of(rest.begin(), rest.end(), [](char c) { return c == ':' || has_class(c, reg_name_char); });
}

auto is_reg_name(std::string_view host) noexcept -> bool {
    for (std::size_t i = 0; i < host.size(); ++i) {
        if (host[i] == '%' ? !is_valid_percent(host, i) : !has_class(host[i], reg_name_char)) return false;
    }
    return true;
}

// Path and query of a target. The path follows RFC 3986 plus `[`, `]` and `|`; the query takes in addition what the
// URL Standard leaves unescaped there, since browsers send it. Neither carries quotes, angle brackets or spaces.
void check_path_and_query(std::string_view text, std::uint64_t offset) {
    bool in_query = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '#') refuse(Rule::fragment_in_target, offset + i);
        if (!has_class(c, target_char)) refuse(Rule::bad_target_character, offset + i);
        if (c == '?') in_query = true;
        if (in_query || !has_class(c, careful_char)) continue;
        if (c != '%' || !is_valid_percent(text, i)) refuse(Rule::bad_target_character, offset + i);
    }
}

auto scheme_length(std::string_view target) noexcept -> std::size_t {
    if (target.empty() || !is_alpha(target.front())) return 0;
    std::size_t n = 1;
    while (n < target.size() &&
           (is_alpha(target[n]) || is_digit(target[n]) || target[n] == '+' || target[n] == '-' || target[n] == '.')) {
        ++n;
    }
    return target.substr(n).starts_with("://") ? n : 0;
}

}  // namespace

auto is_valid_authority(std::string_view text, bool require_port) noexcept -> bool {
    std::string_view host;
    std::string_view rest;
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos || !is_ip_literal(text.substr(1, close - 1))) return false;
        host = text.substr(0, close + 1);
        rest = text.substr(close + 1);
    } else {
        const auto colon = std::min(text.find(':'), text.size());
        host = text.substr(0, colon);
        rest = text.substr(colon);
        if (!is_reg_name(host)) return false;
    }
    if (host.empty()) return false;
    if (rest.empty()) return !require_port;
    if (rest.front() != ':' || (require_port && rest.size() == 1)) return false;
    return is_valid_port(rest.substr(1));
}

auto authority_of_target(std::string_view target) noexcept -> std::string_view {
    const auto scheme = scheme_length(target);
    if (scheme == 0) return {};
    target.remove_prefix(scheme + 3);
    return target.substr(0, target.find_first_of("/?"));
}

void check_target(std::string_view method, std::string_view target, std::uint64_t offset) {
    if (target.empty()) refuse(Rule::bad_target_form, offset);
    if (method == "CONNECT") {
        if (!is_valid_authority(target, true)) refuse(Rule::bad_target_form, offset);
        return;
    }
    if (target.front() == '/') return check_path_and_query(target, offset);
    if (target == "*") {
        if (method != "OPTIONS") refuse(Rule::bad_target_form, offset);
        return;
    }
    const auto scheme = scheme_length(target);
    if (scheme == 0) {
        check_path_and_query(target, offset);  // the nearer reason first: a bad character, then the form
        refuse(Rule::bad_target_form, offset);
    }
    const auto authority = authority_of_target(target);
    if (!is_valid_authority(authority, false)) refuse(Rule::bad_host, offset + scheme + 3);
    check_path_and_query(target.substr(scheme + 3 + authority.size()), offset + scheme + 3 + authority.size());
}

auto is_forbidden_trailer(std::string_view name) noexcept -> bool {
    // RFC 9110 6.5.1: what frames, routes, authenticates, modifies the request, controls or describes the content.
    static constexpr std::string_view forbidden[] = {
        "age",
        "authentication-info",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "expect",
        "expires",
        "forwarded",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "location",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "retry-after",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    };
    return std::any_of(std::begin(forbidden), std::end(forbidden),
        [name](std::string_view entry) { return equals_ignoring_case(entry, name); });
}

[[gnu::cold, gnu::noinline]] void refuse(Rule rule, std::uint64_t offset) { throw ProtocolError(rule, offset); }

}  // namespace gyre::http::internal

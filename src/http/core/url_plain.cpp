#include "url_parser.hpp"

#include "grammar.hpp"

#include <array>
#include <cstdint>

namespace gyre::http::internal {
namespace {

enum PlainClass : std::uint8_t { in_host = 1, in_path = 2, in_query = 4 };

// What stands for itself in each part, and neither ends it nor changes what comes before it.
consteval auto make_plain_classes() -> std::array<std::uint8_t, 256> {
    std::array<std::uint8_t, 256> table{};
    const auto mark = [&table](std::string_view chars, int classes) {
        for (char c : chars) table[static_cast<unsigned char>(c)] = static_cast<std::uint8_t>(classes);
    };
    mark("abcdefghijklmnopqrstuvwxyz0123456789-.", in_host | in_path | in_query);
    mark("ABCDEFGHIJKLMNOPQRSTUVWXYZ_~!$&()*+,;=:@%/", in_path | in_query);
    mark("'", in_path);
    mark("?", in_query);
    return table;
}

constexpr auto plain_classes = make_plain_classes();

/// The part of `text` from `begin` whose characters are all of that class.
auto part_of(std::string_view text, std::size_t begin, PlainClass wanted) noexcept -> std::string_view {
    std::size_t end = begin;
    while (end < text.size() && (plain_classes[static_cast<unsigned char>(text[end])] & wanted) != 0) ++end;
    return text.substr(begin, end - begin);
}

/// Four decimals below 256, without leading zeros. @param host is not empty and does not end in a dot.
auto is_plain_ipv4(std::string_view host) noexcept -> bool {
    int numbers = 0;
    std::size_t at = 0;
    while (true) {
        const std::size_t begin = at;
        unsigned value = 0;
        for (; at < host.size() && is_digit(host[at]) && at - begin < 3; ++at) {
            value = value * 10 + static_cast<unsigned>(host[at] - '0');
        }
        const bool is_number = at > begin && value < 256 && (host[begin] != '0' || at - begin == 1);
        if (!is_number || ++numbers > 4) return false;
        if (at == host.size()) return numbers == 4;
        if (host[at++] != '.') return false;
    }
}

auto plain_host_kind(std::string_view host) noexcept -> HostKind {
    const bool is_odd = host.empty() || host.back() == '.' || host.starts_with("xn--") ||
                        host.find(".xn--") != std::string_view::npos;
    if (is_odd) return HostKind::none;
    // Only a last label that starts with a digit can be a number.
    const char last_label = host[host.rfind('.') + 1];
    if (!is_digit(last_label)) return HostKind::domain;
    return is_plain_ipv4(host) ? HostKind::ipv4 : HostKind::none;
}

/// Has it no segment that may be one of dots?
auto has_plain_segments(std::string_view path) noexcept -> bool {
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        if (slash + 1 < path.size() && (path[slash + 1] == '.' || path[slash + 1] == '%')) return false;
    }
    return true;
}

}  // namespace

auto UrlParser::take_plain() -> bool {
    const bool is_secure = text_.starts_with("https://");
    if (!is_secure && !text_.starts_with("http://")) return false;
    const auto scheme = text_.substr(0, is_secure ? 5 : 4);
    const auto host = part_of(text_, scheme.size() + 3, in_host);
    const auto kind = plain_host_kind(host);
    if (kind == HostKind::none) return false;
    std::size_t at = scheme.size() + 3 + host.size();

    unsigned port = is_secure ? 443 : 80;
    const unsigned usual_port = port;
    if (at < text_.size() && text_[at] == ':') {
        const std::size_t digits = ++at;
        for (port = 0; at < text_.size() && is_digit(text_[at]) && at - digits < 5; ++at) {
            port = port * 10 + static_cast<unsigned>(text_[at] - '0');
        }
        if (at == digits || port > 65535) return false;
    }

    if (at < text_.size() && text_[at] != '/') return false;
    const auto path = part_of(text_, at, in_path);
    if (!has_plain_segments(path)) return false;
    at += path.size();
    const bool has_query = at < text_.size() && text_[at] == '?';
    const auto query = has_query ? part_of(text_, at + 1, in_query) : std::string_view();
    if (has_query) at += 1 + query.size();
    if (at != text_.size()) return false;

    url_.scheme_ = scheme;
    url_.host_ = host;
    url_.host_kind_ = kind;
    if (port != usual_port) url_.port_ = static_cast<std::uint16_t>(port);
    url_.path_ = path.empty() ? std::string_view("/") : path;
    if (has_query) url_.query_.emplace(query);
    return true;
}

}  // namespace gyre::http::internal

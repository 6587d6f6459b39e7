#include <gyre/http/core/cookie.hpp>

#include "cookie_text.hpp"

#include <array>

namespace gyre::http {
namespace {

using internal::equals_ignoring_case;
using internal::is_digit;
using internal::trim_whitespace;

// RFC 6265bis 5.1.1, delimiter.
constexpr auto is_date_delimiter(char c) noexcept -> bool {
    return c == '\t' || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
           (c >= 0x7b && c <= 0x7e);
}

// Reads from `least` to `most` digits from the front, not followed by another.
auto take_number(std::string_view& text, std::size_t least, std::size_t most) -> std::optional<int> {
    std::size_t count = 0;
    int value = 0;
    while (count < text.size() && count < most && is_digit(text[count])) value = value * 10 + (text[count++] - '0');
    if (count < least || (count < text.size() && is_digit(text[count]))) return std::nullopt;
    text.remove_prefix(count);
    return value;
}

struct CookieDate {
    std::optional<std::chrono::seconds> time;
    std::optional<unsigned> day;
    std::optional<unsigned> month;
    std::optional<int> year;
    bool is_out_of_range = false;  // a time that is none: no reason to look for another one
};

auto take_time(std::string_view token, CookieDate& date) -> bool {
    std::array<int, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = take_number(token, 1, 2);
        const bool is_last = i + 1 == parts.size();
        if (!part || (!is_last && !token.starts_with(':'))) return false;
        if (!is_last) token.remove_prefix(1);
        parts[i] = *part;
    }
    date.is_out_of_range = parts[0] > 23 || parts[1] > 59 || parts[2] > 59;
    date.time = std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) + std::chrono::seconds(parts[2]);
    return true;
}

auto take_day(std::string_view token, CookieDate& date) -> bool {
    if (const auto number = take_number(token, 1, 2)) date.day = static_cast<unsigned>(*number);
    return date.day.has_value();
}

auto take_month(std::string_view token, CookieDate& date) -> bool {
    static constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (token.size() < 3) return false;
    for (unsigned i = 0; i < 12; ++i) {
        if (!equals_ignoring_case(names.substr(std::size_t{3} * i, 3), token.substr(0, 3))) continue;
        date.month = i + 1;
        return true;
    }
    return false;
}

// Each part is the first token that fits it, and no token is two parts.
void take_date_token(std::string_view token, CookieDate& date) {
    if (!date.time && take_time(token, date)) return;
    if (!date.day && take_day(token, date)) return;
    if (!date.month && take_month(token, date)) return;
    if (!date.year) date.year = take_number(token, 2, 4);
}

auto parse_max_age(std::string_view text) -> std::optional<std::chrono::seconds> {
    static constexpr std::int64_t most = std::int64_t{1} << 53;
    const bool is_negative = text.starts_with('-');
    const auto digits = text.substr(is_negative ? 1 : 0);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    std::int64_t value = 0;
    for (char c : digits) value = std::min(value * 10 + (c - '0'), most);
    return std::chrono::seconds(is_negative ? -value : value);
}

auto parse_same_site(std::string_view text) noexcept -> SameSite {
    if (equals_ignoring_case(text, "none")) return SameSite::none;
    if (equals_ignoring_case(text, "lax")) return SameSite::lax;
    return equals_ignoring_case(text, "strict") ? SameSite::strict : SameSite::unset;
}

void apply_attribute(ReceivedCookie& cookie, std::string_view name, std::string_view value) {
    if (value.size() > max_cookie_attribute_bytes) return;
    if (equals_ignoring_case(name, "expires")) {
        if (const auto date = parse_cookie_date(value)) cookie.expires = date;
    } else if (equals_ignoring_case(name, "max-age")) {
        if (const auto age = parse_max_age(value)) cookie.max_age = age;
    } else if (equals_ignoring_case(name, "domain")) {
        if (value.starts_with('.')) value.remove_prefix(1);
        cookie.domain = internal::to_lower(value);
    } else if (equals_ignoring_case(name, "path")) {
        cookie.path = std::string(value);
    } else if (equals_ignoring_case(name, "secure")) {
        cookie.secure = true;
    } else if (equals_ignoring_case(name, "httponly")) {
        cookie.http_only = true;
    } else if (equals_ignoring_case(name, "samesite")) {
        cookie.same_site = parse_same_site(value);
    } else if (equals_ignoring_case(name, "partitioned")) {
        cookie.partitioned = true;
    }
}

auto split_at(std::string_view text, char separator) -> std::pair<std::string_view, std::optional<std::string_view>> {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

auto parse_pair(std::string_view text) -> CookiePair {
    const auto [first, second] = split_at(text, '=');
    if (!second) return {{}, trim_whitespace(first)};
    return {trim_whitespace(first), trim_whitespace(*second)};
}

// Calls `visit(pair)` until it answers true.
template<typename Visit>
void for_each_cookie(const Fields& fields, Visit visit) {
    for (const auto field : fields) {
        if (!equals_ignoring_case(field.name, "cookie")) continue;
        for (std::optional<std::string_view> rest = field.value; rest;) {
            const auto [text, next] = split_at(*rest, ';');
            rest = next;
            const auto pair = parse_pair(text);
            if ((!pair.name.empty() || !pair.value.empty()) && visit(pair)) return;
        }
    }
}

}  // namespace

auto parse_cookie_date(std::string_view text) -> std::optional<std::chrono::sys_seconds> {
    using namespace std::chrono;
    CookieDate found;
    while (!text.empty()) {
        const auto length = static_cast<std::size_t>(
            std::find_if(text.begin(), text.end(), is_date_delimiter) - text.begin());
        if (length != 0) take_date_token(text.substr(0, length), found);
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    if (!found.time || !found.day || !found.month || !found.year || found.is_out_of_range) return std::nullopt;
    auto number = *found.year;
    if (number < 100) number += number < 70 ? 2000 : 1900;
    const year_month_day date{year(number), month(*found.month), day(*found.day)};
    if (number < 1601 || !date.ok()) return std::nullopt;
    return sys_days(date) + *found.time;
}

auto parse_set_cookie(std::string_view text) -> std::optional<ReceivedCookie> {
    if (text.size() > max_set_cookie_bytes || internal::has_forbidden_control(text)) return std::nullopt;
    auto [first, rest] = split_at(text, ';');
    const auto pair = parse_pair(first);
    const auto size = pair.name.size() + pair.value.size();
    if (size == 0 || size > max_cookie_bytes) return std::nullopt;
    ReceivedCookie cookie;
    cookie.name = pair.name;
    cookie.value = pair.value;
    while (rest) {
        const auto [attribute, next] = split_at(*rest, ';');
        rest = next;
        const auto [name, value] = split_at(attribute, '=');
        apply_attribute(cookie, trim_whitespace(name), trim_whitespace(value.value_or(std::string_view())));
    }
    return cookie;
}

auto parse_cookies(const Fields& fields) -> std::vector<CookiePair> {
    std::vector<CookiePair> pairs;
    for_each_cookie(fields, [&](const CookiePair& pair) {
        pairs.push_back(pair);
        return false;
    });
    return pairs;
}

auto find_cookie(const Fields& fields, std::string_view name) -> std::optional<std::string_view> {
    std::optional<std::string_view> value;
    for_each_cookie(fields, [&](const CookiePair& pair) {
        if (pair.name == name) value = pair.value;
        return value.has_value();
    });
    return value;
}

}  // namespace gyre::http

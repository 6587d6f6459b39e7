#include <gyre/http/core/cookie.hpp>

#include "cookie_text.hpp"

#include <gyre/http/core/date.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http {
namespace {

using internal::has_host_prefix;
using internal::has_secure_prefix;

[[noreturn]] void refuse(std::string_view name, std::string_view problem) {
    throw std::invalid_argument("cookie " + std::string(name) + ": " + std::string(problem));
}

// RFC 6265bis 4.1.1, cookie-octet.
constexpr auto is_cookie_octet(char c) noexcept -> bool {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

auto is_cookie_value(std::string_view value) noexcept -> bool {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::all_of(value.begin(), value.end(), is_cookie_octet);
}

// The characters of a name in ASCII, IPv4 included: a browser takes that one only from the same host.
auto is_domain(std::string_view text) noexcept -> bool {
    char before = '.';
    for (char c : text) {
        if (!internal::has_class(c, internal::plain_host_char) || (c == '.' && before == '.')) return false;
        before = c;
    }
    return before != '.';
}

// RFC 6265bis 4.1.1, path-value.
auto is_path(std::string_view text) noexcept -> bool {
    return text.starts_with('/') &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != ';'; });
}

auto name_of(SameSite value) noexcept -> std::string_view {
    if (value == SameSite::strict) return "Strict";
    return value == SameSite::lax ? "Lax" : "None";
}

}  // namespace

Cookie::Cookie(std::string name, std::string value) : name_(std::move(name)), value_(std::move(value)) {
    // The name is not repeated in this message: it may hold anything.
    if (!internal::is_token(name_)) throw std::invalid_argument("cookie: the name is not a token");
    if (!is_cookie_value(value_)) refuse(name_, "the value has a character that must be escaped");
    if (name_.size() + value_.size() > max_cookie_bytes)
        refuse(name_.substr(0, 64), "name and value exceed 4096 bytes");
    secure_ = needs_secure();
}

auto Cookie::removal(std::string name) -> Cookie {
    Cookie cookie(std::move(name), "");
    cookie.max_age(std::chrono::seconds(0)).expires({});
    return cookie;
}

auto Cookie::needs_secure() const noexcept -> bool {
    return has_secure_prefix(name_) || has_host_prefix(name_) || same_site_ == SameSite::none || partitioned_;
}

auto Cookie::domain(std::string value) -> Cookie& {
    if (value.starts_with('.')) value.erase(0, 1);
    if (!value.empty() && has_host_prefix(name_)) refuse(name_, "the prefix __Host- allows no domain");
    if (!value.empty() && !is_domain(value)) refuse(name_, "the domain is not a host name");
    if (value.size() > max_cookie_attribute_bytes) refuse(name_, "the domain exceeds 1024 bytes");
    domain_ = std::move(value);
    return *this;
}

auto Cookie::path(std::string value) -> Cookie& {
    if (!is_path(value)) refuse(name_, "the path is not \"/\" followed by printable ASCII without \";\"");
    if (value.size() > max_cookie_attribute_bytes) refuse(name_, "the path exceeds 1024 bytes");
    if (value != "/" && has_host_prefix(name_)) refuse(name_, "the prefix __Host- allows no path but \"/\"");
    path_ = std::move(value);
    return *this;
}

auto Cookie::max_age(std::chrono::seconds value) -> Cookie& {
    max_age_ = value;
    return *this;
}

auto Cookie::expires(std::chrono::sys_seconds value) -> Cookie& {
    (void)format_http_date(value);  // throws now, not when the response is written
    expires_ = value;
    return *this;
}

auto Cookie::secure(bool value) -> Cookie& {
    if (!value && needs_secure()) refuse(name_, "the prefix, SameSite=None or Partitioned needs Secure");
    secure_ = value;
    return *this;
}

auto Cookie::http_only(bool value) -> Cookie& {
    http_only_ = value;
    return *this;
}

auto Cookie::same_site(SameSite value) -> Cookie& {
    same_site_ = value;
    secure_ = secure_ || needs_secure();
    return *this;
}

auto Cookie::partitioned(bool value) -> Cookie& {
    partitioned_ = value;
    secure_ = secure_ || needs_secure();
    return *this;
}

auto Cookie::to_set_cookie() const -> std::string {
    std::string out = name_ + "=" + value_ + "; Path=" + path_;
    if (!domain_.empty()) out.append("; Domain=").append(domain_);
    if (max_age_) out.append("; Max-Age=").append(std::to_string(max_age_->count()));
    if (expires_) out.append("; Expires=").append(format_http_date(*expires_));
    if (secure_) out += "; Secure";
    if (http_only_) out += "; HttpOnly";
    if (same_site_ != SameSite::unset) out.append("; SameSite=").append(name_of(same_site_));
    if (partitioned_) out += "; Partitioned";
    return out;
}

}  // namespace gyre::http

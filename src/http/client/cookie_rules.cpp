#include "cookie_rules.hpp"

#include "http/core/cookie_text.hpp"

namespace gyre::http::internal {

auto is_within_domain(std::string_view host, std::string_view domain, bool host_is_address) noexcept -> bool {
    if (host == domain) return true;
    if (host_is_address || domain.empty() || !host.ends_with(domain)) return false;
    return host[host.size() - domain.size() - 1] == '.';  // CVE-2018-20852: not the end of another name
}

auto is_within_path(std::string_view path, std::string_view cookie_path) noexcept -> bool {
    if (!path.starts_with(cookie_path)) return false;
    return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

auto default_cookie_path(std::string_view request_path) noexcept -> std::string_view {
    const auto last = request_path.rfind('/');
    if (!request_path.starts_with('/') || last == 0) return "/";
    return request_path.substr(0, last);
}

auto has_storable_text(const StoredCookie& cookie) noexcept -> bool {
    for (const auto* text : {&cookie.name, &cookie.value, &cookie.domain, &cookie.path}) {
        if (has_forbidden_control(*text)) return false;
    }
    const auto size = cookie.name.size() + cookie.value.size();
    return size != 0 && size <= max_cookie_bytes && cookie.name.find_first_of("=;") == std::string::npos &&
           cookie.value.find(';') == std::string::npos && cookie.path.starts_with('/') &&
           cookie.path.size() <= max_cookie_attribute_bytes && !cookie.domain.empty() &&
           cookie.domain.size() <= max_cookie_attribute_bytes;
}

auto keeps_promises(const StoredCookie& cookie, bool path_was_given) noexcept -> bool {
    // A cookie without a name is sent as its value alone, which then reads as a name.
    const std::string_view name = cookie.name.empty() ? cookie.value : cookie.name;
    const bool is_host = has_host_prefix(name);
    const bool needs_secure = is_host || has_secure_prefix(name) || cookie.same_site == SameSite::none ||
                              cookie.partitioned;
    if (cookie.name.empty() && (is_host || has_secure_prefix(name))) return false;
    if (needs_secure && !cookie.secure) return false;
    return !is_host || (cookie.host_only && path_was_given && cookie.path == "/");
}

}  // namespace gyre::http::internal

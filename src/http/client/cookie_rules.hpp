#pragma once

// What a jar asks of every cookie, whether a server sent it or a file holds it. RFC 6265bis 5.1.3, 5.1.4, 5.7.

#include <gyre/http/client/cookie_jar.hpp>

#include <string_view>

namespace gyre::http::internal {

/// Is `host` the domain, or a name below it? An address is only itself.
[[nodiscard]] auto is_within_domain(std::string_view host, std::string_view domain, bool host_is_address) noexcept
    -> bool;

/// Is the path of a request the path of a cookie, or below it?
[[nodiscard]] auto is_within_path(std::string_view path, std::string_view cookie_path) noexcept -> bool;

/// The path of a cookie that names none: the directory of the request.
[[nodiscard]] auto default_cookie_path(std::string_view request_path) noexcept -> std::string_view;

/// Can it be sent back as what it was, and is it no larger than a cookie may be?
[[nodiscard]] auto has_storable_text(const StoredCookie& cookie) noexcept -> bool;

/// Are the promises of its name, of SameSite=None and of Partitioned kept?
/// @param path_was_given whether the server named the path itself.
[[nodiscard]] auto keeps_promises(const StoredCookie& cookie, bool path_was_given) noexcept -> bool;

[[nodiscard]] inline auto is_expired(const StoredCookie& cookie, std::chrono::sys_seconds now) noexcept -> bool {
    return cookie.expires && *cookie.expires <= now;
}

}  // namespace gyre::http::internal

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

/// Writes a date as HTTP does, such as "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate).
/// @throws std::out_of_range for years outside 0 to 9999. Source: RFC 9110 5.6.7.
[[nodiscard]] auto format_http_date(std::chrono::sys_seconds time) -> std::string;

/// Reads a date in any of the three formats of HTTP: IMF-fixdate, RFC 850 ("Sunday, 06-Nov-94 08:49:37 GMT") and
/// asctime ("Sun Nov  6 08:49:37 1994"). Empty if it is none of them or no such day exists.
/// @param now decides the century of RFC 850's two-digit year: one that would be more than 50 years ahead is past.
[[nodiscard]] auto parse_http_date(std::string_view text, std::chrono::sys_seconds now)
    -> std::optional<std::chrono::sys_seconds>;

}  // namespace gyre::http

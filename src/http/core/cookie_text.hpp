#pragma once

// What the writer of cookies, the reader and the jar share. RFC 6265bis.

#include "grammar.hpp"

#include <algorithm>
#include <string_view>

namespace gyre::http::internal {

constexpr auto starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) noexcept -> bool {
    return text.size() >= lower_prefix.size() && equals_ignoring_case(text.substr(0, lower_prefix.size()), lower_prefix);
}

/// Names that promise how the cookie was set; compared without case, since servers may.
constexpr auto has_secure_prefix(std::string_view name) noexcept -> bool {
    return starts_with_ignoring_case(name, "__secure-");
}
constexpr auto has_host_prefix(std::string_view name) noexcept -> bool {
    return starts_with_ignoring_case(name, "__host-");
}

inline auto has_forbidden_control(std::string_view text) noexcept -> bool {
    return std::any_of(text.begin(), text.end(), is_forbidden_control);
}

inline auto to_lower(std::string_view text) -> std::string {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return to_lower(c); });
    return lower;
}

}  // namespace gyre::http::internal

#pragma once

// The host of a URL: names, IPv4 in all its spellings, IPv6, opaque hosts. URL Standard, section 3.

#include <gyre/http/core/url.hpp>

namespace gyre::http::internal {

struct Host {
    HostKind kind = HostKind::none;
    std::string text;
};

/// Why a host is not one; the caller knows the offset.
struct HostProblem {
    std::string_view text;
};

/// @throws HostProblem
auto parse_host(std::string_view text, bool is_special, UrlMode mode) -> Host;

/// The ASCII form of a name in UTF-8 by UTS #46, non-transitional.
/// @throws HostProblem
auto domain_to_ascii(std::string_view name) -> std::string;

}  // namespace gyre::http::internal

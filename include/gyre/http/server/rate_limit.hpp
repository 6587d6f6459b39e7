#pragma once

#include <gyre/http/server/app.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace gyre::http {

/// How often one client may ask: a bucket of `burst` tokens, which `per_second` fills again; each request takes one.
struct RateLimitOptions {
    double per_second = 10;
    double burst = 20;
    /// Clients that are remembered. The one that was silent for longest is forgotten first, and has a full bucket again.
    std::size_t max_keys = 10'000;
};

/// Says who is asking. Requests with the same text share a bucket; those with an empty one are not limited.
using RateLimitKey = std::function<std::string(Request&)>;

/// A middleware that answers with 429 and Retry-After who asks too often, and tells the others how much is left (RateLimit,
/// RateLimit-Policy). With several loops the buckets are shared.
/// @param key who is asking; by default the address that `Request::client` gives, of IPv6 the /64.
/// @throws std::invalid_argument for a rate or a burst that lets nothing through, or no keys.
/// Source: draft-ietf-httpapi-ratelimit-headers, RFC 6585 4.
[[nodiscard]] auto rate_limit(const RateLimitOptions& options = {}, RateLimitKey key = {}) -> Middleware;

}  // namespace gyre::http

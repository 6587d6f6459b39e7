#pragma once

#include <gyre/http/server/app.hpp>

#include <chrono>
#include <string_view>

namespace gyre::http {

/// What browsers are told not to do with a response. A text that is empty is not sent. Copied at once.
struct SecurityHeaderOptions {
    /// Over TLS only: for how long the browser is to use nothing but https here (Strict-Transport-Security). Zero: not sent.
    std::chrono::seconds hsts_max_age = std::chrono::hours(24 * 365);
    bool hsts_subdomains = false;                      ///< For every name below this one as well.
    bool no_sniff = true;                              ///< X-Content-Type-Options: the type is what it says.
    std::string_view frame_ancestors = "'none'";       ///< Who may show it in a frame (Content-Security-Policy).
    std::string_view content_security_policy = {};     ///< The rest of that field: "default-src 'self'".
    std::string_view referrer_policy = "no-referrer";  ///< What other sites learn of the page that links to them.
    std::string_view opener_policy = "same-origin";    ///< Cross-Origin-Opener-Policy.
    std::string_view resource_policy = "same-origin";  ///< Cross-Origin-Resource-Policy.
};

/// A middleware that adds these fields to every response, but those that the handler has set itself.
/// @throws ProtocolError for a text that can stand in no field.
[[nodiscard]] auto security_headers(const SecurityHeaderOptions& options = {}) -> Middleware;

}  // namespace gyre::http

#include <gyre/http/server/security_headers.hpp>

#include "site.hpp"
#include "vary.hpp"

#include <memory>
#include <string>
#include <utility>

namespace gyre::http {

namespace {

/// Fields to add, in plain and over TLS.
struct SecurityFields {
    explicit SecurityFields(const SecurityHeaderOptions& options) {
        if (options.no_sniff) always.add("X-Content-Type-Options", "nosniff");
        std::string policy(options.content_security_policy);
        if (!options.frame_ancestors.empty()) {
            if (!policy.empty()) policy.append("; ");
            policy.append("frame-ancestors ").append(options.frame_ancestors);
        }
        if (!policy.empty()) always.add("Content-Security-Policy", policy);
        if (!options.referrer_policy.empty()) always.add("Referrer-Policy", options.referrer_policy);
        if (!options.opener_policy.empty()) always.add("Cross-Origin-Opener-Policy", options.opener_policy);
        if (!options.resource_policy.empty()) always.add("Cross-Origin-Resource-Policy", options.resource_policy);
        if (options.hsts_max_age.count() > 0) {
            std::string text = "max-age=" + std::to_string(options.hsts_max_age.count());
            if (options.hsts_subdomains) text.append("; includeSubDomains");
            secure.add("Strict-Transport-Security", text);
        }
    }

    Fields always;
    Fields secure;
};

auto add_security(std::shared_ptr<const SecurityFields> fields, Request& request, Next next) -> Task<Response> {
    auto response = co_await internal::call_next(next, request);
    for (const auto field : fields->always) internal::add_missing(response, field.name, field.value);
    if (request.is_secure()) {
        for (const auto field : fields->secure) internal::add_missing(response, field.name, field.value);
    }
    co_return response;
}

}  // namespace

auto security_headers(const SecurityHeaderOptions& options) -> Middleware {
    return [fields = std::make_shared<const SecurityFields>(options)](
               Request& request, Next next) { return add_security(fields, request, next); };
}

}  // namespace gyre::http

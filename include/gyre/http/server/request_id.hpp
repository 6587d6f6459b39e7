#pragma once

#include <gyre/http/server/app.hpp>

#include <string>
#include <string_view>

namespace gyre::http {

/// The name of one request, for logs: `request.find<RequestId>()->text` inside of the middleware `request_id`.
struct RequestId {
    explicit RequestId(std::string id) : text(std::move(id)) {}
    std::string text;
};

struct RequestIdOptions {
    std::string_view header = "X-Request-Id";  ///< Copied at once.
    /// Takes over the name that the request brings, if it has 1 to 128 letters, digits, dashes, underscores or dots.
    /// For servers behind a proxy that sets it; others would have their logs named by strangers.
    bool from_client = false;
};

/// A middleware that gives each request a name: 32 random hexadecimal digits. The response carries it, and the access log.
/// @throws std::invalid_argument if the header is no name of a field.
[[nodiscard]] auto request_id(const RequestIdOptions& options = {}) -> Middleware;

}  // namespace gyre::http

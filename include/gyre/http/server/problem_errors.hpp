#pragma once

#include <gyre/http/server/app.hpp>

namespace gyre::http {

/// A middleware for the outermost place of an app whose clients are programs: whatever fails inside of it, they get
/// application/problem+json. An `HttpError` says what it says; of any other error they learn nothing but 500, and the loop's
/// exception handler is told. Source: RFC 9457.
[[nodiscard]] auto problem_errors() -> Middleware;

}  // namespace gyre::http

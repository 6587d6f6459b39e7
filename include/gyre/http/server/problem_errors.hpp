#pragma once

#include <gyre/http/server/app.hpp>

namespace gyre::http {

/// A middleware for the outermost place of an app whose clients are programs: whatever fails inside of it, they get
/// application/problem+json. An `HttpError` says what it says, and a body that the server refuses (400, 408, 413) by which rule;
/// of any other error they learn nothing but 500, and the loop's exception handler is told. A client that has gone gets nothing.
///
/// The other middlewares of gyre that mark responses (`request_id`, `security_headers`, `cors`, `rate_limit`) do the same with what
/// fails inside of them, so that those responses are marked too. One of your own that makes responses of errors stands inside of all.
/// Source: RFC 9457.
[[nodiscard]] auto problem_errors() -> Middleware;

}  // namespace gyre::http

#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/server/app.hpp>

namespace gyre::http {

/// A middleware that gives each request so much time: `app.group("/api").use(http::deadline(5s))`.
///
/// What is inside of it is cancelled then, and the client gets 503. A streamed body has what is left of the time, and is cut
/// then. @throws std::invalid_argument for no time.
[[nodiscard]] auto deadline(AnyDuration limit) -> Middleware;

}  // namespace gyre::http

#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/client/request_error.hpp>

namespace gyre::http::internal {

/// Is it a status that may be another one soon: 408, 429, 500, 502, 503, 504?
[[nodiscard]] auto is_for_the_moment(int status) noexcept -> bool;

/// Is it an address that the client's own policy refuses? It refuses it the second time as well.
[[nodiscard]] auto is_forbidden(const RequestError& error) -> bool;

/// A number in [0, 1), from the loop's random source.
[[nodiscard]] auto chance() -> double;

/// At least a half of `wait`, and at most all of it, so that clients that lost a server together do not come back together.
[[nodiscard]] auto some_of(Duration wait) -> Duration;

}  // namespace gyre::http::internal

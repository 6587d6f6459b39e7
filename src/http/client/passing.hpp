#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/client/request_error.hpp>

#include <optional>

namespace gyre::http::internal {

/// Is it a status that may be another one soon: 408, 429, 500, 502, 503, 504?
[[nodiscard]] auto is_for_the_moment(int status) noexcept -> bool;

/// Is the way to the server another one soon? What the client's own policy refuses, a wrong certificate and a wrong password are
/// as wrong the second time; a connection that was lost, or a proxy whose server is away, is not.
[[nodiscard]] auto may_pass(const RequestError& error) -> bool;

/// How long the server asks to wait, in seconds or until a date; empty: it does not.
[[nodiscard]] auto retry_after(const ClientResponse& response) -> std::optional<Duration>;

/// A number in [0, 1), from the loop's random source.
[[nodiscard]] auto chance() -> double;

/// At least a half of `wait`, and at most all of it, so that clients that lost a server together do not come back together.
[[nodiscard]] auto some_of(Duration wait) -> Duration;

}  // namespace gyre::http::internal

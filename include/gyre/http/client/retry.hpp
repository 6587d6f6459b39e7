#pragma once

#include <gyre/http/client/middleware.hpp>

#include <chrono>
#include <cstddef>

namespace gyre::http {

/// When a request is sent again, and how often.
struct RetryOptions {
    std::size_t attempts = 3;  ///< In all, the first one included.
    /// Also for POST and PATCH: only if the server takes the same request twice without harm.
    bool any_method = false;
    /// Before attempt n+1 the client waits a random time up to `first_wait` * 2^(n-1), and at most `longest_wait`.
    AnyDuration first_wait = std::chrono::milliseconds(100);
    AnyDuration longest_wait = std::chrono::seconds(10);
    /// What a server may ask for with Retry-After. If it asks for more, its response is the caller's, for to come earlier would
    /// not help.
    AnyDuration longest_retry_after = std::chrono::seconds(60);
    /// The statuses 408, 429, 500, 502, 503 and 504. False: only errors of the connection.
    bool on_status = true;
    /// The budget: each request adds so much of a new attempt, and each new attempt takes a whole one ...
    double budget_per_request = 0.2;
    /// ... and so many are there at the start; they come back one by one within ten seconds.
    std::size_t budget_reserve = 10;
};

/// A middleware that sends a request again when the server, or the way to it, failed for the moment.
///
/// Sent again are requests whose method is idempotent, after a status of `RetryOptions::on_status`, or an error while connecting,
/// sending or waiting for the head of the response. An error before anything was sent (name, connection) lets a
/// request of every method be sent again. It waits between, at random, so that clients do not come back
/// all at once, or as long as Retry-After says. It does not wait past the total time of the request: then what came last is
/// the caller's at once.
///
/// All requests that pass through one such middleware share a budget, so that a server in trouble is not sent many times
/// what it could not bear once: with nine of ten requests failing, a fifth more is sent and not twice as much more.
/// Put it outside of what signs or counts each attempt, which it calls each time.
/// @throws std::invalid_argument for no attempt at all, or a budget below zero.
/// Source: AWS "Exponential backoff and jitter" (full jitter), Finagle's RetryBudget, RFC 9110 10.2.3.
[[nodiscard]] auto retry(const RetryOptions& options = {}) -> ClientMiddleware;

}  // namespace gyre::http

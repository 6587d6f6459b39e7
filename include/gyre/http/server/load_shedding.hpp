#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/server/app.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gyre::http {

/// When a server has enough to do.
struct LoadSheddingOptions {
    /// Requests at a time, on all loops together, each until its response has been sent: a stream of events counts for as
    /// long as somebody listens. WebSockets do not count once they are open.
    std::size_t max_in_flight = 1000;
    /// How long a task may wait for its turn on this loop. Measured at each request. Zero or less: not measured.
    AnyDuration max_delay = std::chrono::milliseconds(500);
    /// Bytes of memory that the process may have in use (its resident set), looked at every 100 ms at most, at a request. 0: any
    /// number.
    std::uint64_t max_memory = 0;
    std::chrono::seconds retry_after = std::chrono::seconds(1);  ///< What a client that is sent away is told.
};

/// A middleware that answers with 503 and Retry-After at once when there is more work than `options` says: a request that is
/// refused early costs little, and one that would be answered too late is of no use to anybody.
/// @throws std::invalid_argument if no request may be in flight.
[[nodiscard]] auto load_shedding(const LoadSheddingOptions& options = {}) -> Middleware;

/// A middleware that lets that many requests in at a time, each until its response has been sent as above, and answers others
/// with 503 and Retry-After. @throws std::invalid_argument for none.
[[nodiscard]] auto concurrency_limit(std::size_t max_in_flight) -> Middleware;

}  // namespace gyre::http

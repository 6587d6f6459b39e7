#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/core/limits.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gyre::http {

namespace internal {
[[nodiscard]] constexpr auto server_limits() noexcept -> Limits {
    auto limits = Limits::server();
    limits.body_bytes = 1024 * 1024;
    return limits;
}
}  // namespace internal

/// How much a server lets a client take on each connection: of memory by `limits`, of time by the rest. All of it is on by
/// default, so that slow and endless clients (slowloris, slow body, slow read) cost nothing that lasts.
struct ConnectionOptions {
    /// Sizes of a request. The body is limited to 1 MiB here.
    Limits limits = internal::server_limits();

    /// TLS handshake, from accept to its end. Then the connection is dropped.
    AnyDuration handshake_timeout = std::chrono::seconds(10);

    /// The whole head, from its first byte (for the first request: from the start of the connection). Then 408 and close.
    AnyDuration header_timeout = std::chrono::seconds(10);

    /// From the end of a response to the first byte of the next request. Then the connection is closed without a word.
    AnyDuration keep_alive_timeout = std::chrono::seconds(60);

    /// Longest wait for the next byte of a body that the handler reads. Then 408 and close.
    AnyDuration body_idle_timeout = std::chrono::seconds(30);

    /// Bytes per second that a body must bring on average, counting only the time in which the server waits for it.
    /// 0: any rate will do. Then 408 and close.
    std::uint64_t body_min_rate = 240;

    /// What a body may be behind that rate.
    AnyDuration body_rate_grace = std::chrono::seconds(5);

    /// How long the client may take to receive each next 16 KiB of a response. Then the connection is dropped.
    AnyDuration write_timeout = std::chrono::seconds(30);

    /// The response to the last one says `Connection: close`.
    std::size_t max_requests_per_connection = 1000;

    /// How much of a body that the handler did not read is read and dropped so that the connection can be used again,
    /// within `linger_timeout`. A longer one closes it.
    std::uint64_t drain_bytes = 256 * 1024;

    /// When the server closes first, how long it goes on reading and dropping what still comes: a connection that is
    /// closed with bytes unread is reset, and the client may never see the response (RFC 9112 9.6).
    AnyDuration linger_timeout = std::chrono::seconds(5);

    /// The same in bytes.
    std::size_t linger_bytes = 1024 * 1024;

    /// How long a handler of an `App` runs before the server looks whether the client is still there; if it has ended the
    /// connection, or its half of it, the handler is cancelled. Zero or less: never.
    AnyDuration disconnect_check_after = std::chrono::milliseconds(20);

    /// Connections at a time, on each loop. Beyond it, accepting pauses.
    std::size_t max_connections = 10'000;
};

}  // namespace gyre::http

#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/core/limits.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gyre::http {

class ServerObserver;
class TrustedProxies;

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

    /// Bytes per second of a response that the client must take on average, counting only the time in which the server
    /// waits for it. 0: any rate will do. Then the connection is dropped.
    std::uint64_t write_min_rate = 240;

    /// What the client may be behind that rate.
    AnyDuration write_rate_grace = std::chrono::seconds(5);

    /// From the head of a request to the end of its response. Then the handler is cancelled, and the client gets 503, or if
    /// the response had begun, the connection is dropped. Zero or less: none, for there are responses that never end; the
    /// middleware `deadline` limits single routes. A connection that was taken over (a WebSocket) is not under it any more.
    AnyDuration request_timeout{};

    /// The response to the last one says `Connection: close`.
    std::size_t max_requests_per_connection = 1000;

    /// The first response after that time says `Connection: close`; up to a tenth sooner, other on each connection, so that
    /// clients which came together do not come back together. Zero or less: any age will do.
    AnyDuration max_connection_age = std::chrono::hours(1);

    /// How much of a body that the handler did not read is read and dropped so that the connection can be used again,
    /// within `linger_timeout`. A longer one closes it.
    std::uint64_t drain_bytes = 256 * 1024;

    /// When the server closes first, how long it goes on reading and dropping what still comes: a connection that is
    /// closed with bytes unread is reset, and the client may never see the response (RFC 9112 9.6).
    AnyDuration linger_timeout = std::chrono::seconds(5);

    /// The same in bytes. More than what the buffers of both sockets hold: a client that has filled them before it looks for a
    /// response still finds it.
    std::size_t linger_bytes = 16 * 1024 * 1024;

    /// How long a handler of an `App` runs before the server looks whether the client is still there; if it has ended the
    /// connection, or its half of it, the handler is cancelled. The server looks by reading ahead, 64 KiB at most, so it does
    /// not see the end behind more of a body than that, nor while the handler uses a piece. Zero or less: never.
    AnyDuration disconnect_check_after = std::chrono::milliseconds(20);

    /// Connections at a time. Beyond it, accepting pauses. The loops of a server share it out evenly. The connection that takes the
    /// last place ends the one that has waited longest for its client (at least a second; idle ones first).
    std::size_t max_connections = 10'000;

    /// Connections at a time from one source: an IPv4 address, or a /64 of IPv6. One more gets 503 (with TLS: nothing) and is
    /// closed. Those on Unix sockets have no source.
    std::size_t max_connections_per_source = 1000;

    /// How many bits of an address make a source.
    unsigned source_bits_ipv4 = 32;
    unsigned source_bits_ipv6 = 64;

    /// Proxies that are believed about who sent a request, and are not counted as sources. They outlive the server. Null: none.
    const TrustedProxies* trusted_proxies = nullptr;

    /// Every connection begins with a PROXY header (version 1 or 2), which says whose it is: for servers behind haproxy and
    /// the like. It must come from one of `trusted_proxies`, within `handshake_timeout`; others are dropped. If that
    /// is null, the server ends with std::invalid_argument.
    bool proxy_protocol = false;

    /// The proxy that sends the PROXY header sets X-Forwarded-Proto, or `proto` of Forwarded, in each request, and its last
    /// value is believed. Not for one that passes on the bytes of its client, who may write there what it likes. What a header
    /// of version 2 says of TLS is believed anyhow.
    bool proxy_tells_scheme = false;

    /// Access logs and metrics, told of each request: `.observers = {&log, &metrics}`, up to the first null. They outlive the
    /// server.
    std::array<ServerObserver*, 4> observers{};
};

}  // namespace gyre::http

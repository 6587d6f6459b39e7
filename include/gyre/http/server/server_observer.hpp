#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/net/address.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace gyre::http {

/// What became of one request. Its texts live as long as the call that tells of it, and are what the client sent: any bytes.
struct RequestRecord {
    std::string_view method;  ///< Empty if the head of the request could not be read.
    std::string_view target;
    Version version;
    const Fields* fields = nullptr;        ///< Of the request; null if its head could not be read.
    const net::Address* client = nullptr;  ///< Who sent it, as trusted proxies tell.
    bool is_secure = false;
    int status = 0;                 ///< Of the response; 0: it had none, for the client went, or the server ended.
    bool is_whole = false;          ///< The response was sent to its end.
    std::uint64_t body_bytes = 0;   ///< Of the response, without its head.
    std::chrono::sys_seconds time;  ///< When its head had arrived.
    Duration duration{};            ///< From then to the end of the response.
    std::string_view request_id;    ///< Empty: none.
};

/// Why a connection was turned away before a request of it was read.
enum class RefusalReason : std::uint8_t {
    too_many,       ///< There were too many of the same source (`ConnectionOptions::max_connections_per_source`).
    tls_handshake,  ///< Its TLS handshake failed, or took too long.
    proxy_header,   ///< It had no PROXY header that is believed (`ConnectionOptions::proxy_protocol`).
};

/// One connection that was turned away.
struct RefusalRecord {
    RefusalReason reason = RefusalReason::too_many;
    const net::Address* peer = nullptr;  ///< Who it was. Lives as long as the call.
    bool is_secure = false;
    int status = 0;                ///< 503 if that was said; 0: it was closed without a word.
    std::uint64_t body_bytes = 0;  ///< Of what was said.
    std::chrono::sys_seconds time;
};

/// Is told what a server does: access logs and metrics. It must not throw, and must not take long: the server waits.
/// Thread: with several loops it is called from each of their threads, also at the same time.
class ServerObserver {
public:
    ServerObserver() = default;
    ServerObserver(const ServerObserver&) = delete;
    auto operator=(const ServerObserver&) -> ServerObserver& = delete;
    virtual ~ServerObserver() = default;

    /// A connection was accepted, and its TLS handshake is done.
    virtual void connection_begins() noexcept {}
    virtual void connection_ends() noexcept {}
    /// A connection was accepted and turned away: of it nothing else is told.
    virtual void connection_refused(const RefusalRecord& record) noexcept { static_cast<void>(record); }
    /// The head of a request has arrived. `request_ends` follows.
    virtual void request_begins() noexcept {}
    /// Also for what could not be read as a request, and had no `request_begins`: then `fields` is null.
    virtual void request_ends(const RequestRecord& record) noexcept { static_cast<void>(record); }
};

}  // namespace gyre::http

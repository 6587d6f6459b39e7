#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/http/core/url.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <string_view>

namespace gyre::http {

/// What happens to a request of a client, in this order as far as it happens at all. From `queued` on it happens again for each
/// redirect and each new attempt.
enum class ClientStep : std::uint8_t {
    start,       ///< it was awaited
    queued,      ///< it looks for a connection, or waits for one
    reused,      ///< it has a connection that was kept; `detail` is its peer
    resolving,   ///< the addresses of the host are looked for, unless there is none to look for
    resolved,    ///< and are there
    connecting,  ///< a connection is made, through its proxy if there is one
    connected,   ///< `detail` is its peer
    securing,    ///< the TLS handshake begins
    secured,     ///< and is done
    sending,     ///< head and body go out
    sent,        ///< the first bytes went out, head and what fits beside it; `bytes` counts them
    sent_piece,  ///< a piece of a body that is too large for that went out, beside the answer perhaps; `bytes` is its size
    first_byte,      ///< the first bytes of an answer are there
    interim,         ///< the head of an interim response (100, 103); `status` is set
    head,            ///< the head of the final response; `status` is set
    received_piece,  ///< a piece of its body was read; `bytes` is its size as it was sent
    redirect,        ///< a redirect is followed; `status` is set, the URL is the new one
    retry,           ///< it is sent again after a wait; `error` is set, or `status`
    done,            ///< the body was read to its end; `bytes` counts it as it was sent
    failed,          ///< it ended with `error`; not told for one that is cancelled
};

/// "start", "queued", ... as spelled in `ClientStep`. Static storage.
[[nodiscard]] auto step_name(ClientStep step) noexcept -> std::string_view;

/// One step of one request. The views end with the call.
struct ClientTraceEvent {
    ClientStep step;
    std::uint64_t request;  ///< Which one: counted from 1 in each client.
    Time time;              ///< Of the loop's clock.
    std::string_view method;
    const Url& url;
    std::string_view detail;
    int status;
    std::uint64_t bytes;
    std::exception_ptr error;
};

/// Is told of each step. Must not wait; what it throws goes to the loop's exception handler, and the request goes on.
using ClientTrace = std::function<void(const ClientTraceEvent&)>;

}  // namespace gyre::http

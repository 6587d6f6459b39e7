#pragma once

#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/websocket_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// What this end wants of permessage-deflate (RFC 7692). Windows are 8 to 15; small ones cost little memory: 2^(bits + 2)
/// bytes to compress, 2^bits to decompress, each connection.
struct WebSocketDeflateOptions {
    bool enabled = true;
    std::uint8_t window_bits = 12;          ///< Largest of what this end compresses.
    std::uint8_t peer_window_bits = 12;     ///< Largest of what the peer compresses, if it can choose; else 15.
    bool no_context_takeover = false;       ///< This end begins each message anew: less memory, worse compression.
    bool peer_no_context_takeover = false;  ///< The peer is asked to.
};

/// What a client and a server agreed on: what a `WebSocket` is made with.
struct WebSocketParameters {
    WebSocketParameters() = default;

    std::string subprotocol;                  ///< Empty: none.
    std::optional<WebSocketDeflate> deflate;  ///< Empty: no compression.
};

/// The answer to a handshake is not what a WebSocket server may say. `what()` names the reason.
class WebSocketHandshakeError : public std::runtime_error {
public:
    /// @param status of the response.
    WebSocketHandshakeError(const std::string& what, int status) : std::runtime_error(what), status_(status) {}
    /// The response's status: 101 if that was right and something else was wrong.
    [[nodiscard]] auto status() const noexcept -> int { return status_; }

private:
    int status_;
};

/// `Sec-WebSocket-Key`: 16 random bytes, in base64.
[[nodiscard]] auto websocket_key(std::span<const std::byte, 16> random) -> std::string;

/// `Sec-WebSocket-Accept`: what answers a key. Source: RFC 6455 4.2.2.
[[nodiscard]] auto websocket_accept(std::string_view key) -> std::string;

/// What a client asks for.
struct WebSocketOffer {
    WebSocketOffer() = default;

    std::string key;                        ///< From `websocket_key`, fresh for each handshake.
    std::vector<std::string> subprotocols;  ///< The best first.
    std::string origin;                     ///< Empty: none is sent.
    WebSocketDeflateOptions deflate;
};

/// The fields of a client's GET request, without Host: Upgrade, Connection, Sec-WebSocket-Version, -Key, -Protocol,
/// -Extensions and Origin. @throws std::invalid_argument for subprotocols that are no tokens or come twice, a window of less
/// than 8 or more than 15 bits; ProtocolError for an origin that is no field value.
[[nodiscard]] auto websocket_request_fields(const WebSocketOffer& offer) -> Fields;

/// Looks at a server's answer: 101, Upgrade, Connection, the right -Accept, and only what was offered.
/// @throws WebSocketHandshakeError.
[[nodiscard]] auto check_websocket_response(const ResponseHead& head, const WebSocketOffer& offer)
    -> WebSocketParameters;

/// Does a request ask for a WebSocket: has it an Upgrade field with the token `websocket`? All else is `answer_websocket`'s.
[[nodiscard]] auto is_websocket_request(const RequestHead& head) noexcept -> bool;

/// Is `origin` of the same host and port as the request's own, or not there? A page elsewhere cannot get in then.
[[nodiscard]] auto is_same_origin(std::string_view origin, const RequestHead& head) -> bool;

/// What a server takes of what clients ask for.
struct WebSocketPolicy {
    WebSocketPolicy() = default;

    /// Those that are spoken here. The first of the client's list that is among them is chosen; none in common: none is.
    std::vector<std::string> subprotocols;
    /// Whether a browser's page of that origin may connect; asked only if there is an Origin. Empty: `is_same_origin`.
    std::function<bool(std::string_view origin, const RequestHead& head)> allow_origin;
    WebSocketDeflateOptions deflate;
};

/// What a server says to a handshake.
struct WebSocketAnswer {
    WebSocketAnswer() = default;

    int status = 101;    ///< 101: go on with a WebSocket. 400, 403, 405 or 426: respond with it.
    Fields fields;       ///< All that the response needs, but for what frames a body.
    std::string reason;  ///< Why it is refused, in plain words.
    WebSocketParameters parameters;
};

/// Looks at a client's request: GET, HTTP/1.1, Upgrade and Connection, version 13 (else 426), a key of 16 bytes, the
/// Origin; chooses the subprotocol and the parameters of the compression.
/// @throws what `policy.allow_origin` throws.
[[nodiscard]] auto answer_websocket(const RequestHead& head, const WebSocketPolicy& policy) -> WebSocketAnswer;

}  // namespace gyre::http

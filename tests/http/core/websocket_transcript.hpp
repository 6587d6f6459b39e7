#pragma once

// What a reader makes of a stream of frames, as text, so that streams that are cut in different ways can be compared.

#include "pieces.hpp"

#include <gyre/http/core/websocket_codec.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::testing {

struct WebSocketReading {
    WebSocketRole role = WebSocketRole::server;
    WebSocketLimits limits;
    std::optional<WebSocketDeflate> deflate;
};

inline auto shown(std::string_view payload) -> std::string {
    if (payload.size() <= 40) return std::string(payload);
    return "(" + std::to_string(payload.size()) + " bytes)";
}

/// Appends what the stream says: "text hello\nping \nclose 1000 bye\n". @throws WebSocketError where it is refused.
template<typename Reader = WebSocketReader>
void append_websocket_transcript(
    std::string& said, std::string_view stream, const WebSocketReading& reading, const Cuts& cuts = {}) {
    Reader reader(reading.role, reading.limits, reading.deflate);
    std::string unread;
    in_pieces(stream, cuts, [&](std::string_view piece) {
        unread.append(piece);
        while (true) {
            const auto event = reader.next(unread);
            unread.erase(0, event.consumed);
            if (event.kind == WebSocketEventKind::need_more) return true;
            if (event.kind == WebSocketEventKind::unpacking) continue;
            if (event.kind == WebSocketEventKind::message) {
                said += reader.is_text() ? "text " : "binary ";
                said += shown(reader.take_message());
            } else if (event.kind == WebSocketEventKind::close) {
                said += "close " + std::to_string(reader.close_code()) + " " + std::string(reader.close_reason());
            } else {
                said += event.kind == WebSocketEventKind::ping ? "ping " : "pong ";
                said += shown(reader.payload());
            }
            said += "\n";
        }
    });
}

/// What the stream says, ended by "refused bad_utf8 in the frame at 7\n" where it is refused.
template<typename Reader = WebSocketReader>
auto websocket_transcript(std::string_view stream, const WebSocketReading& reading, const Cuts& cuts = {})
    -> std::string {
    std::string said;
    try {
        append_websocket_transcript<Reader>(said, stream, reading, cuts);
    } catch (const WebSocketError& error) {
        said += "refused " + std::string(rule_name(error.rule())) + " in the frame at " + std::to_string(error.offset());
        said += "\n";
    }
    return said;
}

}  // namespace gyre::http::testing

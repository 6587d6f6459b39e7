// Frames: any cut gives the same messages and refusals, within the limits; what was read is written and read back equal.

#include "h1_fuzz_support.hpp"

#include "../tests/http/core/websocket_transcript.hpp"

#include "http/core/websocket_mask.hpp"

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

constexpr WebSocketLimits limits{.message_bytes = 2000, .fragments = 5};
constexpr WebSocketMask mask{std::byte{0x1f}, std::byte{0x00}, std::byte{0xe7}, std::byte{0x80}};

/// What is read is written again as one frame each, by the other end.
void check_round_trip(std::string_view stream, const WebSocketReading& reading) {
    WebSocketReader reader(reading.role, reading.limits, reading.deflate);
    const bool is_server = reading.role == WebSocketRole::server;
    WebSocketWriter writer(is_server ? WebSocketRole::client : WebSocketRole::server, reading.deflate);
    std::string written;
    try {
        while (true) {
            const auto event = reader.next(stream);
            stream.remove_prefix(event.consumed);
            if (event.kind == WebSocketEventKind::need_more) break;
            if (event.kind == WebSocketEventKind::unpacking) continue;
            if (event.kind == WebSocketEventKind::message) {
                const auto message = reader.take_message();
                require(message.size() <= reading.limits.message_bytes, "a message is within its limit");
                require(!reader.is_text() || is_utf8(message), "a text is UTF-8");
                writer.fragment(written, message, {.is_text = reader.is_text()}, mask);
            } else if (event.kind == WebSocketEventKind::ping) {
                writer.ping(written, reader.payload(), mask);
            } else if (event.kind == WebSocketEventKind::pong) {
                writer.pong(written, reader.payload(), mask);
            } else {
                writer.close(written, reader.close_code(), reader.close_reason(), mask);
                break;
            }
        }
    } catch (const WebSocketError&) {
        return;
    }
    // Compressed data may be longer than the message: random bytes do not shrink.
    auto again = reading;
    again.limits.message_bytes += 100;
    std::string said;
    try {
        append_websocket_transcript(said, written, again);
    } catch (const WebSocketError&) {
        require(false, "what is written is not refused");
    }
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto chosen = take_choice(input);
    if (!chosen) return 0;
    const auto choice = *chosen;
    WebSocketReading reading{
        .role = (choice & 1U) != 0 ? WebSocketRole::server : WebSocketRole::client, .limits = limits};
    if ((choice & 2U) != 0) {
        // The whole window: that a smaller one is left is noticed only where that part of the output has gone.
        const bool forgets = (choice & 4U) != 0;
        reading.deflate = WebSocketDeflate{.server_no_context_takeover = forgets, .client_no_context_takeover = forgets};
    }
    const auto cuts = take_cuts(input);
    const auto whole = websocket_transcript(input, reading);
    require(websocket_transcript(input, reading, cuts) == whole, "cuts change nothing");
    require(websocket_transcript(input, reading, {1}) == whole, "single bytes change nothing");
    check_round_trip(input, reading);
    return 0;
}

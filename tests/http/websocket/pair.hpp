#pragma once

// Two WebSockets that talk to each other, and one that talks to raw bytes.

#include <gyre/http/websocket.hpp>
#include <gyre/testing/memory_stream.hpp>

#include "support/loops.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace gyre::http::testing {

using gyre::testing::memory_streams;
using gyre::testing::MemoryConnection;
using gyre::testing::MemoryOptions;
using namespace std::chrono_literals;

struct Pair {
    explicit Pair(WebSocketOptions options = {}, const WebSocketParameters& parameters = {}, MemoryOptions memory = {})
        : Pair(options, parameters, memory_streams(memory, memory)) {}
    Pair(WebSocketOptions options, const WebSocketParameters& parameters, std::pair<net::Stream, net::Stream> streams)
        : client(std::move(streams.first), WebSocketRole::client, parameters, options),
          server(std::move(streams.second), WebSocketRole::server, parameters, options) {}

    WebSocket client;
    WebSocket server;
};

inline auto with_deflate(WebSocketDeflate deflate = {}) -> WebSocketParameters {
    WebSocketParameters parameters;
    parameters.deflate = deflate;
    return parameters;
}

/// Sends every message back, until the peer closes.
inline auto echo(WebSocket& socket) -> Task<void> {
    while (auto message = co_await socket.receive()) {
        if (message->is_text()) {
            std::string text = message->text();
            co_await socket.send(std::move(text));
        } else {
            co_await socket.send_binary(message->bytes());
        }
    }
}

/// The bytes of a frame, as a client or a server sends it.
struct FrameForm {
    unsigned first = 0x81;
    bool is_masked = true;
};

inline auto frame(FrameForm form, std::string_view payload) -> std::string {
    std::string bytes(1, static_cast<char>(form.first));
    const unsigned mask_bit = form.is_masked ? 0x80 : 0;
    if (payload.size() < 126) {
        bytes.push_back(static_cast<char>(mask_bit | payload.size()));
    } else if (payload.size() < 65536) {
        bytes.push_back(static_cast<char>(mask_bit | 126U));
        for (int shift = 8; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(payload.size() >> shift));
    } else {
        bytes.push_back(static_cast<char>(mask_bit | 127U));
        for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(payload.size() >> shift));
    }
    constexpr std::string_view mask = "\x37\xfa\x21\x3d";
    if (form.is_masked) bytes.append(mask);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        bytes.push_back(form.is_masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i]);
    }
    return bytes;
}

}  // namespace gyre::http::testing

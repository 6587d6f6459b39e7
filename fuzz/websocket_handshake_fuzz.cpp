// WebSocket handshakes: a request of any fields is answered, and what is agreed on is within what both ends may do; an answer
// of any fields is taken or refused.
// Input: the fields, as in a head.

#include "require.hpp"

#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/core/websocket_handshake.hpp>

#include <cstdint>
#include <string>

using namespace gyre::http;
using testing::require;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

void check_deflate(const std::optional<WebSocketDeflate>& deflate) {
    if (!deflate) return;
    for (const int bits :
        {static_cast<int>(deflate->server_window_bits), static_cast<int>(deflate->client_window_bits)}) {
        require(bits >= 8 && bits <= 15, "a window has 8 to 15 bits");
    }
}

void check_request(std::string_view fields) {
    RequestParser parser;
    const auto text = std::string("GET /chat HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n\r\n");
    try {
        if (parser.next(text).kind != EventKind::head) return;
    } catch (const ProtocolError&) {
        return;
    }
    WebSocketPolicy policy;
    policy.subprotocols = {"chat", "superchat"};
    const auto answer = answer_websocket(parser.head(), policy);
    require(answer.status == 101 || (answer.status >= 400 && answer.status < 500), "a handshake is taken or refused");
    if (answer.status != 101) return;
    check_deflate(answer.parameters.deflate);
    const auto& chosen = answer.parameters.subprotocol;
    require(chosen.empty() || chosen == "chat" || chosen == "superchat", "a subprotocol is one that is spoken here");
    require(answer.fields.contains("Sec-WebSocket-Accept"), "the key is answered");
}

void check_response(std::string_view fields) {
    ResponseParser parser;
    parser.expect("GET", true);
    const auto text =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        websocket_accept(key) + "\r\n" + std::string(fields) + "\r\n\r\n";
    WebSocketOffer offer;
    offer.key = key;
    offer.subprotocols = {"chat", "superchat"};
    try {
        if (parser.next(text).kind != EventKind::head) return;
        const auto parameters = check_websocket_response(parser.head(), offer);
        check_deflate(parameters.deflate);
        const auto& chosen = parameters.subprotocol;
        require(chosen.empty() || chosen == "chat" || chosen == "superchat", "a subprotocol is one that was offered");
    } catch (const ProtocolError&) {
    } catch (const WebSocketHandshakeError&) {}
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view fields{reinterpret_cast<const char*>(data), size};
    check_request(fields);
    check_request(
        std::string("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
            .append(key)
            .append("\r\n")
            .append(fields));
    check_response(fields);
    return 0;
}

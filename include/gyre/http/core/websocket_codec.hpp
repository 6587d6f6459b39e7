#pragma once

#include <gyre/http/core/websocket_errors.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http {

/// Which end of a WebSocket connection this is. Clients mask what they send, servers do not.
enum class WebSocketRole : std::uint8_t { client, server };

/// How much of one message a reader takes before it refuses. Every limit is inclusive, and holds for compressed messages
/// twice: as they come, and as they are after decompression.
struct WebSocketLimits {
    /// Longest message, in bytes. Refused with close code 1009, as soon as a frame announces more.
    std::size_t message_bytes = 1024 * 1024;
    /// Most frames of one message. Refused with close code 1009.
    std::size_t fragments = 1024;
};

/// What both sides agreed on for permessage-deflate. Windows are powers of two: 8 to 15. Source: RFC 7692 7.1.
struct WebSocketDeflate {
    std::uint8_t server_window_bits = 15;     ///< Of what the server compresses.
    std::uint8_t client_window_bits = 15;     ///< Of what the client compresses.
    bool server_no_context_takeover = false;  ///< The server begins each message with an empty window.
    bool client_no_context_takeover = false;  ///< The client does.

    friend auto operator==(const WebSocketDeflate&, const WebSocketDeflate&) -> bool = default;
};

/// What `WebSocketReader::next` found.
enum class WebSocketEventKind : std::uint8_t {
    need_more,  ///< all input was taken; read more
    unpacking,  ///< much of a compressed message is still to be unpacked: give others a turn, and call again
    message,    ///< a message is whole: `is_text()`, `take_message()`
    ping,       ///< answer with a pong of the same `payload()`
    pong,       ///< `payload()`
    close,      ///< the peer will send no more: `close_code()`, `close_reason()`
};

/// One step of a reader.
struct WebSocketEvent {
    WebSocketEventKind kind = WebSocketEventKind::need_more;
    std::size_t consumed = 0;  ///< bytes of the input that are done with; the next call starts after them
};

/// Reads the frames of one direction of a WebSocket connection from bytes, without any I/O, and puts messages together.
///
/// Call `next` with the unread bytes, drop `consumed` of them, and repeat until `need_more`. A call unpacks at most 4 KiB of
/// compressed data, to at most 32 KiB, so that a message made to unpack to much holds up nobody. The bytes may be cut anywhere:
/// the events (but for `unpacking`) and the errors are the same (but for compressed data that refers back further than the window agreed on: it is
/// refused, or taken if what it refers to is still there). Text is checked as it comes, over the edges of fragments. Work is linear in the
/// input and in what it decompresses to, memory is bounded by the limits.
///
/// Refusals throw `WebSocketError`; the reader then stays failed and throws the same error again. Bytes after a close frame
/// are dropped. Thread: one at a time. Source: RFC 6455 5, RFC 7692.
class WebSocketReader {
public:
    /// @param role    of this end: a server demands masked frames, a client refuses them.
    /// @param deflate what was agreed on; empty: no compression.
    explicit WebSocketReader(WebSocketRole role, const WebSocketLimits& limits = {},
        const std::optional<WebSocketDeflate>& deflate = std::nullopt);
    ~WebSocketReader();
    WebSocketReader(WebSocketReader&&) noexcept;
    auto operator=(WebSocketReader&&) noexcept -> WebSocketReader&;

    /// Reads on. @throws WebSocketError naming the rule; send a close frame with its `code()`, and close the connection.
    [[nodiscard]] auto next(std::span<const char> input) -> WebSocketEvent;

    /// Is the message of the last `message` event text, and not binary?
    [[nodiscard]] auto is_text() const noexcept -> bool;
    /// Moves the message of the last `message` event out.
    [[nodiscard]] auto take_message() noexcept -> std::string;

    /// The payload of the last `ping` or `pong`, until the next call of `next`.
    [[nodiscard]] auto payload() const noexcept -> std::string_view;

    /// What the close frame says; 1005 if it has no code. From `close` on.
    [[nodiscard]] auto close_code() const noexcept -> std::uint16_t;
    [[nodiscard]] auto close_reason() const noexcept -> std::string_view;

    /// How many bytes of the payload of the present frame have not come yet: what is worth reading at once.
    [[nodiscard]] auto expected() const noexcept -> std::uint64_t;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The key that a client scrambles a frame with. A server has none. Unpredictable, and a fresh one for each frame.
using WebSocketMask = std::array<std::byte, 4>;

/// How hard messages are compressed.
struct WebSocketCompression {
    int level = 3;         ///< 1 (fast) to 9 (small).
    int memory_level = 5;  ///< 1 (little) to 9: 2^(level + 9) bytes, beside four times the window.
};

/// Writes the frames of one direction of a WebSocket connection, without any I/O. Each call appends one whole frame.
///
/// It takes care of form, not of sense: that nothing follows a close frame is for the caller to see to.
/// Thread: one at a time. Source: RFC 6455 5, RFC 7692.
class WebSocketWriter {
public:
    /// @param role    of this end.
    /// @param deflate what was agreed on; empty: nothing is compressed.
    /// @throws std::invalid_argument if a level of `compression` is not 1 to 9.
    explicit WebSocketWriter(WebSocketRole role, const std::optional<WebSocketDeflate>& deflate = std::nullopt,
        const WebSocketCompression& compression = {});
    ~WebSocketWriter();
    WebSocketWriter(WebSocketWriter&&) noexcept;
    auto operator=(WebSocketWriter&&) noexcept -> WebSocketWriter&;

    /// How the next fragment is framed.
    struct Fragment {
        bool is_text = true;   ///< of the message; the same for all its fragments
        bool is_last = true;   ///< the message ends with it
        bool compress = true;  ///< if that was agreed on; what the first fragment says holds for all
    };

    /// Appends a message, or the next fragment of one. @param mask for clients, new for each call.
    /// @throws std::bad_alloc if the compressor gets no memory.
    void fragment(std::string& out, std::string_view payload, Fragment form, const WebSocketMask& mask);

    /// Appends a ping or a pong. @throws std::invalid_argument for more than 125 bytes.
    void ping(std::string& out, std::string_view payload, const WebSocketMask& mask);
    void pong(std::string& out, std::string_view payload, const WebSocketMask& mask);

    /// Appends a close frame; code 1005 sends none. @throws std::invalid_argument for a code that must not be sent, a reason
    /// without a code, of more than 123 bytes, or that is not UTF-8.
    void close(std::string& out, std::uint16_t code, std::string_view reason, const WebSocketMask& mask);

    /// Has a message begun that has not ended?
    [[nodiscard]] auto in_message() const noexcept -> bool;

    /// How many bytes a frame with so much payload has at most before the payload.
    static constexpr std::size_t header_bytes = 14;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Is all of `text` UTF-8: no surrogates, nothing past U+10FFFF, no form longer than needed?
[[nodiscard]] auto is_utf8(std::string_view text) noexcept -> bool;

}  // namespace gyre::http

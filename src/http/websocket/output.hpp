#pragma once

// What a WebSocket sends: whole frames, queued until the connection takes them.

#include "http/core/utf8.hpp"

#include <gyre/http/core/websocket_codec.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

class WebSocketOutput {
public:
    WebSocketOutput(
        WebSocketRole role, const std::optional<WebSocketDeflate>& deflate, const WebSocketCompression& compression)
        : writer_(role, deflate, compression), masks_frames_(role == WebSocketRole::client) {}

    /// A message, or the next piece of one.
    void fragment(std::string_view payload, WebSocketWriter::Fragment form);
    void ping(std::string_view payload);
    /// Before everything that is queued. Of many that the peer does not take only the last ones are kept (RFC 6455 5.5.3).
    void pong(std::string_view payload);
    void close(std::uint16_t code, std::string_view reason);

    /// The text of the message that is under way so far, with `piece` behind it: is it UTF-8, and whole if it must be?
    /// Asked once for each piece.
    [[nodiscard]] auto check_text(std::string_view piece, bool is_first, bool must_be_whole) noexcept -> bool;

    [[nodiscard]] auto in_message() const noexcept -> bool { return writer_.in_message(); }
    [[nodiscard]] auto is_empty() const noexcept -> bool { return queue_.empty() && pongs_.empty(); }
    /// Bytes that were not taken, those that are being written included.
    [[nodiscard]] auto bytes() const noexcept -> std::size_t { return queue_.size() + pongs_.size() + batch_left_; }

    /// Takes all that is queued, as one batch, which stays until the next.
    [[nodiscard]] auto take_batch() -> std::string_view;
    /// So many bytes of the batch are written.
    void written(std::size_t bytes) noexcept { batch_left_ -= bytes; }

private:
    [[nodiscard]] auto next_mask() -> const WebSocketMask&;

    WebSocketWriter writer_;
    std::string queue_;
    std::string pongs_;
    std::string batch_;
    std::size_t batch_left_ = 0;
    Utf8Check text_;
    std::array<WebSocketMask, 32> random_{};  ///< Asked for in bulk.
    std::size_t next_random_ = 32;
    bool masks_frames_;
};

}  // namespace gyre::http::internal

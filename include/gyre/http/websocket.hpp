#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/core/websocket_codec.hpp>
#include <gyre/http/core/websocket_handshake.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/sync/lock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace internal {
class WebSocketState;
}  // namespace internal

/// What a send does when the queue has no room for its message.
enum class WebSocketOverflow : std::uint8_t {
    wait,   ///< It waits until there is room: backpressure.
    drop,   ///< The message is dropped and counted: for news that are soon old.
    close,  ///< The connection is dropped, and the send throws: a reader that is too slow has to come again.
};

/// How a WebSocket behaves. All limits are on by default.
struct WebSocketOptions {
    std::size_t message_bytes = 1024 * 1024;     ///< Longest message taken, as it comes and decompressed.
    std::size_t fragments = 1024;                ///< Most fragments of a message taken.
    std::size_t send_queue_bytes = 1024 * 1024;  ///< Most bytes that wait for the kernel. One longer message goes alone.
    WebSocketOverflow overflow = WebSocketOverflow::wait;
    /// When nothing has come for so long while `receive` waits, a ping is sent. Zero: never.
    AnyDuration ping_interval = std::chrono::seconds(20);
    /// When nothing has come for so long after such a ping, the connection is lost; not while a write waits for the kernel and
    /// bytes arrive at the peer's machine: the ping may lie behind them.
    AnyDuration pong_timeout = std::chrono::seconds(20);
    /// How long the kernel may not take the next 64 KiB while nothing arrives at the peer's machine; then the connection is
    /// lost: a peer that does not read.
    AnyDuration send_timeout = std::chrono::seconds(30);
    /// How long closing may take; then the connection is dropped.
    AnyDuration close_timeout = std::chrono::seconds(10);
    std::size_t compress_from_bytes = 64;  ///< Shorter messages are sent as they are.
    WebSocketCompression compression;
    WebSocketDeflateOptions deflate;  ///< For the handshake.
};

/// The connection is closed, or was lost without a closing handshake. `what()` says which, and why.
class WebSocketClosedError : public std::runtime_error {
public:
    WebSocketClosedError(const std::string& what, std::uint16_t code) : std::runtime_error(what), code_(code) {}
    /// 1006 if it was lost, else as `WebSocket::close_code`.
    [[nodiscard]] auto code() const noexcept -> std::uint16_t { return code_; }

private:
    std::uint16_t code_;
};

/// A message that was received: text, which is UTF-8, or bytes.
class WebSocketMessage {
public:
    WebSocketMessage(std::string data, bool is_text) noexcept : data_(std::move(data)), is_text_(is_text) {}

    [[nodiscard]] auto is_text() const noexcept -> bool { return is_text_; }
    /// @throws InvalidStateError for a binary message, which is not known to be text.
    [[nodiscard]] auto text() const& -> const std::string& {
        check_text();
        return data_;
    }
    [[nodiscard]] auto text() && -> std::string {
        check_text();
        return std::move(data_);
    }
    /// What came, for either kind.
    [[nodiscard]] auto bytes() const noexcept -> std::span<const std::byte> { return std::as_bytes(std::span(data_)); }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return data_.size(); }

private:
    void check_text() const {
        if (!is_text_) throw InvalidStateError("WebSocketMessage: this one is binary; it has bytes and no text");
    }

    std::string data_;
    bool is_text_;
};

/// What a WebSocket has done, and what waits in it.
struct WebSocketStatistics {
    std::uint64_t messages_received = 0;
    std::uint64_t messages_sent = 0;     ///< Queued, with those that are sent in pieces.
    std::uint64_t messages_dropped = 0;  ///< By `WebSocketOverflow::drop`.
    std::size_t queued_bytes = 0;        ///< That the kernel has not taken yet.
};

/// A message that is sent in pieces, each as a frame of its own. Other messages wait until it is finished; pings do not.
///
/// Move-only; stays with the task that began it. Dropping one that was begun and not finished drops the connection, for
/// its message could never end.
class [[nodiscard]] WebSocketPieces {
public:
    WebSocketPieces(std::shared_ptr<internal::WebSocketState> socket, LockGuard turn, bool is_text) noexcept;
    WebSocketPieces(WebSocketPieces&&) noexcept;
    auto operator=(WebSocketPieces&&) noexcept -> WebSocketPieces&;
    ~WebSocketPieces();

    /// Queues the next piece, waiting for room whatever `overflow` says. A character may be cut by the end of a piece.
    /// @throws as `WebSocket::send`; InvalidStateError after `finish`. On cancel: the piece was not queued.
    [[nodiscard]] auto write(std::string piece) -> Task<void>;
    /// Queues the last piece, and lets other messages pass. Throws and is cancelled as `write`; std::invalid_argument also
    /// for a text that ends within a character.
    [[nodiscard]] auto finish(std::string piece = {}) -> Task<void>;

private:
    std::shared_ptr<internal::WebSocketState> socket_;  ///< Before the guard of its lock. Null: finished.
    LockGuard turn_;
    bool is_text_;
    bool has_begun_ = false;
};

/// A WebSocket connection, at either end, from after the handshake on.
///
/// One task receives while any number send. Messages go out in the order in which `send` was called. What was sent waits in
/// a queue that a task of the loop's background empties, so that a `send` that is cancelled never leaves half a frame; several
/// small messages become one write. Pings are answered as long as some task receives, and only then is it noticed that the
/// peer does not answer ours.
///
/// Move-only; not while something is pending. Destroying it drops the connection, with what is still queued: `close` first.
/// Thread: its loop's. Source: RFC 6455, RFC 7692; aiohttp.ClientWebSocketResponse, Python's websockets.
class WebSocket {
public:
    using Message = WebSocketMessage;
    using Pieces = WebSocketPieces;

    /// @param stream     behind the handshake; bytes that came after it may be buffered.
    /// @param role       of this end.
    /// @param parameters what the handshake agreed on.
    /// @throws std::invalid_argument if a level of `WebSocketOptions::compression` is not 1 to 9.
    WebSocket(net::Stream stream, WebSocketRole role, WebSocketParameters parameters = WebSocketParameters(),
        const WebSocketOptions& options = {});
    WebSocket(WebSocket&&) noexcept;
    auto operator=(WebSocket&&) noexcept -> WebSocket&;
    ~WebSocket();

    /// Waits for the next message; answers pings and the close frame meanwhile.
    /// @return empty when the connection was closed in good order, by the peer or by `close`: see `close_code`.
    /// @throws WebSocketError if the peer broke a rule or went over a limit: it was told so with the close code 1002, 1007 or
    ///         1009; WebSocketClosedError (1006) if the connection was lost without a close frame; InvalidStateError while
    ///         another task receives. An error stays: the next call throws it again. When a write fails, what the peer has said
    ///         before that is received first, and so is its close frame.
    /// On cancel: nothing is lost; if it came during the closing handshake the connection is dropped.
    [[nodiscard]] auto receive() -> Task<std::optional<WebSocketMessage>>;

    /// Queues a text message. Returns at once if there is room, else when there is (see `WebSocketOptions::overflow`); that
    /// the kernel, or the peer, has it is not known then.
    /// @throws WebSocketClosedError if the connection is closed, closing or lost; std::invalid_argument if the text is not
    ///         UTF-8; DeadlockError if this task has unfinished `Pieces`. On cancel: the message was not queued.
    [[nodiscard]] auto send(std::string text) -> Task<void>;
    /// Queues a binary message. As `send`.
    [[nodiscard]] auto send_binary(std::string bytes) -> Task<void>;
    /// As the other; `bytes` are copied at once.
    [[nodiscard]] auto send_binary(std::span<const std::byte> bytes) -> Task<void>;

    /// Begins a message whose length is not known yet, when those before it are queued.
    /// @throws WebSocketClosedError, DeadlockError as `send`. On cancel: nothing has begun.
    [[nodiscard]] auto start_text() -> Task<WebSocketPieces>;
    [[nodiscard]] auto start_binary() -> Task<WebSocketPieces>;

    /// Queues a ping, which the peer answers with a pong of the same payload; nothing is told of that.
    /// @throws std::invalid_argument for more than 125 bytes; WebSocketClosedError. On cancel: it was not queued.
    [[nodiscard]] auto ping(std::string payload = {}) -> Task<void>;

    /// Closes in good order: sends what is queued and a close frame, drops messages that still come, waits for the peer's
    /// close frame, and closes the connection; the server's end does so first. Returns when that is done, or dropped after
    /// `WebSocketOptions::close_timeout`. Idempotent. No error is thrown for what the peer does.
    /// @param code   1000 to 1003, 1007 to 1014, 3000 to 4999; 1005 for none.
    /// @param reason UTF-8, at most 123 bytes.
    /// @throws std::invalid_argument for others. On cancel: the connection is dropped at once.
    [[nodiscard]] auto close(std::uint16_t code = close_code::normal, std::string reason = {}) -> Task<void>;

    /// Drops the connection at once. What is pending ends with WebSocketClosedError.
    void abort() noexcept;

    /// May messages be sent: neither side has begun to close, and the connection was not lost?
    [[nodiscard]] auto is_open() const noexcept -> bool;
    /// What the peer's close frame said, 1005 if it gave no code; 1006 if none came; what was sent to a peer that broke a rule.
    /// 0 as long as the connection is not over.
    [[nodiscard]] auto close_code() const noexcept -> std::uint16_t;
    /// The reason beside it.
    [[nodiscard]] auto close_reason() const -> const std::string&;

    /// What the handshake chose; empty: none.
    [[nodiscard]] auto subprotocol() const -> const std::string&;
    /// Whether the handshake agreed on permessage-deflate.
    [[nodiscard]] auto compresses() const -> bool;
    [[nodiscard]] auto peer() const -> const net::Address&;
    [[nodiscard]] auto statistics() const -> WebSocketStatistics;

private:
    [[nodiscard]] auto state() const -> internal::WebSocketState&;

    std::shared_ptr<internal::WebSocketState> state_;
};

}  // namespace gyre::http

#pragma once

#include "output.hpp"

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/websocket.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/sync/event.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// A WebSocket's inside. Shared with the task that writes, which may outlive the WebSocket by a turn of the loop.
class WebSocketState : public std::enable_shared_from_this<WebSocketState> {
public:
    WebSocketState(
        net::Stream stream, WebSocketRole role, WebSocketParameters parameters, const WebSocketOptions& options);

    [[nodiscard]] auto receive() -> Task<std::optional<WebSocketMessage>>;
    [[nodiscard]] auto send(std::string data, bool is_text) -> Task<void>;
    [[nodiscard]] auto start_pieces(bool is_text) -> Task<WebSocketPieces>;
    /// The next piece of the message that is under way.
    [[nodiscard]] auto send_piece(std::string piece, WebSocketWriter::Fragment form) -> Task<void>;
    [[nodiscard]] auto ping(std::string payload) -> Task<void>;
    [[nodiscard]] auto close(std::uint16_t code, std::string reason) -> Task<void>;
    /// The connection is over, at once and without a closing handshake.
    void lose(std::string_view why) noexcept;

    [[nodiscard]] auto is_open() const noexcept -> bool {
        return !is_over_ && !sent_close_ && !received_close_ && !is_cut_;
    }
    [[nodiscard]] auto code() const noexcept -> std::uint16_t { return is_over_ ? code_ : 0; }
    [[nodiscard]] auto reason() const noexcept -> const std::string& { return reason_; }
    [[nodiscard]] auto parameters() const noexcept -> const WebSocketParameters& { return parameters_; }
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return peer_; }
    [[nodiscard]] auto statistics() const noexcept -> WebSocketStatistics;

private:
    /// Drops the connection unless what it watches over was completed.
    class Undertaking;
    class Pending;

    [[nodiscard]] auto fill(std::size_t size, Time deadline) -> Task<std::optional<std::size_t>>;
    [[nodiscard]] auto write(std::string_view bytes) -> Task<bool>;
    [[nodiscard]] auto shutdown_stream() -> Task<void>;
    [[nodiscard]] auto close_stream() -> Task<void>;
    void release_stream() noexcept;
    [[nodiscard]] auto lost_error(std::string_view why) const noexcept -> std::exception_ptr;
    void stop_writing(std::string why) noexcept;

    void check_open() const;
    [[nodiscard]] auto room_for(std::size_t bytes) -> Task<void>;
    void start_writer();
    [[nodiscard]] static auto run_writer(std::shared_ptr<WebSocketState> self) -> Task<void>;
    [[nodiscard]] auto write_queue() -> Task<void>;

    [[nodiscard]] auto next_event() -> WebSocketEventKind;
    [[nodiscard]] auto read_more() -> Task<bool>;
    [[nodiscard]] auto read_or_ping() -> Task<std::size_t>;
    [[nodiscard]] auto is_busy_taking() -> bool;
    void be_patient(Duration patience) noexcept;
    void note_heard() noexcept;
    [[nodiscard]] auto patience_without_writing() const noexcept -> Duration;
    void answer_ping();
    void note_close();
    [[nodiscard]] auto flush() -> Task<void>;
    [[nodiscard]] auto drain() -> Task<void>;
    [[nodiscard]] auto say_goodbye() -> Task<void>;
    [[nodiscard]] auto answer_close() -> Task<void>;
    [[nodiscard]] auto refuse(WebSocketError error) -> Task<void>;
    [[nodiscard]] auto linger() -> Task<void>;
    [[nodiscard]] auto await_close() -> Task<void>;
    [[nodiscard]] auto await_close_frame() -> Task<void>;
    void finish() noexcept;

    net::Stream stream_;
    net::Address peer_;
    WebSocketReader reader_;
    WebSocketOutput out_;
    WebSocketParameters parameters_;
    WebSocketOptions options_;
    WebSocketRole role_;

    Lock turn_{"WebSocket send"};
    Event progress_{"WebSocket queue"};  ///< The queue got shorter, or the connection is over.
    Event finished_{"WebSocket close"};  ///< The connection is over.
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t dropped_ = 0;
    Time quiet_until_ = Time::min();        ///< Then a ping is sent, or the answer to one is overdue.
    bool is_asked_ = false;                 ///< A ping of ours waits for an answer.
    bool is_behind_ = false;                ///< There was something for the peer to take before it.
    std::optional<std::uint64_t> arrived_;  ///< At the peer's machine, when that was looked at.
    bool has_looked_ = false;  ///< That time has passed while nobody was receiving, and what had come was looked at.
    std::uint16_t code_ = close_code::lost;
    std::string reason_;
    std::string cut_reason_;          ///< Why nothing can be written any more, if that is so.
    std::exception_ptr failure_;      ///< What `receive` throws when the connection is over.
    CancelScope* reading_ = nullptr;  ///< Around what is pending on the stream.
    CancelScope* writing_ = nullptr;
    bool is_receiving_ = false;
    bool is_writing_ = false;
    bool sent_close_ = false;  ///< It is in the queue, at least.
    bool received_close_ = false;
    bool is_cut_ = false;  ///< A write has failed; what the peer sent before that can still be read.
    bool is_over_ = false;
};

}  // namespace gyre::http::internal

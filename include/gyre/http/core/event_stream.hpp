#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::http {

/// One server-sent event.
struct ServerEvent {
    ServerEvent() = default;
    ServerEvent(std::string event_type, std::string event_data, std::string event_id = {});

    std::string type = "message";
    std::string data;  ///< Lines are separated by "\n".
    /// Read: the id of this event or the last one before that had any. Written: none is sent if it is empty.
    std::string id;

    friend auto operator==(const ServerEvent&, const ServerEvent&) -> bool = default;
};

/// How much of an event stream is taken. Both are inclusive.
struct EventStreamLimits {
    std::size_t line_bytes = 64 * 1024;     ///< One line, without its end.
    std::size_t event_bytes = 1024 * 1024;  ///< Data of one event.
};

/// Reads text/event-stream from bytes that may be cut anywhere, without any I/O.
///
/// An event that is not ended by an empty line is never told, as the standard has it. Bytes that are no UTF-8 are passed on.
/// Thread: none of its own; a value. Source: WHATWG HTML 9.2; JavaScript's EventSource.
class EventStreamParser {
public:
    /// @param last_event_id that of an earlier stream, which counts until an event has another.
    explicit EventStreamParser(EventStreamLimits limits = {}, std::string last_event_id = {})
        : limits_(limits), id_(last_event_id), last_id_(std::move(last_event_id)) {}

    /// Takes bytes from the front of the input until an event is whole. @return empty if it took them all and needs more.
    /// @throws LimitError past a limit; the stream cannot be read further.
    [[nodiscard]] auto next(std::string_view& input) -> std::optional<ServerEvent>;

    /// What to send as Last-Event-ID after reconnecting. It counts from the end of its event on.
    [[nodiscard]] auto last_event_id() const noexcept -> const std::string& { return last_id_; }

    /// How long the server asked to wait before reconnecting; a day at most.
    [[nodiscard]] auto retry() const noexcept -> std::optional<std::chrono::milliseconds> { return retry_; }

    /// Forgets what was begun, for the stream of a new connection; the last id and `retry` stay.
    void restart() noexcept;

private:
    auto take_line() -> std::optional<ServerEvent>;
    void take_field(std::string_view name, std::string_view value);
    auto dispatch() -> std::optional<ServerEvent>;

    EventStreamLimits limits_;
    std::string line_;
    std::string type_;
    std::string data_;
    std::string id_;
    std::string last_id_;
    std::optional<std::chrono::milliseconds> retry_;
    bool has_data_ = false;
    bool is_first_line_ = true;
    bool skips_lf_ = false;
};

/// Writes an event. Data of several lines, whatever ends them, stays several lines.
/// @throws std::invalid_argument if the type has a line end, or the id a line end or NUL (which would begin other fields or
///         events).
[[nodiscard]] auto format_event(const ServerEvent& event) -> std::string;

/// Writes a comment, which clients pass over: a sign of life that keeps the connection open.
[[nodiscard]] auto format_event_comment(std::string_view text) -> std::string;

/// Writes how long a client is to wait before it reconnects. @throws std::invalid_argument if it is below zero.
[[nodiscard]] auto format_event_retry(std::chrono::milliseconds wait) -> std::string;

}  // namespace gyre::http

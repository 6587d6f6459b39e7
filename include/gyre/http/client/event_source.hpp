#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/client_request.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/core/event_stream.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http {

/// How an `EventSource` behaves.
struct EventSourceOptions {
    /// Before it connects again, twice as long after each further failure, and up to a half of it shorter, at random. Never
    /// sooner than the server has asked for ("retry:", Retry-After), which counts up to a day.
    AnyDuration wait = std::chrono::seconds(1);
    AnyDuration longest_wait = std::chrono::seconds(60);
    /// Failed attempts in a row after which the error is the caller's; 0: it goes on for ever.
    std::size_t attempts = 0;
    /// Where to go on from an earlier time: the id of the last event that was seen. Copied at once.
    std::string_view last_event_id = {};
    EventStreamLimits limits = {};
};

/// Events that a server sends over a connection that is made again whenever it ends.
///
/// A connection that ends, is cut or is silent for the client's read timeout is made again, with the id of the last event, so that
/// the server can go on where it was. The same with the statuses 408, 429, 500, 502, 503 and 504. 204 ends it. Movable while
/// no `next` is pending. Thread: its client's loop's. Source: WHATWG HTML 9.2, JavaScript's EventSource.
class EventSource {
public:
    /// @param make_request gives the request of each connection; Accept, Cache-Control and Last-Event-ID are set on it, and
    ///                     it has no total time.
    EventSource(std::function<ClientRequest()> make_request, const EventSourceOptions& options = {});

    /// Waits for the next event. Empty when the server has said that there will be no more (204), and after `close`.
    /// @throws StatusError for another status; RequestError if the answer is no event stream, and for a URL or certificate that
    /// is wrong; either of them when `attempts` have failed in a row; LimitError for an event past a limit; InvalidStateError
    /// if the client is closed or gone when it connects. After an error it is closed.
    /// On cancel: nothing is lost.
    [[nodiscard]] auto next() -> Task<std::optional<ServerEvent>>;

    /// The id of the last event that had one; empty again when the server has taken it back with an empty one.
    [[nodiscard]] auto last_event_id() const noexcept -> const std::string& { return parser_.last_event_id(); }
    /// Is there a connection now?
    [[nodiscard]] auto is_connected() const noexcept -> bool { return response_.has_value(); }

    /// Ends the connection. No `next` may be pending. Idempotent.
    void close() noexcept;

private:
    [[nodiscard]] auto connect() -> Task<void>;
    [[nodiscard]] auto ask() -> Task<ClientResponse>;
    [[nodiscard]] auto read_more() -> Task<void>;
    [[nodiscard]] auto event_in_input() -> std::optional<ServerEvent>;
    [[nodiscard]] auto wait_before_connecting() const -> Duration;
    void take(ClientResponse response);
    /// Counts a failure. @return false if it was one too many.
    [[nodiscard]] auto may_try_again() noexcept -> bool;

    std::function<ClientRequest()> make_request_;
    Duration wait_;
    Duration longest_wait_;
    Duration retry_after_ = Duration::zero();  ///< What the last response that failed asked for.
    std::size_t attempts_;
    EventStreamParser parser_;
    std::optional<ClientResponse> response_;
    std::size_t taken_ = 0;  ///< Of the piece that was read, what the parser has had.
    std::span<const char> piece_;
    std::size_t failures_ = 0;  ///< In a row.
    bool was_connected_ = false;
    bool is_closed_ = false;
};

}  // namespace gyre::http

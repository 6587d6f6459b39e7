#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/core/event_stream.hpp>
#include <gyre/http/server/response.hpp>
#include <gyre/sync/semaphore.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

/// Sends server-sent events. Several tasks may send at once: each event goes out whole. Thread: its loop's.
class EventWriter {
public:
    EventWriter(BodyWriter& writer, Duration keep_alive);
    EventWriter(const EventWriter&) = delete;
    auto operator=(const EventWriter&) -> EventWriter& = delete;

    /// Sends an event; it is on its way to the client when this returns. @throws std::invalid_argument for an id or a type with
    /// a line end; IoError if the client has gone.
    /// On cancel: while it waits for others that send, nothing was sent; else part of it may have been, and the connection is
    /// dropped.
    [[nodiscard]] auto send(ServerEvent event) -> Task<void>;
    /// One of the type "message". Throws, and is cancelled, as the other.
    [[nodiscard]] auto send(std::string data) -> Task<void>;
    /// Sends a comment, which clients pass over. @throws IoError if the client has gone. On cancel: as `send`.
    [[nodiscard]] auto comment(std::string text) -> Task<void>;
    /// Tells the client how long to wait before it connects again, when the stream has ended.
    /// @throws std::invalid_argument below zero; IoError if the client has gone. On cancel: as `send`.
    [[nodiscard]] auto retry(std::chrono::milliseconds wait) -> Task<void>;

    // For the library: comments where nothing was sent for a while; never ends.
    [[nodiscard]] auto keep_alive() -> Task<void>;
    /// Waits until nobody is sending, and lets nobody send any more: who tries waits until the stream has ended.
    /// On cancel: it is not closed.
    [[nodiscard]] auto close() -> Task<void>;

private:
    [[nodiscard]] auto write(std::string text) -> Task<void>;

    BodyWriter& writer_;
    Semaphore turn_;
    std::optional<Permit> last_turn_;
    Duration keep_alive_;
    Time sent_;
};

/// Produces events. When it returns, the stream ends, and clients connect again.
using EventProducer = std::function<Task<void>(EventWriter&)>;

/// How events are sent.
struct EventsOptions {
    /// After so long without an event a comment is sent, so that proxies keep the connection, and a client that has gone is
    /// noticed. Zero or less: never.
    AnyDuration keep_alive = std::chrono::seconds(15);
};

/// A stream of server-sent events: `co_return http::events([](http::EventWriter& out) -> Task<> { ... })`.
///
/// The producer is cancelled when the client goes away, and when the server begins to stop, but not in the middle of an event:
/// the stream ends as if it had returned. After a break the client connects again by itself,
/// and says with `Request::last_event_id` what it has. @throws std::invalid_argument for an empty producer.
/// Source: WHATWG HTML 9.2; Starlette's EventSourceResponse.
[[nodiscard]] auto events(EventProducer producer, const EventsOptions& options = {}) -> Response;

}  // namespace gyre::http

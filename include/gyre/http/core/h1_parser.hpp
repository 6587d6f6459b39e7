#pragma once

#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/limits.hpp>
#include <gyre/http/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace gyre::http {

/// What `next` found.
enum class EventKind : std::uint8_t {
    need_more,     ///< all input was taken; read more
    interim_head,  ///< responses only: `head()` is a 1xx response, another response follows
    head,          ///< `head()` is complete, so are framing and limits
    body,          ///< `body` is a piece of the body
    complete,      ///< the message is over; `trailers()` is complete
};

/// One step of a parser.
struct Event {
    EventKind kind = EventKind::need_more;
    std::size_t consumed = 0;         ///< bytes of the input that are done with; the next call starts after them
    std::span<const char> body = {};  ///< for `body`: a piece of the caller's own input, nothing is copied
};

/// Reads HTTP/1 requests from bytes, without any I/O: feed it what has arrived, it says what that means.
///
/// Call `next` with the unread bytes, drop `consumed` of them, and repeat until `need_more`. The bytes may be cut
/// anywhere: the events, the errors and the places of errors are the same. A head is reported once it is whole and
/// its framing is decided; then come `body` pieces and one `complete`. The call after `complete` starts the next
/// request of the connection. Work is linear in the input, memory is bounded by `Limits`.
///
/// Refusals throw `ProtocolError`; the parser then stays failed and throws the same error again. There is no
/// lenient mode. Thread: one at a time. Source: RFC 9112, RFC 9110.
class RequestParser {
public:
    explicit RequestParser(const Limits& limits = Limits::server());
    ~RequestParser();
    RequestParser(RequestParser&&) noexcept;
    auto operator=(RequestParser&&) noexcept -> RequestParser&;

    /// Reads on. An empty input is allowed and useful: it tells `complete` of a message without a body.
    /// @throws ProtocolError naming the rule; answer with its `status()` and close the connection.
    [[nodiscard]] auto next(std::span<const char> input) -> Event;

    /// Tells the parser that the peer will send no more.
    /// @return true if that completes a message (for a request: never), false between messages.
    /// @throws ProtocolError `premature_eof` inside a message.
    auto finish() -> bool;

    /// The head of the current request, from its `head` event until the next request begins.
    [[nodiscard]] auto head() const noexcept -> const RequestHead&;

    /// Moves the head out; the parser goes on without it.
    [[nodiscard]] auto take_head() noexcept -> RequestHead;

    /// The trailers of the current request, from `complete` on. Fields that frame, route or authenticate are dropped.
    [[nodiscard]] auto trailers() const noexcept -> const Fields&;

    /// How the body ends: `none`, `content_length` or `chunked`. From `head` on.
    [[nodiscard]] auto framing() const noexcept -> BodyFraming;

    /// Bytes of the body if the framing is `content_length`, else 0. From `head` on.
    [[nodiscard]] auto content_length() const noexcept -> std::uint64_t;

    /// May another request follow on this connection: by version and Connection. From `head` on.
    /// If not, bytes after this request are refused as `request_after_close`.
    [[nodiscard]] auto keep_alive() const noexcept -> bool;

    /// Does the client offer another protocol: HTTP/1.1, the `upgrade` connection option and an Upgrade field?
    /// The bytes after `complete` are the other protocol's if the server agrees.
    [[nodiscard]] auto wants_upgrade() const noexcept -> bool;

    /// Does the client wait for 100 (Continue) before it sends the body? Never for HTTP/1.0.
    [[nodiscard]] auto expects_continue() const noexcept -> bool;

    /// Is the parser between messages, with no byte of the next one seen?
    [[nodiscard]] auto is_idle() const noexcept -> bool;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Reads HTTP/1 responses from bytes, without any I/O. Works as `RequestParser` does, with two differences: each
/// response must be announced by `expect`, since its framing depends on the request, and interim (1xx) responses come
/// as `interim_head` before the final `head`.
class ResponseParser {
public:
    explicit ResponseParser(const Limits& limits = Limits::client());
    ~ResponseParser();
    ResponseParser(ResponseParser&&) noexcept;
    auto operator=(ResponseParser&&) noexcept -> ResponseParser&;

    /// Announces that a request was sent whose response is to be read next. Call it once for each response,
    /// before its first byte is fed and after the previous one is `complete`.
    /// @param method          the request's method: HEAD and CONNECT change the framing.
    /// @param upgrade_offered whether the request asked for an upgrade; 101 is refused otherwise.
    /// @throws std::logic_error while a response is being read.
    void expect(std::string_view method, bool upgrade_offered = false);

    /// Reads on; see `RequestParser::next`. After 101, or 2xx to CONNECT, `complete` follows the head at once, and the
    /// bytes after it belong to the other protocol.
    /// @throws ProtocolError naming the rule; close the connection. `response_without_request` for bytes that no
    ///         request asked for.
    [[nodiscard]] auto next(std::span<const char> input) -> Event;

    /// Tells the parser that the server closed.
    /// @return true if that completes a body that is read until close (the response is then `complete`), false between
    ///         messages.
    /// @throws ProtocolError `premature_eof` inside a message of any other framing: a cut body is never a short success.
    auto finish() -> bool;

    /// The head of the current interim or final response, from its event until the next head begins.
    [[nodiscard]] auto head() const noexcept -> const ResponseHead&;

    /// Moves the head out; the parser goes on without it.
    [[nodiscard]] auto take_head() noexcept -> ResponseHead;

    /// The trailers, from `complete` on. Fields that frame, route or authenticate are dropped.
    [[nodiscard]] auto trailers() const noexcept -> const Fields&;

    /// How the body ends. From `head` on. A caller that must not take a cut body for a whole one refuses `until_close`.
    [[nodiscard]] auto framing() const noexcept -> BodyFraming;

    /// Bytes of the body if the framing is `content_length`, else 0. From `head` on.
    [[nodiscard]] auto content_length() const noexcept -> std::uint64_t;

    /// May the connection be used again after `complete`: HTTP/1.1, no `close`, and not read until close, upgraded or
    /// tunnelled? From `head` on.
    [[nodiscard]] auto keep_alive() const noexcept -> bool;

    /// Is the parser between messages, with no byte of the next one seen? A connection that ends while a response is
    /// expected and `is_idle()` answered nothing at all.
    [[nodiscard]] auto is_idle() const noexcept -> bool;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace gyre::http

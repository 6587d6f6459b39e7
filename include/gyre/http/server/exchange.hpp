#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::fs {
class File;
}  // namespace gyre::fs

namespace gyre::http {

namespace internal {
class ServerConnection;
}  // namespace internal

/// One request and its response, as a handler of `serve_connection` and `serve_http` sees them.
///
/// The head has arrived; the body is read piece by piece, and what is not read stays with the client (TCP pushes back).
/// The response is sent whole with `respond`, or in pieces with `start`, `write` and `finish`.
/// Lives as long as the handler runs. One task may read while another writes. Thread: its loop's.
class ServerExchange {
public:
    explicit ServerExchange(internal::ServerConnection& connection) noexcept : connection_(&connection) {}
    ServerExchange(const ServerExchange&) = delete;
    auto operator=(const ServerExchange&) -> ServerExchange& = delete;

    [[nodiscard]] auto head() const noexcept -> const RequestHead&;
    [[nodiscard]] auto method() const noexcept -> std::string_view;
    /// As sent, in any of the four forms.
    [[nodiscard]] auto target() const noexcept -> std::string_view;
    /// The path of the target as sent: without scheme, host and query. "*" for the asterisk form, empty for CONNECT.
    [[nodiscard]] auto raw_path() const noexcept -> std::string_view;
    /// The path, percent-decoded. It may hold any byte, also `/` that was sent as %2F: to find a file use `raw_path`.
    [[nodiscard]] auto path() const -> std::string;
    /// What follows the first `?` of the target, as sent.
    [[nodiscard]] auto query() const noexcept -> std::string_view;
    /// Who sent it.
    [[nodiscard]] auto peer() const noexcept -> const net::Address&;

    /// Waits for the next piece of the body. Empty at its end. The bytes live until the next call and until the handler
    /// ends. The first call sends 100 (Continue) to a client that waits for it.
    /// @throws ProtocolError for a body that breaks a rule; IoError if the client has gone, or is too slow (`timed_out`).
    /// A handler that lets these through is answered for: 400, 408 or 413. On cancel: nothing is lost.
    [[nodiscard]] auto read() -> Task<std::span<const char>>;
    /// Complete once `read` gave the end.
    [[nodiscard]] auto trailers() const noexcept -> const Fields&;

    /// Sends the whole response. Date, reason, Content-Length and Connection are added; with HEAD the body is counted and
    /// not sent. `body` must live until this returns.
    /// @throws InvalidStateError if a response was started before; ProtocolError if the head breaks a rule, or for a body
    /// with 204 or 304: nothing was sent then. IoError if the client has gone or does not take it in time.
    /// On cancel: part of it may have been sent; the connection is dropped when the handler ends.
    [[nodiscard]] auto respond(ResponseHead head, std::string_view body) -> Task<void>;
    /// The same, for the usual case: `content_type`, unless empty, lives as long, and no list of fields is made.
    [[nodiscard]] auto respond(int status, std::string_view content_type, std::string_view body) -> Task<void>;

    /// Sends the head; the body follows. Without a Content-Length it is chunked, or for HTTP/1.0 ends with the connection.
    /// A body of that kind that is cut ends with a reset. Throws, and is cancelled, as `respond`.
    [[nodiscard]] auto start(ResponseHead head) -> Task<void>;
    /// Sends a piece of the body, which must live until this returns. With HEAD nothing is sent.
    /// @throws InvalidStateError outside of a response, and while another task writes; ProtocolError past the Content-Length;
    ///         IoError. On cancel: as `respond`.
    [[nodiscard]] auto write(std::string_view piece) -> Task<void>;
    /// Sends `size` bytes of a file from `offset` on; it must stay open until this returns. Over a plain socket the kernel
    /// sends them without a copy (sendfile). Throws as `write`, and IoError if the file cannot be read, or is shorter.
    /// On cancel, and after an error: a part may have been sent, and the response cannot be completed: let the handler end with
    /// an error, or `abort`.
    [[nodiscard]] auto write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void>;
    /// Ends the body. A handler that returns without it ends its body there.
    /// @throws ProtocolError if the body is shorter than its Content-Length; the connection is dropped then. IoError;
    ///         InvalidStateError as `write`. On cancel: as `respond`.
    [[nodiscard]] auto finish() -> Task<void>;
    /// The same with trailers, for a chunked body; HTTP/1.0 gets none. @throws ProtocolError for one that frames, routes or
    /// authenticates.
    [[nodiscard]] auto finish(Fields trailers) -> Task<void>;

    /// Sends an interim response (102, 103), before the response. Nothing is sent to HTTP/1.0, which does not know them.
    /// @throws InvalidStateError once the response was started, or for another status; IoError if the client has gone.
    /// On cancel: as `respond`.
    [[nodiscard]] auto inform(ResponseHead head) -> Task<void>;
    /// Sends 101 (Switching Protocols), whose head says to which; then `take_stream`. Throws, and is cancelled, as `respond`;
    /// InvalidStateError also if the body of the request was not read to its end.
    [[nodiscard]] auto switch_protocols(ResponseHead head) -> Task<void>;

    [[nodiscard]] auto has_started() const noexcept -> bool;

    /// Drops the connection at once: the client sees a response that is cut off. No other task may be in `read` or `write`.
    void abort() noexcept;

    /// Takes the connection over, for another protocol: what was read and not consumed is in its buffer. The server does
    /// nothing more with it. @throws InvalidStateError if the body was not read to its end, a response is unfinished, or one
    /// before is not sent yet.
    [[nodiscard]] auto take_stream() -> net::Stream;

    // For the rest of the library.
    [[nodiscard]] auto connection() noexcept -> internal::ServerConnection& { return *connection_; }

private:
    internal::ServerConnection* connection_;
};

/// Answers one request. An error that leaves it before the response was started is answered with 500, later it cuts the
/// connection; both are told to the loop's exception handler.
using ExchangeHandler = std::function<Task<void>(ServerExchange&)>;

}  // namespace gyre::http

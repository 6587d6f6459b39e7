#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/net/stream.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace gyre::http {

/// Sends the body of a streamed response, piece by piece.
class BodyWriter {
public:
    explicit BodyWriter(ServerExchange& exchange) noexcept : exchange_(&exchange) {}
    BodyWriter(const BodyWriter&) = delete;
    auto operator=(const BodyWriter&) -> BodyWriter& = delete;

    /// Sends a piece, which must live until this returns; it waits as long as the client is behind.
    /// @throws ProtocolError past a Content-Length; IoError if the client has gone, or does not take it in time.
    [[nodiscard]] auto write(std::string_view piece) -> Task<void>;

    /// Fields to send after the body, to a client of HTTP/1.1. @throws ProtocolError, when the body ends, for one that
    /// frames, routes or authenticates.
    void trailer(std::string_view name, std::string_view value) { trailers_.add(name, value); }

    [[nodiscard]] auto trailers() noexcept -> Fields& { return trailers_; }

private:
    ServerExchange* exchange_;
    Fields trailers_;
};

/// Produces a streamed body. An error cuts the connection, since the head has been sent.
using BodyProducer = std::function<Task<void>(BodyWriter&)>;

/// Uses a connection for another protocol after 101 (Switching Protocols).
using Takeover = std::function<Task<void>(net::Stream)>;

/// What a handler of an `App` answers. A value; the setters return it, so that it can be built in one expression.
class Response {
public:
    using Body = std::variant<std::string, BodyProducer, Takeover>;

    /// An empty body. @throws std::invalid_argument unless `status` is 200 to 599.
    explicit Response(int status = 200);

    /// Content-Type "text/plain; charset=utf-8".
    [[nodiscard]] static auto text(std::string body, int status = 200) -> Response;
    /// Content-Type "text/html; charset=utf-8".
    [[nodiscard]] static auto html(std::string body, int status = 200) -> Response;
    /// Content-Type "application/json"; `body` is JSON already.
    [[nodiscard]] static auto json(std::string body, int status = 200) -> Response;
    [[nodiscard]] static auto bytes(std::string content_type, std::string body, int status = 200) -> Response;
    /// Sends what `producer` writes, without a length unless a Content-Length is set. With HEAD it is not called.
    [[nodiscard]] static auto stream(std::string content_type, BodyProducer producer) -> Response;
    /// @param location a path or a URL. @throws ProtocolError if it holds a control character, std::invalid_argument unless
    ///                 `status` is 301, 302, 303, 307 or 308.
    [[nodiscard]] static auto redirect(std::string_view location, int status = 302) -> Response;
    /// Status, title and detail as application/problem+json. Source: RFC 9457.
    [[nodiscard]] static auto problem(int status, std::string_view detail = {}) -> Response;
    /// 101: then the connection belongs to `takeover`, which is cancelled with the server. Upgrade and Connection are set.
    [[nodiscard]] static auto switch_protocols(std::string_view protocol, Takeover takeover) -> Response;

    /// Adds a field; Set-Cookie, Vary and the like may be there more than once. @throws ProtocolError as `Fields::add`.
    auto header(std::string_view name, std::string_view value) & -> Response&;
    auto header(std::string_view name, std::string_view value) && -> Response&&;
    /// Sets a cookie.
    auto cookie(const Cookie& cookie) & -> Response&;
    auto cookie(const Cookie& cookie) && -> Response&&;
    /// Replaces the body by bytes. @throws InvalidStateError for one that switches protocols.
    auto body(std::string bytes) & -> Response&;
    auto body(std::string bytes) && -> Response&&;

    [[nodiscard]] auto status() const noexcept -> int { return status_; }
    auto set_status(int status) -> Response&;
    [[nodiscard]] auto fields() noexcept -> Fields& { return fields_; }
    [[nodiscard]] auto fields() const noexcept -> const Fields& { return fields_; }
    [[nodiscard]] auto body() noexcept -> Body& { return body_; }
    [[nodiscard]] auto body() const noexcept -> const Body& { return body_; }

private:
    int status_;
    Fields fields_;
    Body body_;
};

}  // namespace gyre::http

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/body_writer.hpp>
#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/net/stream.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gyre::http {

/// Uses a connection for another protocol after 101 (Switching Protocols).
using Takeover = std::function<Task<void>(net::Stream)>;

/// How a file is answered with. The texts are copied at once.
struct FileOptions {
    std::string_view content_type = {};   ///< Empty: what the extension says.
    std::string_view download_name = {};  ///< Not empty: the client is asked to save it under that name.
    std::string_view cache_control = {};  ///< The field Cache-Control; empty: none.
};

/// A file to be sent, which is opened when the handler has returned.
struct FileSource {
    explicit FileSource(std::filesystem::path where) : path(std::move(where)) {}
    std::filesystem::path path;
};

/// What a handler of an `App` answers. A value; the setters return it, so that it can be built in one expression.
class Response {
public:
    using Body = std::variant<std::string, BodyProducer, Takeover, FileSource>;

    /// An empty body. @throws std::invalid_argument unless `status` is 200 to 599.
    explicit Response(int status = 200);

    /// Content-Type "text/plain; charset=utf-8".
    [[nodiscard]] static auto text(std::string body, int status = 200) -> Response;
    /// Content-Type "text/html; charset=utf-8".
    [[nodiscard]] static auto html(std::string body, int status = 200) -> Response;
    /// Content-Type "application/json"; `body` is JSON already.
    [[nodiscard]] static auto json(std::string body, int status = 200) -> Response;
    /// @throws ProtocolError if the type holds a control character; as the constructor.
    [[nodiscard]] static auto bytes(std::string content_type, std::string body, int status = 200) -> Response;
    /// Sends what `producer` writes, without a length unless a Content-Length is set. With HEAD it is not called.
    /// @throws std::invalid_argument for an empty function; ProtocolError as `bytes`.
    [[nodiscard]] static auto stream(std::string content_type, BodyProducer producer) -> Response;
    /// A file, with its type, ETag and Last-Modified. The request's conditions and ranges are answered from them: 304, 412, 206 or
    /// 416 instead of 200. It is opened when the handler has returned, so that middlewares see what it came to; one that is not
    /// there, or is no regular file, is 404. The path is the program's: for one that comes from outside see `Routes::files`.
    /// @throws std::invalid_argument if the download name has a control character, ProtocolError if another text has one.
    [[nodiscard]] static auto file(std::filesystem::path path, const FileOptions& options = {}) -> Response;
    /// @param location a path or a URL. @throws ProtocolError if it holds a control character, std::invalid_argument unless
    ///                 `status` is 301, 302, 303, 307 or 308.
    [[nodiscard]] static auto redirect(std::string_view location, int status = 302) -> Response;
    /// Status, title and detail as application/problem+json. Source: RFC 9457.
    [[nodiscard]] static auto problem(int status, std::string_view detail = {}) -> Response;
    /// 101: then the connection belongs to `takeover`, which is cancelled with the server. Upgrade and Connection are set.
    /// @throws std::invalid_argument for an empty function; ProtocolError if `protocol` holds a control character.
    [[nodiscard]] static auto switch_protocols(std::string_view protocol, Takeover takeover) -> Response;

    /// Adds a field; Set-Cookie, Vary and the like may be there more than once. @throws ProtocolError as `Fields::add`.
    auto header(std::string_view name, std::string_view value) & -> Response&;
    auto header(std::string_view name, std::string_view value) && -> Response&&;
    /// Sets ETag and Last-Modified, as far as they are known.
    auto validators(const Validators& current) & -> Response&;
    auto validators(const Validators& current) && -> Response&&;
    /// Sets a cookie.
    auto cookie(const Cookie& cookie) & -> Response&;
    auto cookie(const Cookie& cookie) && -> Response&&;
    /// Replaces the body by bytes. @throws InvalidStateError for one that switches protocols.
    auto body(std::string bytes) & -> Response&;
    auto body(std::string bytes) && -> Response&&;

    [[nodiscard]] auto status() const noexcept -> int { return status_; }
    /// @throws std::invalid_argument unless it is 200 to 599; InvalidStateError for one that switches protocols.
    auto set_status(int status) -> Response&;
    /// Something that shall live until the response has been sent, or was given up: a place in a queue, a connection, a lock.
    /// What was kept before is kept too. With one that switches protocols it lives until the takeover has ended.
    void keep(std::shared_ptr<const void> companion);
    [[nodiscard]] auto fields() noexcept -> Fields& { return fields_; }
    [[nodiscard]] auto fields() const noexcept -> const Fields& { return fields_; }
    [[nodiscard]] auto body() noexcept -> Body& { return body_; }
    [[nodiscard]] auto body() const noexcept -> const Body& { return body_; }

private:
    int status_;
    Fields fields_;
    Body body_;
    std::shared_ptr<const void> companion_;
};

}  // namespace gyre::http

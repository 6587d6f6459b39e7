#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/body_reader.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/json_codec.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/query.hpp>
#include <gyre/http/json_reading.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/http/server/form.hpp>
#include <gyre/http/server/response.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/tls.hpp>

#include <any>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

/// One request, as the handlers and middlewares of an `App` see it. It lives until the response has been sent.
/// Thread: its loop's.
class Request {
public:
    /// What `text` gathers by default at most, in bytes; the server's limit of a body, 1 MiB by default, holds as well.
    static constexpr std::size_t default_text_limit = BodyReader::default_text_limit;

    explicit Request(ServerExchange& exchange);
    Request(const Request&) = delete;
    auto operator=(const Request&) -> Request& = delete;

    [[nodiscard]] auto method() const noexcept -> std::string_view { return exchange_->method(); }
    [[nodiscard]] auto version() const noexcept -> Version { return exchange_->head().version; }
    /// The path as sent, without scheme, host and query.
    [[nodiscard]] auto raw_path() const noexcept -> std::string_view { return exchange_->raw_path(); }
    /// The path, percent-decoded; `/` that was sent as %2F is a `/` here.
    [[nodiscard]] auto path() const -> std::string { return exchange_->path(); }
    /// What follows the first `?`, as sent.
    [[nodiscard]] auto query() const noexcept -> std::string_view { return exchange_->query(); }
    /// The host (and port) that the request is for. Sent by the client: it may be any text that is a host.
    [[nodiscard]] auto host() const noexcept -> std::string_view;
    [[nodiscard]] auto fields() const noexcept -> const Fields& { return exchange_->head().fields; }
    /// The first field of that name.
    [[nodiscard]] auto header(std::string_view name) const noexcept -> std::optional<std::string_view>;
    /// The value of a cookie that the client sent; the first one of that name.
    [[nodiscard]] auto cookie(std::string_view name) const -> std::optional<std::string_view>;
    /// Who sent it: the address of the connection.
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return exchange_->peer(); }

    /// Who sent it, as trusted proxies tell (`ConnectionOptions::trusted_proxies`); without any, the same as `peer`.
    [[nodiscard]] auto client() const -> const net::Address&;
    /// It came over TLS: to this server, or as trusted proxies tell.
    [[nodiscard]] auto is_secure() const -> bool;
    /// "http" or "https".
    [[nodiscard]] auto scheme() const -> std::string_view { return is_secure() ? "https" : "http"; }

    /// What the TLS handshake of its connection agreed on: version, name that was asked for, and whose certificate the client
    /// showed (`TlsServerOptions::client_ca_file`). Null without TLS.
    [[nodiscard]] auto tls() const -> const net::TlsInfo*;

    /// The pattern of the route that was found ("/users/{id}"); empty if there was none. Bounded, so fit for metrics.
    [[nodiscard]] auto route() const noexcept -> std::string_view { return route_; }

    /// A parameter of the route, percent-decoded. @throws std::out_of_range if the route has none of that name.
    [[nodiscard]] auto path_param(std::string_view name) const -> std::string_view;
    /// The same as a number. @throws HttpError 404 if it is none, or out of the range of `Number`.
    template<std::integral Number>
    [[nodiscard]] auto path_param(std::string_view name) const -> Number {
        const auto text = path_param(name);
        Number number{};
        const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
        if (result.ec != std::errc() || result.ptr != text.data() + text.size()) not_found();
        return number;
    }

    /// The parameters of the query, decoded. @throws HttpError 400 if there are more than 1000.
    [[nodiscard]] auto query_params() const -> const QueryParams&;
    /// The first of that name.
    [[nodiscard]] auto query_param(std::string_view name) const -> std::optional<std::string_view>;

    /// The body, piece by piece or in lines. What is not read is dropped after the response, within bounds.
    [[nodiscard]] auto body() noexcept -> BodyReader& { return body_; }
    /// Whether a middleware decodes the body as it is read (`decompress`). Content-Encoding and Content-Length stay among the
    /// fields, and tell how it was sent.
    [[nodiscard]] auto is_decoded() const noexcept -> bool { return source_.is_replaced(); }
    /// How long the body is as it is sent, if the client said so in advance; 0 without one.
    [[nodiscard]] auto content_length() const noexcept -> std::optional<std::uint64_t>;
    /// The same, for a handler that wants to know before it takes anything. A client that waits for 100 (Continue) is spared
    /// the upload. @throws HttpError 411 (Length Required) if it was not said: the body comes in chunks.
    [[nodiscard]] auto require_length() const -> std::uint64_t;
    /// The whole body. @throws HttpError 413 if it is longer than `limit` bytes, 415 if it is in a content coding that nobody
    /// decodes: `body` gives it as it is; as `BodyReader::text`. On cancel: as that.
    [[nodiscard]] auto text(std::size_t limit = default_text_limit) -> Task<std::string>;
    /// The whole body, read from JSON by `JsonCodec<T>`: include an adapter such as gyre/http/json/nlohmann.hpp.
    /// @throws HttpError 400 that names the place of the mistake; as `text`. On cancel: as `text`.
    template<JsonReadable T>
    [[nodiscard]] auto json(std::size_t limit = default_text_limit) -> Task<T> {
        return internal::parse_json<T>(text(limit), refuse_json);
    }
    /// The body as a form of names and values. @throws HttpError 415 if it is of another type, 413 as `text`, 400 if there
    /// are more than 1000 pairs. On cancel: as `text`.
    [[nodiscard]] auto form(std::size_t limit = default_text_limit) -> Task<QueryParams>;
    /// The body as a multipart body, part by part. @throws HttpError 415 if it is of another type, or in a content coding.
    [[nodiscard]] auto multipart(const MultipartLimits& limits = {}) -> MultipartReader;
    /// The body as a form of either kind, with its files; large ones are on the disk. @throws HttpError 415 if it is no form,
    /// 413 past a limit, 400 for one that is broken; IoError if the disk does not take it.
    /// On cancel: what it has taken of a multipart body is lost, with its files.
    [[nodiscard]] auto form_data(const FormOptions& options = {}) -> Task<FormData>;
    /// The fields after a chunked body, once it was read to its end.
    [[nodiscard]] auto trailers() const noexcept -> const Fields& { return exchange_->trailers(); }

    /// What answers this request without the handler's work, given the present state of what it asks for: 304 (Not Modified) if
    /// the client has that state already, 412 (Precondition Failed) if it believes in another. Empty: go on, and send
    /// `response.validators(current)`. Source: RFC 9110 13.2.2.
    [[nodiscard]] auto not_modified(const Validators& current) const -> std::optional<Response>;

    /// Of a client that was cut off from an event stream: the id of the last event that it has got. Empty optional: none.
    [[nodiscard]] auto last_event_id() const noexcept -> std::optional<std::string_view> {
        return header("Last-Event-ID");
    }

    /// Sends 103 (Early Hints) with these fields, before the response. Nothing is sent to HTTP/1.0. @throws
    /// InvalidStateError once the response was started; IoError if the client has gone. On cancel: as `ServerExchange::inform`.
    [[nodiscard]] auto early_hints(Fields fields) -> Task<void>;

    /// Whether the server stops (`Server::stop`): this request is left to finish, within its grace.
    [[nodiscard]] auto is_stopping() const noexcept -> bool;
    /// Waits until it does: for what takes long, as a stream that `race`s with it. On cancel: stops waiting.
    [[nodiscard]] auto stopping() -> Task<void>;

    /// Keeps a value for the handlers and middlewares that come later: one of each type. Source: aiohttp's request[key].
    template<class T>
    auto set(T value) -> T& {
        if (auto* old = find<T>()) return *old = std::move(value);
        return *std::any_cast<T>(&values_.emplace_back(std::in_place_type<T>, std::move(value)));
    }
    /// The value of that type, or null.
    template<class T>
    [[nodiscard]] auto find() noexcept -> T* {
        for (auto& value : values_) {
            if (auto* found = std::any_cast<T>(&value)) return found;
        }
        return nullptr;
    }

    /// The layer below, for what only it can do.
    [[nodiscard]] auto exchange() noexcept -> ServerExchange& { return *exchange_; }

    // For the rest of the library.
    /// The body comes from there from now on. `source` may read the exchange, and lives as long as this.
    void replace_body(std::shared_ptr<internal::BodySource> source) noexcept { source_.replace(std::move(source)); }
    void set_route(std::string_view pattern, std::vector<std::pair<std::string_view, std::string>> params);

private:
    class Source final : public internal::BodySource {
    public:
        explicit Source(ServerExchange& exchange) noexcept : exchange_(&exchange) {}
        [[nodiscard]] auto read() -> Task<std::span<const char>> override {
            return other_ ? other_->read() : exchange_->read();
        }
        void replace(std::shared_ptr<internal::BodySource> other) noexcept { other_ = std::move(other); }
        [[nodiscard]] auto is_replaced() const noexcept -> bool { return other_ != nullptr; }

    private:
        ServerExchange* exchange_;
        std::shared_ptr<internal::BodySource> other_;
    };

    [[noreturn]] static void not_found();
    [[noreturn]] static void refuse_json(const JsonError& error);

    ServerExchange* exchange_;
    Source source_;
    BodyReader body_;
    std::string_view route_;
    std::vector<std::pair<std::string_view, std::string>> params_;
    mutable std::optional<QueryParams> query_params_;
    std::list<std::any> values_;  // where they are is handed out
};

}  // namespace gyre::http

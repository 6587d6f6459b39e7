#pragma once

#include <gyre/core/async_generator.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/body_writer.hpp>
#include <gyre/http/client/client_options.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/json_codec.hpp>
#include <gyre/http/core/multipart_body.hpp>
#include <gyre/http/core/query.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

namespace internal {
class Pool;
class Upload;
}  // namespace internal

/// A request that is being put together; awaited, it is sent: `co_await client.post("/items").json(text)`.
///
/// The setters return it. It must be sent before its client is closed or gone.
/// Thread: its client's loop's.
class [[nodiscard("co_await it")]] ClientRequest {
public:
    ClientRequest(std::shared_ptr<internal::Pool> pool, std::string method, std::string url);
    ClientRequest(ClientRequest&&) noexcept = default;
    auto operator=(ClientRequest&&) noexcept -> ClientRequest& = default;
    ClientRequest(const ClientRequest&) = delete;
    auto operator=(const ClientRequest&) -> ClientRequest& = delete;
    ~ClientRequest() = default;

    /// Adds a field. @throws ProtocolError as `Fields::add`.
    auto header(std::string_view name, std::string_view value) & -> ClientRequest&;
    auto header(std::string_view name, std::string_view value) && -> ClientRequest&&;
    /// Adds every field of the list.
    auto headers(const Fields& fields) & -> ClientRequest&;
    auto headers(const Fields& fields) && -> ClientRequest&&;
    /// Adds a parameter to the query of the URL, encoded.
    auto query(std::string name, std::string value) & -> ClientRequest&;
    auto query(std::string name, std::string value) && -> ClientRequest&&;
    /// The body. Content-Type is yours to set.
    auto body(std::string bytes) & -> ClientRequest&;
    auto body(std::string bytes) && -> ClientRequest&&;
    /// A body that `producer` writes while it is sent, as fast as the server takes it: with a Content-Length if `length` is
    /// given, else in chunks, which may have trailers. The response is read meanwhile: a final one that is no success ends the
    /// sending, and the producer is cancelled; with a success it goes on, until the response is dropped. What it refers to must
    /// live until the producer has ended: before the request returns a response that is no success, throws or is cancelled; with a
    /// success when `ClientResponse::close` has returned. A response that is only dropped cancels the producer, which may take a
    /// step more in the loop's next turns. It is called once at most: a redirect that would need it again is an error.
    /// @throws std::invalid_argument for an empty function.
    auto body_from(BodyProducer producer, std::optional<std::uint64_t> length = std::nullopt) & -> ClientRequest&;
    auto body_from(BodyProducer producer, std::optional<std::uint64_t> length = std::nullopt) && -> ClientRequest&&;
    /// The same for the values of a generator.
    auto body_from(
        AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length = std::nullopt) & -> ClientRequest&;
    auto body_from(
        AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length = std::nullopt) && -> ClientRequest&&;
    /// A file as the body, read while it is sent, and again if it is to be sent again. If it cannot be read, the request ends
    /// with a RequestError, phase `send`.
    auto body_file(std::filesystem::path path) & -> ClientRequest&;
    auto body_file(std::filesystem::path path) && -> ClientRequest&&;
    /// A form with files as the body, and its Content-Type. The files are read while it is sent.
    auto multipart(MultipartBody form) & -> ClientRequest&;
    auto multipart(MultipartBody form) && -> ClientRequest&&;
    /// Sends the body only when the server agrees: after 100 (Continue), or when `limit` has passed without an answer (zero or
    /// less: never). A final answer instead leaves it unsent; 417 is tried once more without. For a request with a body.
    auto expect_continue(AnyDuration limit = std::chrono::seconds(1)) & -> ClientRequest&;
    auto expect_continue(AnyDuration limit = std::chrono::seconds(1)) && -> ClientRequest&&;
    /// Is told of every interim response, 103 (Early Hints) for instance. What it throws ends the request, and leaves `send`.
    auto on_interim(InterimHandler handler) & -> ClientRequest&;
    auto on_interim(InterimHandler handler) && -> ClientRequest&&;
    /// A body that is JSON already, and its Content-Type.
    auto json(std::string text) & -> ClientRequest&;
    auto json(std::string text) && -> ClientRequest&&;
    /// A value as JSON, by `JsonCodec`: include an adapter such as gyre/http/json/nlohmann.hpp. @throws what its `dump` throws.
    template<JsonWritable T>
    auto json(const T& value) & -> ClientRequest& {
        return json(std::string(JsonCodec<T>::dump(value)));
    }
    template<JsonWritable T>
    auto json(const T& value) && -> ClientRequest&& {
        return std::move(json(value));
    }
    /// A form as the body, and its Content-Type.
    auto form(const QueryParams& form) & -> ClientRequest&;
    auto form(const QueryParams& form) && -> ClientRequest&&;
    /// Every time limit of this request, instead of the client's.
    auto timeouts(const ClientTimeouts& limits) & -> ClientRequest&;
    auto timeouts(const ClientTimeouts& limits) && -> ClientRequest&&;
    /// `ClientTimeouts::total` of this request; zero or less: none.
    auto timeout(AnyDuration total) & -> ClientRequest&;
    auto timeout(AnyDuration total) && -> ClientRequest&&;
    /// Whether redirects are followed, for this request.
    auto follow_redirects(bool follow) & -> ClientRequest&;
    auto follow_redirects(bool follow) && -> ClientRequest&&;
    /// `ClientOptions::decode` of this request.
    auto decode(bool decode) & -> ClientRequest&;
    auto decode(bool decode) && -> ClientRequest&&;
    /// `ClientOptions::require_delimited` of this request.
    auto require_delimited(bool require = true) & -> ClientRequest&;
    auto require_delimited(bool require = true) && -> ClientRequest&&;
    /// Says who asks, to the origin of this request only: a redirect elsewhere leaves it behind. As `http::basic_auth`,
    /// `bearer_auth` and `digest_auth`. @throws std::invalid_argument for what cannot be sent.
    auto basic_auth(std::string_view user, std::string_view password) & -> ClientRequest&;
    auto basic_auth(std::string_view user, std::string_view password) && -> ClientRequest&&;
    auto bearer_auth(std::string_view token) & -> ClientRequest&;
    auto bearer_auth(std::string_view token) && -> ClientRequest&&;
    auto digest_auth(std::string user, std::string password) & -> ClientRequest&;
    auto digest_auth(std::string user, std::string password) && -> ClientRequest&&;
    /// Whether a status of 400 and above is thrown as a StatusError, for this request.
    auto raise_for_status(bool raise = true) & -> ClientRequest&;
    auto raise_for_status(bool raise = true) && -> ClientRequest&&;
    /// Adds a middleware for this request, inside of the client's and of those that were added before.
    /// @throws std::invalid_argument for an empty function.
    auto use(ClientMiddleware middleware) & -> ClientRequest&;
    auto use(ClientMiddleware middleware) && -> ClientRequest&&;

    /// Sends it and waits for the head of the response, following redirects.
    ///
    /// Host, Content-Length, User-Agent, Accept and Accept-Encoding are added; those of the request, but for Content-Length, are
    /// used instead. Every status is a response, unless `raise_for_status` is on.
    /// @throws RequestError; TimeoutError if the total time has passed; StatusError with `raise_for_status`; InvalidStateError
    ///         when the client is closed or gone, and for one that was sent before; what a middleware throws.
    /// On cancel: the connection is closed; whether the server got the request is not known.
    [[nodiscard]] auto send() && -> Task<ClientResponse>;
    [[nodiscard]] auto operator co_await() && -> Task<ClientResponse> { return std::move(*this).send(); }

private:
    std::shared_ptr<internal::Pool> pool_;
    std::string method_;
    std::string url_;
    Fields fields_;
    QueryParams query_;
    std::string body_;
    std::optional<ClientTimeouts> timeouts_;
    std::shared_ptr<internal::Upload> upload_;
    std::optional<Duration> continue_limit_;
    InterimHandler on_interim_;
    std::optional<Duration> total_;
    std::optional<bool> follow_redirects_;
    std::optional<bool> decode_;
    std::optional<bool> require_delimited_;
    std::optional<bool> raise_for_status_;
    std::vector<ClientMiddleware> middlewares_;
};

}  // namespace gyre::http

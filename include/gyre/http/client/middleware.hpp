#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/client_response.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {
class ClientChain;
class Outgoing;
class Pool;
class Upload;
}  // namespace internal

/// Gives the pieces of a body one after another, empty at the end. What it throws, the reader of the body gets.
using BodyPieces = std::function<Task<std::string>()>;

/// A request on its way to a server, as middlewares and transports of a client see it: each redirect is one of its own.
///
/// What is changed here goes out with this one only: a redirect begins again with what the caller asked for, so that nothing
/// that was added for one origin is carried to another. Lives as long as the call of the middleware. Thread: its loop's.
class ClientCall {
public:
    ClientCall(internal::Pool& pool, internal::Outgoing& request);
    ClientCall(const ClientCall&) = delete;
    auto operator=(const ClientCall&) -> ClientCall& = delete;
    ~ClientCall() = default;

    [[nodiscard]] auto method() const noexcept -> const std::string&;
    /// Absolute, http or https, without user name and password.
    [[nodiscard]] auto url() const noexcept -> const Url&;
    /// Sends it elsewhere; Authorization, Cookie and the like stay as they are, so remove what the new origin must not get.
    /// @throws RequestError, phase `url`, when it is sent, for a URL that no request could have.
    void set_url(Url url);
    /// Those of the caller, to be changed; use `set`, for a middleware may see a request again. Host, User-Agent, Accept,
    /// Cookie and Content-Length are added afterwards.
    [[nodiscard]] auto fields() noexcept -> Fields&;
    [[nodiscard]] auto fields() const noexcept -> const Fields&;
    /// The body, if it is at hand: empty for one that is made while it is sent.
    [[nodiscard]] auto body() const noexcept -> const std::string&;
    /// The whole body, also of such a request: then it is made here, and many can be made only once (`can_be_sent_again`).
    /// @throws LimitError if that is longer than `limit` bytes; RequestError if it was made before; what making it throws.
    /// On cancel: what was made is lost; a body that can be made only once is not there any more.
    [[nodiscard]] auto read_body(std::size_t limit = ClientResponse::default_text_limit) -> Task<std::string>;
    void set_body(std::string bytes);

    /// May it be sent again when it is not known whether the server got it? Source: RFC 9110 9.2.2.
    [[nodiscard]] auto is_idempotent() const noexcept -> bool;
    /// Is the body still here after it was sent?
    [[nodiscard]] auto can_be_sent_again() const noexcept -> bool;
    /// How many redirects led here.
    [[nodiscard]] auto redirects() const noexcept -> std::size_t;
    /// When the total time of the request is over; `Time::max()`: never.
    [[nodiscard]] auto deadline() const noexcept -> Time;
    /// Everything that is sent before the body, as it is now: for transports. Cookies are in it only there.
    /// @throws RequestError, phase `url`, if a field breaks a rule.
    [[nodiscard]] auto head() const -> RequestHead;

    /// An answer without a server. HEAD, 204 and 304 have no body. The reason, if it is empty, is the usual one.
    [[nodiscard]] auto respond(ResponseHead head, std::string body = {}) const -> ClientResponse;
    [[nodiscard]] auto respond(int status, std::string body = {}) const -> ClientResponse;
    /// The same with a body that is made while it is read; what it throws is its reader's.
    [[nodiscard]] auto respond_in_pieces(ResponseHead head, BodyPieces pieces) const -> ClientResponse;

    /// An error about this request, to be thrown.
    [[nodiscard]] auto error(RequestPhase phase, std::string_view reason, std::exception_ptr cause = nullptr) const
        -> RequestError;

    // For the rest of the library.
    [[nodiscard]] auto request() noexcept -> internal::Outgoing& { return *request_; }
    [[nodiscard]] auto pool() const noexcept -> internal::Pool& { return *pool_; }
    /// Undoes what middlewares changed.
    void restore();

private:
    internal::Pool* pool_;
    internal::Outgoing* request_;
    Fields fields_before_;
    std::shared_ptr<const std::string> body_before_;  ///< Null: it was not changed.
    std::shared_ptr<internal::Upload> upload_before_;
};

class ClientNext;

/// Stands around the requests of a client: sees each one before it is sent and each response after its head has come. May
/// answer itself, change either, or send again. Called once for each redirect, with its URL.
///
/// On cancel: the way to the response is cancelled, like any task that is awaited. Source: aiohttp's client middlewares.
using ClientMiddleware = std::function<Task<ClientResponse>(ClientCall&, ClientNext)>;

/// The rest of the way to a response, as a middleware calls it: not at all, once, or again when the response of the time
/// before was dropped or read (`ClientResponse::discard` lets its connection serve again). Lives as long as that call.
class ClientNext {
public:
    ClientNext(const internal::ClientChain& chain, std::size_t place) noexcept : chain_(&chain), place_(place) {}

    /// Sends the request as it is now. @throws RequestError, and what the middlewares further in throw.
    /// On cancel: as `ClientRequest::send`.
    [[nodiscard]] auto operator()(ClientCall& call) const -> Task<ClientResponse>;

private:
    const internal::ClientChain* chain_;
    std::size_t place_;
};

/// The end of every chain, innermost whatever middlewares there are: it stands in for the connections of a client, for
/// tests, records and other protocols. Redirects, cookies, limits of time and middlewares work as over connections.
class ClientTransport {
public:
    ClientTransport() = default;
    ClientTransport(const ClientTransport&) = delete;
    auto operator=(const ClientTransport&) -> ClientTransport& = delete;
    virtual ~ClientTransport() = default;

    /// Answers one request, whose `head` is complete. Several may run at the same time.
    /// @param connections what the client would do without this transport. It opens nothing unless it is called.
    /// @throws what the caller of the request is to get. On cancel: nobody wants the answer any more.
    [[nodiscard]] virtual auto send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> = 0;
};

}  // namespace gyre::http

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/body_reader.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/json_codec.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/http/json_reading.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {
class Answer;
}  // namespace internal

/// Is told of the heads of interim responses: 100 (Continue), 103 (Early Hints) and the like. They end with the call.
using InterimHandler = std::function<void(const ResponseHead&)>;

/// What a server answered: the head at once, the body piece by piece as it is read. Move-only.
///
/// When the body was read to its end, the connection is kept for the next request; a response that is dropped before
/// that closes it. It may outlive its `Client`. Thread: its loop's; not moved while a read is pending.
class ClientResponse {
public:
    /// What `text` gathers by default at most, in bytes.
    static constexpr std::size_t default_text_limit = 64 * 1024 * 1024;

    explicit ClientResponse(std::unique_ptr<internal::Answer> answer) noexcept;
    ClientResponse(ClientResponse&&) noexcept;
    auto operator=(ClientResponse&&) noexcept -> ClientResponse&;
    ~ClientResponse();

    [[nodiscard]] auto head() const noexcept -> const ResponseHead&;
    [[nodiscard]] auto status() const noexcept -> int;
    /// As sent; may be empty.
    [[nodiscard]] auto reason() const noexcept -> std::string_view;
    [[nodiscard]] auto version() const noexcept -> Version;
    [[nodiscard]] auto fields() const noexcept -> const Fields&;
    /// The first field of that name.
    [[nodiscard]] auto header(std::string_view name) const noexcept -> std::optional<std::string_view>;
    /// The URL that answered: the last one, if there were redirects.
    [[nodiscard]] auto url() const noexcept -> const Url&;
    /// How many redirects were followed.
    [[nodiscard]] auto redirects() const noexcept -> std::size_t;
    [[nodiscard]] auto peer() const noexcept -> const net::Address&;

    /// How long the body is as it is sent, if the server said so in advance; 0 where there can be none. A coded body gets longer
    /// when it is decoded.
    [[nodiscard]] auto content_length() const noexcept -> std::optional<std::uint64_t>;
    /// Can the end of the body be told from a cut connection? False for a body without length that lasts until the
    /// server closes: then a cut looks like an end. With `ClientOptions::require_delimited` such a body cannot be read.
    [[nodiscard]] auto body_is_delimited() const noexcept -> bool;

    /// The body, piece by piece or in lines; decoded by its Content-Encoding, as with `read` and `text`, which stays among the
    /// fields. Left as it is: an unknown coding, a part of the content (206), and everything without `ClientOptions::decode`.
    [[nodiscard]] auto body() noexcept -> BodyReader&;

    /// Nothing for a status below 400. @throws StatusError for another, naming method, URL and status.
    void raise_for_status() const;

    /// The next piece of the body, waiting for it; empty at its end, and again after that. The bytes stay where they
    /// were received or decoded and are valid until the next call. The client holds one piece at a time, whatever the length.
    /// @throws RequestError if the body is cut short or malformed, cannot be decoded or passes a limit (the cause is then a
    /// ContentError), or nothing comes for the read timeout; TimeoutError once the total time of the request has passed; and
    /// again at each later call.
    /// On cancel: nothing is lost, and reading may go on.
    [[nodiscard]] auto read() -> Task<std::span<const char>>;

    /// The rest of the body. @throws as `read`; RequestError also if it is longer than `limit` bytes.
    /// On cancel: what it had gathered stays, and can be read again.
    [[nodiscard]] auto text(std::size_t limit = default_text_limit) -> Task<std::string>;

    /// The rest of the body, read from JSON by `JsonCodec<T>`: include an adapter such as gyre/http/json/nlohmann.hpp.
    /// @throws RequestError, phase `body`, with a JsonError as its cause, that names the place of the mistake; as `text`.
    /// On cancel: as `text`.
    template<JsonReadable T>
    [[nodiscard]] auto json(std::size_t limit = default_text_limit) -> Task<T> {
        return internal::parse_json<T>(text(limit), [this](const JsonError& error) { refuse_json(error); });
    }

    /// Reads the rest of the body away, for a response that does not matter, so that its connection can serve again; what
    /// takes more than 64 KiB or a second is not worth it, and its connection is closed when the response goes. Never throws
    /// for what it reads. On cancel: stops reading; what it has read is gone.
    [[nodiscard]] auto discard() -> Task<void>;

    /// Drops what was not read, and its connection. A function or a generator that still makes the body of the request is cancelled,
    /// and this returns when it has ended: what it refers to may go then. Idempotent. On cancel: it is waited for all the same.
    [[nodiscard]] auto close() -> Task<void>;

    /// The connection, after 101 (Switching Protocols) to a request that offered it; bytes that came already are in its buffer.
    /// @throws InvalidStateError after another status, the second time, and while the body of the request is still being sent.
    [[nodiscard]] auto take_stream() -> net::Stream;

    /// The fields after a chunked body: complete once `read` gave the end; empty before, and without any.
    [[nodiscard]] auto trailers() const noexcept -> const Fields&;

    // For the rest of the library.
    [[nodiscard]] auto answer() const noexcept -> const internal::Answer& { return *answer_; }

private:
    [[noreturn]] void refuse_json(const JsonError& error) const;

    std::unique_ptr<internal::Answer> answer_;
};

}  // namespace gyre::http

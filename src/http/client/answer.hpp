#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/body_reader.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http::internal {

class Outgoing;

/// What a `ClientResponse` stands for: a head that is there, and a body that comes, from a connection or from elsewhere.
class Answer : public BodySource {
public:
    explicit Answer(const Outgoing& request);
    Answer(const Answer&) = delete;
    auto operator=(const Answer&) -> Answer& = delete;
    virtual ~Answer() = default;

    /// The next piece of the body as it was sent.
    [[nodiscard]] virtual auto read_coded() -> Task<std::span<const char>> { return read(); }
    /// The rest of the body. @throws RequestError.
    [[nodiscard]] auto text(std::size_t limit) -> Task<std::string>;
    [[nodiscard]] auto reader() noexcept -> BodyReader& { return reader_; }
    /// The connection, after 101. @throws InvalidStateError after another status, and the second time.
    [[nodiscard]] virtual auto take_stream() -> net::Stream;

    /// Drops what was not read, and waits until the body of the request is not being made any more.
    [[nodiscard]] virtual auto close() -> Task<void> { co_return; }

    [[nodiscard]] auto method() const noexcept -> const std::string& { return method_; }
    [[nodiscard]] auto head() const noexcept -> const ResponseHead& { return head_; }
    [[nodiscard]] auto url() const noexcept -> const Url& { return url_; }
    [[nodiscard]] auto redirects() const noexcept -> std::size_t { return redirects_; }
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return peer_; }
    [[nodiscard]] auto peer_text() const noexcept -> const std::string& { return peer_text_; }
    [[nodiscard]] auto framing() const noexcept -> BodyFraming { return framing_; }
    [[nodiscard]] auto content_length() const noexcept -> std::uint64_t { return content_length_; }
    /// Is what is read not what was sent?
    [[nodiscard]] auto is_decoded() const noexcept -> bool { return is_decoded_; }
    [[nodiscard]] auto trailers() const noexcept -> const Fields& { return trailers_; }

protected:
    /// Reading fails for good.
    [[noreturn]] virtual void fail(RequestPhase phase, std::string_view reason, std::exception_ptr cause);

    std::string method_;
    Url url_;
    net::Address peer_;
    std::string peer_text_;
    std::size_t redirects_;
    ResponseHead head_;
    Fields trailers_;
    std::uint64_t content_length_ = 0;
    std::uint64_t body_bytes_ = 0;  ///< Of the body, so far.
    BodyFraming framing_ = BodyFraming::none;
    bool is_decoded_ = false;  ///< What is read is not what was sent.

private:
    BodyReader reader_{*this};
};

/// An answer that no server gave.
class CannedAnswer final : public Answer {
public:
    CannedAnswer(const Outgoing& request, ResponseHead head, std::string body);
    CannedAnswer(const Outgoing& request, ResponseHead head, BodyPieces pieces);

    [[nodiscard]] auto read() -> Task<std::span<const char>> override;
    [[nodiscard]] auto close() -> Task<void> override;

private:
    CannedAnswer(const Outgoing& request, ResponseHead head);

    std::string piece_;  ///< What is handed out next, or was.
    BodyPieces pieces_;
    bool is_whole_ = false;  ///< `piece_` was not handed out yet, and is all.
};

}  // namespace gyre::http::internal

#pragma once

#include "guarded_stream.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/server/connection_options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace gyre::http::internal {

/// Why a request is not served, as the client is told.
struct Refusal {
    int status;
    std::string text;

    Refusal(int status_code, std::string explanation) : status(status_code), text(std::move(explanation)) {}
    explicit Refusal(const ProtocolError& error);
};

/// Reads the body of the request that the parser is in, and holds the client to its pace.
class RequestBody {
public:
    RequestBody(GuardedStream& stream, RequestParser& parser, const ConnectionOptions& options) noexcept
        : stream_(stream), parser_(parser), options_(options) {}

    /// The parser has reported a head.
    void begin();

    /// The next piece, empty at the end; it lives until the next call. @throws ProtocolError, IoError.
    [[nodiscard]] auto read() -> Task<std::span<const char>>;

    /// The response has begun: a client that waits for 100 (Continue) does not get it any more.
    void response_begins() noexcept { owes_continue_ = false; }

    /// Is it certain, or likely enough to promise it, that the rest can be dropped and the connection used again?
    [[nodiscard]] auto can_be_drained() const noexcept -> bool;

    /// Drops the rest. @return false if that is too much, too slow or broken.
    [[nodiscard]] auto drain() -> Task<bool>;

    /// What `read` gave last is no longer looked at.
    void release() noexcept;

    /// How long the body is, if the client said so in advance; 0 without one.
    [[nodiscard]] auto announced() const noexcept -> std::optional<std::uint64_t> {
        if (parser_.framing() == BodyFraming::none) return 0;
        if (parser_.framing() != BodyFraming::content_length) return std::nullopt;
        return parser_.content_length();
    }
    [[nodiscard]] auto is_complete() const noexcept -> bool { return is_complete_; }
    /// Can nothing more be read, or be sent to who has sent it?
    [[nodiscard]] auto is_cut() const noexcept -> bool { return stream_.is_broken(); }
    /// What is wrong with the body, if something was found.
    [[nodiscard]] auto refusal() const noexcept -> const std::optional<Refusal>& { return refusal_; }

private:
    [[nodiscard]] auto fill() -> Task<void>;
    [[nodiscard]] auto drop_rest() -> Task<bool>;
    [[nodiscard]] auto patience() const noexcept -> Duration;

    GuardedStream& stream_;
    RequestParser& parser_;
    const ConnectionOptions& options_;
    std::optional<Refusal> refusal_;
    std::size_t pending_ = 0;      ///< Bytes of the piece that was handed out, still buffered.
    std::uint64_t delivered_ = 0;  ///< Bytes of the body.
    std::uint64_t began_at_ = 0;   ///< Which byte of the connection was its first.
    Duration waited_{};
    bool owes_continue_ = false;
    bool waits_for_continue_ = false;  ///< The client was not told to go on, and may not send the body.
    bool is_complete_ = false;
};

}  // namespace gyre::http::internal

#pragma once

#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {
class HeadWriter;
}  // namespace internal

/// Writes the body of one HTTP/1 message, framed as its head announced. Made by `write_head`.
///
/// It counts: a body longer or shorter than Content-Length, or one where none is allowed, is an error here and never
/// reaches the wire. Nothing is appended by a call that throws. Thread: one at a time.
class BodyEncoder {
public:
    BodyEncoder() = default;

    /// Appends a piece of the body, with the framing it needs. An empty piece appends nothing.
    /// @throws ProtocolError `body_not_allowed` where there can be no body, `body_length_mismatch` past the length.
    void write(std::span<const char> piece, std::string& out);

    /// The same in three steps, for a caller that sends the payload from where it is: appends what goes before a piece
    /// of `size` bytes; then send the payload; then call `end_piece`.
    void begin_piece(std::size_t size, std::string& out);

    /// Appends what goes after the piece that was begun.
    void end_piece(std::string& out);

    /// Ends the body: for chunked framing appends the last chunk and the trailers, else nothing.
    /// @throws ProtocolError `body_length_mismatch` if bytes are missing, `trailers_need_chunked`,
    ///         `forbidden_trailer` for a field that frames, routes or authenticates.
    void finish(std::string& out, const Fields& trailers = {});

    /// How the body ends. `until_close`: the connection must be closed after the body.
    [[nodiscard]] auto framing() const noexcept -> BodyFraming { return framing_; }

    /// Was `finish` called?
    [[nodiscard]] auto is_finished() const noexcept -> bool { return is_finished_; }

private:
    friend class internal::HeadWriter;

    BodyEncoder(BodyFraming framing, std::uint64_t length) noexcept : left_(length), framing_(framing) {}

    std::uint64_t left_ = 0;
    BodyFraming framing_ = BodyFraming::none;
    bool is_in_chunk_ = false;
    bool is_finished_ = false;
};

/// Appends a request line and fields as they are, and tells how the body is to be written.
///
/// The framing is what the fields say: Content-Length, `Transfer-Encoding: chunked`, or neither for no body.
/// @throws ProtocolError for what a strict receiver would refuse: a method that is not a token, a target with
///         whitespace or in a form its method does not allow, no Host or two, Content-Length with Transfer-Encoding, a
///         coding other than chunked, a major version other than 1. `out` is unchanged then.
[[nodiscard]] auto write_head(const RequestHead& head, std::string& out) -> BodyEncoder;

/// Appends a status line and fields as they are, and tells how the body is to be written.
///
/// The framing is what the fields, the status and the request say: nothing for HEAD, 1xx, 204, 304 and 2xx to CONNECT;
/// else Content-Length, `Transfer-Encoding: chunked`, or until close if neither is there. No Date is added.
/// @param request_method the method of the request this answers.
/// @param client_version the version of that request: an HTTP/1.0 client gets neither chunks nor interim responses.
/// @throws ProtocolError `body_not_allowed` for a length or coding on 1xx, 204 or 2xx to CONNECT, `interim_to_http10`,
///         `bad_reason`, `bad_status_code`, and the framing rules as for requests. `out` is unchanged then.
[[nodiscard]] auto write_head(
    const ResponseHead& head, std::string_view request_method, Version client_version, std::string& out) -> BodyEncoder;

}  // namespace gyre::http

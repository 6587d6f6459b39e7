#include "answer.hpp"

#include "outgoing.hpp"

#include <gyre/core/errors.hpp>

#include <utility>

namespace gyre::http::internal {

Answer::Answer(const Outgoing& request) : method_(request.method), url_(request.url), redirects_(request.redirects) {}

auto Answer::text(std::size_t limit) -> Task<std::string> {
    const std::string too_long = "the body is longer than " + std::to_string(limit) + " bytes";
    // What is announced is not worth waiting for.
    const bool is_announced = !is_decoded_ && framing_ == BodyFraming::content_length &&
                              content_length_ - body_bytes_ > limit;
    if (is_announced) fail(RequestPhase::body, too_long, nullptr);
    try {
        auto text = co_await reader_.text(limit);
        co_return text;
    } catch (const LimitError&) {
        fail(RequestPhase::body, too_long, std::current_exception());
    }
}

auto Answer::take_stream() -> net::Stream {
    throw InvalidStateError("http::ClientResponse::take_stream: this response does not switch protocols");
}

void Answer::fail(RequestPhase phase, std::string_view reason, std::exception_ptr cause) {
    throw RequestError(phase, method_, url_.href(), peer_text_, reason, std::move(cause));
}

CannedAnswer::CannedAnswer(const Outgoing& request, ResponseHead head) : Answer(request) {
    head_ = std::move(head);
    if (head_.reason.empty()) head_.reason = default_reason(head_.status);
}

CannedAnswer::CannedAnswer(const Outgoing& request, ResponseHead head, std::string body)
    : CannedAnswer(request, std::move(head)) {
    if (!response_can_have_body(method_, head_.status)) return;
    framing_ = BodyFraming::content_length;
    content_length_ = body.size();
    piece_ = std::move(body);
    is_whole_ = true;
}

CannedAnswer::CannedAnswer(const Outgoing& request, ResponseHead head, BodyPieces pieces)
    : CannedAnswer(request, std::move(head)) {
    if (!response_can_have_body(method_, head_.status)) return;
    framing_ = BodyFraming::chunked;
    pieces_ = std::move(pieces);
}

auto CannedAnswer::read() -> Task<std::span<const char>> {
    if (pieces_) {
        piece_ = co_await pieces_();
        if (piece_.empty()) pieces_ = nullptr;
        body_bytes_ += piece_.size();
        co_return std::span<const char>(piece_);
    }
    if (!std::exchange(is_whole_, false)) co_return std::span<const char>();
    body_bytes_ = piece_.size();
    co_return std::span<const char>(piece_);
}

auto CannedAnswer::close() -> Task<void> {
    pieces_ = nullptr;
    is_whole_ = false;
    std::string().swap(piece_);
    co_return;
}

}  // namespace gyre::http::internal

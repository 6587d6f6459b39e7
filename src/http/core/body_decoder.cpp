#include "body_decoder.hpp"

namespace gyre::http::internal {

void BodyDecoder::start(BodyFraming framing, std::uint64_t content_length, std::uint64_t offset) {
    framing_ = framing;
    if (!trailers_.empty()) trailers_.clear();
    offset_ = offset;
    left_ = limit_;
    if (framing == BodyFraming::content_length) {
        if (content_length > limit_) refuse(Rule::body_too_large, offset);
        left_ = content_length;
    }
    if (framing == BodyFraming::chunked) chunks_.start(offset);
}

auto BodyDecoder::next(std::span<const char> input) -> Event {
    switch (framing_) {
    case BodyFraming::none:
        break;
    case BodyFraming::chunked:
        return chunks_.next(input, trailers_);
    case BodyFraming::content_length:
        if (left_ != 0) return read_counted(input);
        break;
    case BodyFraming::until_close:
        if (left_ == 0 && !input.empty()) refuse(Rule::body_too_large, offset_ + limit_);
        return read_counted(input);
    }
    return {EventKind::complete};
}

auto BodyDecoder::read_counted(std::span<const char> input) -> Event {
    if (input.empty()) return {};
    const auto piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), left_)));
    left_ -= piece.size();
    return {EventKind::body, piece.size(), piece};
}

}  // namespace gyre::http::internal

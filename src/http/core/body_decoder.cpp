#include "body_decoder.hpp"

namespace gyre::http::internal {

void BodyDecoder::start(BodyFraming framing, std::uint64_t content_length, std::uint64_t offset,
                        const Limits& limits) {
    framing_ = framing;
    if (!trailers_.empty()) trailers_.clear();
    offset_ = offset;
    limit_ = limits.body_bytes;
    left_ = framing == BodyFraming::content_length ? content_length : limits.body_bytes;
    if (framing == BodyFraming::content_length && content_length > limits.body_bytes) {
        refuse(Rule::body_too_large, offset);
    }
    if (framing == BodyFraming::chunked) chunks_.start(offset, limits);
}

auto BodyDecoder::next(std::span<const char> input) -> Event {
    switch (framing_) {
        case BodyFraming::none: break;
        case BodyFraming::chunked: return chunks_.next(input, trailers_);
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

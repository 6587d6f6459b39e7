#include "chunked_decoder.hpp"

#include <limits>

namespace gyre::http::internal {
namespace {

constexpr auto max_length = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr unsigned max_size_digits = 16;

}  // namespace

void ChunkedDecoder::start(std::uint64_t offset) noexcept {
    trailer_bytes_.release();
    offset_ = offset;
    size_ = total_ = overhead_ = 0;
    extension_bytes_ = 0;
    digits_ = 0;
    phase_ = Phase::size;
}

auto ChunkedDecoder::next(std::span<const char> input, Fields& trailers) -> Event {
    std::size_t at = 0;
    while (phase_ != Phase::trailers) {
        if (at == input.size()) return {EventKind::need_more, at};
        if (phase_ == Phase::data) {
            auto event = read_data(input.subspan(at));
            event.consumed += at;
            return event;
        }
        framing_byte(input[at]);
        ++at;
        ++offset_;
    }
    auto event = read_trailers(input.subspan(at), trailers);
    event.consumed += at;
    return event;
}

void ChunkedDecoder::framing_byte(char c) {
    count_overhead();
    switch (phase_) {
    case Phase::size:
        return size_byte(c);
    case Phase::size_lf:
        if (c != '\n') refuse(Rule::bare_cr, offset_ - 1);
        if (size_ != 0) {
            phase_ = Phase::data;
            return;
        }
        phase_ = Phase::trailers;
        trailer_scanner_.start(0, offset_ + 1);
        return;
    case Phase::data_cr:
        if (c != '\r') refuse(Rule::missing_crlf_after_chunk, offset_);
        phase_ = Phase::data_lf;
        return;
    case Phase::data_lf:
        if (c != '\n') refuse(Rule::missing_crlf_after_chunk, offset_);
        digits_ = 0;
        size_ = 0;
        phase_ = Phase::size;
        return;
    default:
        return extension_byte(c);
    }
}

void ChunkedDecoder::size_byte(char c) {
    const int digit = hex_value(c);
    if (digit < 0) return end_of_size(c);
    if (++digits_ > max_size_digits) refuse(Rule::chunk_size_too_long, offset_);
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);  // 16 digits fit exactly
}

void ChunkedDecoder::end_of_size(char c) {
    if (c == '\n') refuse(Rule::bare_lf, offset_);
    if (digits_ == 0 || (c != ';' && c != '\r')) refuse(Rule::bad_chunk_size, offset_);
    if (size_ > max_length || total_ > max_length - size_) refuse(Rule::chunk_size_overflow, offset_);
    total_ += size_;
    if (total_ > limits_->body_bytes) refuse(Rule::body_too_large, offset_);
    extension_bytes_ = 0;
    if (c == '\r') {
        phase_ = Phase::size_lf;
        return;
    }
    phase_ = Phase::extension_name_start;
    if (++extension_bytes_ > limits_->chunk_extension_bytes) refuse(Rule::chunk_extension_too_long, offset_);
}

void ChunkedDecoder::extension_byte(char c) {
    const bool may_end = phase_ == Phase::extension_name || phase_ == Phase::extension_token ||
                         phase_ == Phase::extension_after_quoted;
    if (may_end && c == '\r') {
        phase_ = Phase::size_lf;
        return;
    }
    if (c == '\n') refuse(Rule::bare_lf, offset_);
    if (is_forbidden_control(c)) refuse(Rule::bad_chunk_extension, offset_);
    if (++extension_bytes_ > limits_->chunk_extension_bytes) refuse(Rule::chunk_extension_too_long, offset_);
    if (may_end && c == ';') {
        phase_ = Phase::extension_name_start;
        return;
    }
    const bool is_token_byte = has_class(c, token_char);
    switch (phase_) {
    case Phase::extension_name_start:
        phase_ = Phase::extension_name;
        if (is_token_byte) return;
        break;
    case Phase::extension_name:
        if (c == '=') phase_ = Phase::extension_value_start;
        if (is_token_byte || c == '=') return;
        break;
    case Phase::extension_value_start:
        phase_ = c == '"' ? Phase::extension_quoted : Phase::extension_token;
        if (is_token_byte || c == '"') return;
        break;
    case Phase::extension_token:
        if (is_token_byte) return;
        break;
    case Phase::extension_quoted:
        if (c == '"') phase_ = Phase::extension_after_quoted;
        if (c == '\\') phase_ = Phase::extension_escape;
        return;
    case Phase::extension_escape:
        phase_ = Phase::extension_quoted;
        return;
    default:
        break;
    }
    refuse(Rule::bad_chunk_extension, offset_);
}

void ChunkedDecoder::count_overhead() {
    ++overhead_;
    if (overhead_ > total_ && overhead_ - total_ > limits_->chunk_overhead_bytes) {
        refuse(Rule::chunk_overhead_too_large, offset_);
    }
}

auto ChunkedDecoder::read_data(std::span<const char> input) -> Event {
    const auto piece = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), size_)));
    size_ -= piece.size();
    offset_ += piece.size();
    if (size_ == 0) phase_ = Phase::data_cr;
    return {EventKind::body, piece.size(), piece};
}

auto ChunkedDecoder::read_trailers(std::span<const char> input, Fields& trailers) -> Event {
    const auto end = trailer_bytes_.feed(input, [&](std::span<const char> data) -> std::size_t {
        if (!trailer_scanner_.scan(data, nullptr)) return 0;
        Fields all;
        trailer_scanner_.finish(data, all);
        trailers.clear();
        for (const auto field : all) {
            if (!is_forbidden_trailer(field.name)) trailers.add(field.name, field.value);
        }
        return trailer_scanner_.position();
    });
    if (end == 0) return {EventKind::need_more, input.size()};
    return {EventKind::complete, end};
}

}  // namespace gyre::http::internal

#include "output.hpp"

#include <gyre/core/random.hpp>

#include <span>
#include <utility>

namespace gyre::http::internal {
namespace {

constexpr std::size_t most_pong_bytes = 4096;
constexpr std::size_t kept_storage = 16 * 1024;

}  // namespace

auto WebSocketOutput::next_mask() -> const WebSocketMask& {
    if (!masks_frames_) return random_[0];
    if (next_random_ == random_.size()) {
        fill_random(std::as_writable_bytes(std::span(random_)));
        next_random_ = 0;
    }
    return random_[next_random_++];
}

void WebSocketOutput::fragment(std::string_view payload, WebSocketWriter::Fragment form) {
    writer_.fragment(queue_, payload, form, next_mask());
}

void WebSocketOutput::ping(std::string_view payload) { writer_.ping(queue_, payload, next_mask()); }

void WebSocketOutput::pong(std::string_view payload) {
    if (pongs_.size() > most_pong_bytes) pongs_.clear();
    writer_.pong(pongs_, payload, next_mask());
}

void WebSocketOutput::close(std::uint16_t code, std::string_view reason) {
    writer_.close(queue_, code, reason, next_mask());
}

auto WebSocketOutput::check_text(std::string_view piece, bool is_first, bool must_be_whole) noexcept -> bool {
    if (is_first) text_ = {};
    return text_.take(piece) && (!must_be_whole || text_.is_complete());
}

auto WebSocketOutput::take_batch() -> std::string_view {
    batch_.clear();
    if (batch_.capacity() > kept_storage) std::string().swap(batch_);
    batch_.swap(pongs_);
    if (batch_.empty()) {
        batch_.swap(queue_);
    } else {
        batch_.append(queue_);
        queue_.clear();
    }
    batch_left_ = batch_.size();
    return batch_;
}

}  // namespace gyre::http::internal

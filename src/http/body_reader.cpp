#include <gyre/http/body_reader.hpp>

#include <gyre/core/errors.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace {

[[noreturn]] void throw_too_long(std::string_view what, std::size_t limit) {
    throw LimitError(std::string(what) + " is longer than the limit of " + std::to_string(limit) + " bytes");
}

}  // namespace

auto BodyReader::held() const noexcept -> std::span<const char> {
    return std::span<const char>(buffer_).subspan(begin_);
}

void BodyReader::hold(std::span<const char> piece) {
    // Lines are taken off the front; moving the rest is paid once for each piece and not for each line.
    buffer_.erase(0, begin_);
    searched_ -= std::min(searched_, begin_);
    begin_ = 0;
    buffer_.append(piece.data(), piece.size());
}

auto BodyReader::take(std::size_t size) -> std::string {
    std::string taken = buffer_.substr(begin_, size);
    begin_ += size;
    searched_ = begin_;
    return taken;
}

auto BodyReader::read() -> Task<std::span<const char>> { return held().empty() ? source_->read() : read_held(); }

auto BodyReader::read_held() -> Task<std::span<const char>> {
    const auto piece = held();
    begin_ = searched_ = buffer_.size();
    co_return piece;
}

auto BodyReader::read_line(std::size_t limit) -> Task<std::optional<std::string>> {
    std::size_t end = 0;
    for (;;) {
        end = buffer_.find('\n', std::max(searched_, begin_));
        const bool is_there = end != std::string::npos;
        const auto size = (is_there ? end + 1 : buffer_.size()) - begin_;
        if (size > limit) throw_too_long("a line of the body", limit);
        if (is_there) break;
        searched_ = buffer_.size();
        const auto piece = co_await source_->read();
        if (piece.empty()) {
            if (held().empty()) co_return std::nullopt;
            co_return take(held().size());
        }
        hold(piece);
    }
    auto line = take(end + 1 - begin_);
    line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
    co_return line;
}

auto BodyReader::text(std::size_t limit) -> Task<std::string> {
    for (;;) {
        if (held().size() > limit) throw_too_long("the body", limit);
        const auto piece = co_await source_->read();
        if (piece.empty()) break;
        hold(piece);
    }
    co_return take(held().size());
}

}  // namespace gyre::http

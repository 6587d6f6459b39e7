#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gyre::internal {

/// Bytes that were read from a file and not yet asked for. Nothing is allocated before the first, nothing is zeroed.
class ReadAhead {
public:
    [[nodiscard]] auto text() const noexcept -> std::string_view { return {storage_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return end_ - begin_; }
    [[nodiscard]] auto empty() const noexcept -> bool { return begin_ == end_; }

    /// Room for at least `count` bytes behind what is there.
    [[nodiscard]] auto room(std::size_t count) -> std::span<std::byte> {
        if (capacity_ - end_ < count) make_room(count);
        return std::as_writable_bytes(std::span(storage_.get() + end_, capacity_ - end_));
    }
    /// `count` bytes of the room were filled.
    void add(std::size_t count) noexcept { end_ += count; }

    void consume(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) clear();
    }
    [[nodiscard]] auto take(std::size_t count) -> std::string {
        std::string taken(text().substr(0, count));
        consume(taken.size());
        return taken;
    }
    void clear() noexcept { begin_ = end_ = 0; }

private:
    void make_room(std::size_t count) {
        if (capacity_ - size() >= count && begin_ >= size()) {  // nothing overlaps, and moving is cheap
            std::memcpy(storage_.get(), storage_.get() + begin_, size());
        } else {
            const std::size_t capacity = std::max(size() + count, 2 * size());
            std::unique_ptr<char[]> larger(new char[capacity]);
            if (!empty()) std::memcpy(larger.get(), storage_.get() + begin_, size());
            storage_ = std::move(larger);
            capacity_ = capacity;
        }
        end_ -= begin_;
        begin_ = 0;
    }

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace gyre::internal

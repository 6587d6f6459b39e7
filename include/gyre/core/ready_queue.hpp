#pragma once

#include <gyre/core/callback.hpp>
#include <gyre/core/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace gyre::internal {

/// A first-in-first-out queue of what is ready on a loop: frames and callbacks, in a ring.
class ReadyQueue {
public:
    /// One thing that is ready: a frame or a callback.
    class Entry {
    public:
        explicit Entry(std::uintptr_t word) noexcept : word_(word) {}
        [[nodiscard]] auto is_frame() const noexcept -> bool { return (word_ & 1) == 0; }
        [[nodiscard]] auto frame() const noexcept -> Frame& { return *reinterpret_cast<Frame*>(word_); }
        [[nodiscard]] auto callback() const noexcept -> Callback& {
            return *reinterpret_cast<Callback*>(word_ & ~std::uintptr_t{1});
        }

    private:
        std::uintptr_t word_;
    };

    [[nodiscard]] auto empty() const noexcept -> bool { return head_ == tail_; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return tail_ - head_; }

    /// Room for `count` entries in all. @throws std::bad_alloc.
    void reserve(std::size_t count) {
        if (count > mask_ + 1) grow(count);
    }

    [[nodiscard]] auto capacity() const noexcept -> std::size_t { return mask_ + 1; }

    /// There is room: see `reserve`.
    void push(Frame& frame) noexcept { put(reinterpret_cast<std::uintptr_t>(&frame)); }
    void push(Callback& callback) noexcept { put(reinterpret_cast<std::uintptr_t>(&callback) | 1); }

    [[nodiscard]] auto pop() noexcept -> Entry { return Entry(ring_[head_++ & mask_]); }

    /// Moves the entry at `index` to the front, for a seeded order.
    void choose(std::size_t index) noexcept { std::swap(at(0), at(index)); }

private:
    auto at(std::size_t index) noexcept -> std::uintptr_t& { return ring_[(head_ + index) & mask_]; }
    void put(std::uintptr_t word) noexcept { ring_[tail_++ & mask_] = word; }
    void grow(std::size_t count);

    static constexpr std::size_t first_size = 64;
    std::unique_ptr<std::uintptr_t[]> ring_ = std::make_unique<std::uintptr_t[]>(
        first_size);                     ///< Frame*, or Callback* | 1.
    std::size_t mask_ = first_size - 1;  ///< The size is a power of two.
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace gyre::internal

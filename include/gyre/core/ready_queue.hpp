#pragma once

#include <gyre/core/callback.hpp>
#include <gyre/core/frame.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gyre::internal {

/// The one first-in-first-out queue of a loop: frames and callbacks, in a ring.
class ReadyQueue {
public:
    /// One thing that is ready: exactly one pointer is set.
    struct Entry {
        Frame* frame = nullptr;
        Callback* callback = nullptr;
    };

    [[nodiscard]] auto empty() const noexcept -> bool { return head_ == tail_; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return tail_ - head_; }

    /// Room for `count` entries in all. @throws std::bad_alloc.
    void reserve(std::size_t count) {
        if (count > ring_.size()) grow(count);
    }

    /// There is room: see `reserve`.
    void push(Frame& frame) noexcept { put(reinterpret_cast<std::uintptr_t>(&frame)); }
    void push(Callback& callback) noexcept { put(reinterpret_cast<std::uintptr_t>(&callback) | 1); }

    [[nodiscard]] auto pop() noexcept -> Entry {
        auto word = ring_[head_++ & (ring_.size() - 1)];
        if ((word & 1) != 0) return {nullptr, reinterpret_cast<Callback*>(word & ~std::uintptr_t{1})};
        return {reinterpret_cast<Frame*>(word), nullptr};
    }

    /// Moves the entry at `index` to the front, for a seeded order.
    void choose(std::size_t index) noexcept { std::swap(at(0), at(index)); }

private:
    auto at(std::size_t index) noexcept -> std::uintptr_t& { return ring_[(head_ + index) & (ring_.size() - 1)]; }
    void put(std::uintptr_t word) noexcept { ring_[tail_++ & (ring_.size() - 1)] = word; }
    void grow(std::size_t count);

    std::vector<std::uintptr_t> ring_ = std::vector<std::uintptr_t>(64);  ///< A power of two: Frame*, or Callback* | 1.
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace gyre::internal

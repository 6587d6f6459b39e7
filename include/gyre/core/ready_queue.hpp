#pragma once

#include <gyre/core/callback.hpp>
#include <gyre/core/frame.hpp>
#include <gyre/core/spawn_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace gyre::internal {

/// One thing that is ready: a frame or a callback.
class ReadyEntry {
public:
    explicit ReadyEntry(Frame& frame) noexcept : word_(reinterpret_cast<std::uintptr_t>(&frame)) {}
    explicit ReadyEntry(Callback& callback) noexcept : word_(reinterpret_cast<std::uintptr_t>(&callback) | 1) {}
    explicit ReadyEntry(std::uintptr_t word) noexcept : word_(word) {}

    [[nodiscard]] auto is_frame() const noexcept -> bool { return (word_ & 1) == 0; }
    [[nodiscard]] auto frame() const noexcept -> Frame& { return *reinterpret_cast<Frame*>(word_); }
    [[nodiscard]] auto callback() const noexcept -> Callback& {
        return *reinterpret_cast<Callback*>(word_ & ~std::uintptr_t{1});
    }
    [[nodiscard]] auto word() const noexcept -> std::uintptr_t { return word_; }

private:
    std::uintptr_t word_;  ///< Frame*, or Callback* | 1.
};

/// First in, first out, in a ring.
class ReadyRing {
public:
    [[nodiscard]] auto empty() const noexcept -> bool { return head_ == tail_; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return tail_ - head_; }
    [[nodiscard]] auto capacity() const noexcept -> std::size_t { return mask_ + 1; }
    /// How many have ever come and gone: the position of the next one to come, and of the one in front.
    [[nodiscard]] auto pushed() const noexcept -> std::size_t { return tail_; }
    [[nodiscard]] auto popped() const noexcept -> std::size_t { return head_; }

    /// Room for `count` entries in all. @throws std::bad_alloc.
    void reserve(std::size_t count) {
        if (count > mask_ + 1) grow(count);
    }
    /// There is room: see `reserve`.
    void push(ReadyEntry entry) noexcept { ring_[tail_++ & mask_] = entry.word(); }
    [[nodiscard]] auto pop() noexcept -> ReadyEntry { return ReadyEntry(ring_[head_++ & mask_]); }
    /// Moves the entry at `index` to the front.
    void choose(std::size_t index) noexcept { std::swap(at(0), at(index)); }

private:
    auto at(std::size_t index) noexcept -> std::uintptr_t& { return ring_[(head_ + index) & mask_]; }
    void grow(std::size_t count);

    static constexpr std::size_t first_size = 64;
    std::unique_ptr<std::uintptr_t[]> ring_ = std::make_unique<std::uintptr_t[]>(first_size);
    std::size_t mask_ = first_size - 1;  ///< The size is a power of two.
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// What is ready on a loop. It is one ring, until somebody asks for another priority than the normal one.
class ReadyQueue {
public:
    [[nodiscard]] auto empty() const noexcept -> bool {
        return normal_.empty() && (levels_ == nullptr || others_size() == 0);
    }
    [[nodiscard]] auto size() const noexcept -> std::size_t {
        return normal_.size() + (levels_ == nullptr ? 0 : others_size());
    }

    /// Room for `count` entries in all. @throws std::bad_alloc.
    void reserve(std::size_t count) {
        normal_.reserve(count);
        if (levels_ != nullptr) reserve_others(count);
    }
    /// For how many there is room without `reserve`.
    [[nodiscard]] auto capacity() const noexcept -> std::size_t { return levels_ == nullptr ? normal_.capacity() : 0; }

    /// There is room: see `reserve`.
    void push(Frame& frame) noexcept { normal_.push(ReadyEntry(frame)); }
    void push(Callback& callback) noexcept { normal_.push(ReadyEntry(callback)); }
    /// Only if `has_priorities`.
    void push(Frame& frame, Priority priority) noexcept;

    [[nodiscard]] auto pop() noexcept -> ReadyEntry { return levels_ == nullptr ? normal_.pop() : pop_by_priority(); }
    /// The ring of those with the normal priority: all, without `has_priorities`.
    [[nodiscard]] auto normal() noexcept -> ReadyRing& { return normal_; }

    /// For a seeded order: the entry at `index`, the oldest is 0, comes next, or next of its priority.
    void choose(std::size_t index) noexcept;

    /// From now on there are rings for the other priorities, with room for `count` entries. @throws std::bad_alloc.
    void use_priorities(std::size_t count);
    [[nodiscard]] auto has_priorities() const noexcept -> bool { return levels_ != nullptr; }

private:
    struct Levels {
        ReadyRing high;
        ReadyRing low;
        int high_in_a_row = 0;    ///< While others waited.
        int normal_in_a_row = 0;  ///< While low ones waited.
    };

    [[nodiscard]] auto others_size() const noexcept -> std::size_t;
    [[nodiscard]] auto pop_by_priority() noexcept -> ReadyEntry;
    void reserve_others(std::size_t count);

    ReadyRing normal_;
    std::unique_ptr<Levels> levels_;
};

}  // namespace gyre::internal

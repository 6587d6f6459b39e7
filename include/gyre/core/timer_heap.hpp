#pragma once

#include <gyre/backend/clock.hpp>

#include <cstddef>
#include <cstdint>

namespace gyre::internal {

class TimerHeap;

/// Something with a deadline; lives in whoever waits for it.
class Timer {
public:
    Timer() noexcept = default;
    /// Before it is armed.
    Timer(Timer&& other) noexcept : heap_index(other.heap_index), sequence(other.sequence) {}
    auto operator=(Timer&&) -> Timer& = delete;

    [[nodiscard]] auto armed() const noexcept -> bool { return heap_index != not_armed; }

    /// The deadline has passed; the timer is no longer armed.
    virtual void fire() noexcept = 0;

    static constexpr std::uint32_t not_armed = static_cast<std::uint32_t>(-1);
    std::uint32_t heap_index = not_armed;  ///< Written by the heap only.
    std::uint32_t sequence = 0;  ///< The same; orders equal deadlines by its differences, so it may wrap around.

protected:
    ~Timer() = default;

    /// A value of the owner's that uses this place until it is armed: who sleeps in great numbers has no other.
    void keep(std::int64_t value) noexcept {
        heap_index = static_cast<std::uint32_t>(value);
        sequence = static_cast<std::uint32_t>(value >> 32);
    }
    /// The same, once; the timer can be armed then.
    [[nodiscard]] auto take_kept() noexcept -> std::int64_t {
        const auto low = static_cast<std::int64_t>(heap_index);
        heap_index = not_armed;
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(sequence) << 32) | low;
    }
};

/// The deadlines of a loop: a 4-ary heap with inline keys; equal deadlines fire in the order of their insertion.
///
/// A timer that is cancelled leaves a dead entry behind, so that nothing moves: it goes when it comes up, or together with
/// the others as soon as they are more than half. A wheel can replace it behind the same four operations.
class TimerHeap {
public:
    TimerHeap() noexcept = default;
    TimerHeap(const TimerHeap&) = delete;
    auto operator=(const TimerHeap&) -> TimerHeap& = delete;
    ~TimerHeap();

    /// Room for one more timer, so that the next `insert` cannot fail. @throws std::bad_alloc.
    void reserve_one() {
        if (size_ == capacity_) grow();
    }
    /// Arms a timer that is not. @throws std::bad_alloc, unless `reserve_one` was called since the last insert.
    void insert(Timer& timer, Time deadline);
    /// Disarms it; no effect if it is not armed.
    void cancel(Timer& timer) noexcept;
    /// The earliest deadline; `Time::max()` if there is none.
    [[nodiscard]] auto next() noexcept -> Time;
    /// Takes out the earliest timer that is due at `now`, or null.
    [[nodiscard]] auto pop(Time now) noexcept -> Timer*;
    /// The deadline of an armed timer.
    [[nodiscard]] auto deadline(const Timer& timer) const noexcept -> Time { return heap_[timer.heap_index].deadline; }
    /// How many were ever armed, and how many of them have fired; both wrap around.
    [[nodiscard]] auto armed_count() const noexcept -> std::uint32_t { return sequence_; }
    [[nodiscard]] auto fired_count() const noexcept -> std::uint32_t { return fired_; }
    /// How many are armed.
    [[nodiscard]] auto size() const noexcept -> std::size_t { return size_ - dead_; }
    /// Calls `function` with each that is armed, in no order.
    template<class F>
    void for_each(F&& function) const {
        for (std::size_t i = 0; i < size_; ++i) {
            if (!heap_[i].dead()) function(*heap_[i].timer());
        }
    }

private:
    struct Entry {
        Time deadline;
        std::uintptr_t word;  ///< Timer*; once that is cancelled, its sequence * 2 + 1.

        [[nodiscard]] auto dead() const noexcept -> bool { return (word & 1) != 0; }
        [[nodiscard]] auto timer() const noexcept -> Timer* { return reinterpret_cast<Timer*>(word); }
        [[nodiscard]] auto sequence() const noexcept -> std::uint32_t {
            return dead() ? static_cast<std::uint32_t>(word >> 1) : timer()->sequence;
        }
    };
    [[nodiscard]] static auto before(const Entry& left, const Entry& right) noexcept -> bool {
        if (left.deadline == right.deadline) [[unlikely]]
            return static_cast<std::int32_t>(left.sequence() - right.sequence()) < 0;
        return left.deadline < right.deadline;
    }
    void place(std::size_t index, const Entry& entry) noexcept;
    void sift_up(std::size_t index, const Entry& entry) noexcept;
    void sift_down(std::size_t index, const Entry& entry) noexcept;
    void remove_first() noexcept;
    void remove_dead() noexcept;
    void grow();

    Entry* heap_ = nullptr;  ///< Placed so that the four children of an entry share a cache line.
    std::size_t size_ = 0;   ///< With the dead ones.
    std::size_t dead_ = 0;
    std::size_t capacity_ = 0;
    std::uint32_t sequence_ = 0;
    std::uint32_t fired_ = 0;
};

}  // namespace gyre::internal

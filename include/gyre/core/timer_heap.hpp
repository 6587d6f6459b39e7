#pragma once

#include <gyre/backend/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gyre::internal {

class TimerHeap;

/// Something with a deadline; lives in whoever waits for it.
class Timer {
public:
    Timer() noexcept = default;
    Timer(Timer&& other) noexcept { static_cast<void>(other); }  // before it is armed there is nothing to move
    auto operator=(Timer&&) -> Timer& = delete;

    [[nodiscard]] auto armed() const noexcept -> bool { return heap_index != not_armed; }

    /// The deadline has passed; the timer is no longer armed.
    virtual void fire() noexcept = 0;

    static constexpr std::size_t not_armed = static_cast<std::size_t>(-1);
    std::size_t heap_index = not_armed;  ///< Written by the heap only.

protected:
    ~Timer() = default;
};

/// The deadlines of a loop: a 4-ary heap with inline keys; equal deadlines fire in the order of their insertion.
/// A wheel can replace it behind the same four operations.
class TimerHeap {
public:
    /// Room for one more timer, so that the next `insert` cannot fail. @throws std::bad_alloc.
    void reserve_one() {
        if (heap_.size() == heap_.capacity()) heap_.reserve(heap_.size() * 2 + 16);
    }
    /// Arms a timer that is not. @throws std::bad_alloc, unless `reserve_one` was called since the last insert.
    void insert(Timer& timer, Time deadline);
    /// Disarms it; no effect if it is not armed.
    void cancel(Timer& timer) noexcept;
    /// The earliest deadline; `Time::max()` if there is none.
    [[nodiscard]] auto next() const noexcept -> Time { return heap_.empty() ? Time::max() : heap_.front().deadline; }
    /// Takes out the earliest timer that is due at `now`, or null.
    [[nodiscard]] auto pop(Time now) noexcept -> Timer*;
    /// The deadline of an armed timer.
    [[nodiscard]] auto deadline(const Timer& timer) const noexcept -> Time { return heap_[timer.heap_index].deadline; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return heap_.size(); }

private:
    struct Entry {
        Time deadline;
        std::uint64_t sequence;
        Timer* timer;
    };
    [[nodiscard]] static auto before(const Entry& left, const Entry& right) noexcept -> bool {
        return left.deadline != right.deadline ? left.deadline < right.deadline : left.sequence < right.sequence;
    }
    void place(std::size_t index, const Entry& entry) noexcept;
    void sift_up(std::size_t index, const Entry& entry) noexcept;
    void sift_down(std::size_t index, const Entry& entry) noexcept;
    void remove(std::size_t index) noexcept;

    std::vector<Entry> heap_;
    std::uint64_t sequence_ = 0;
};

}  // namespace gyre::internal

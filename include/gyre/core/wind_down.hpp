#pragma once

#include <atomic>
#include <cstddef>
#include <span>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// The end of a run on several loops: none lets go of its backend before all are without tasks, for until then they may be
/// at work for each other.
///
/// A task that has sent work to another loop is there until the answer has come. So as long as any work is under way at
/// least one loop counts as busy, and once none does, none can become busy again by another's doing.
class WindDown {
public:
    /// Every one of `loops` counts as busy, and those that have not been made too.
    void begin(std::span<EventLoop* const> loops) noexcept {
        loops_ = loops;
        busy_.store(loops.size());
    }
    /// A loop says whether it has tasks. @param counted what it said last, at first true. Thread: the loop's.
    void update(bool& counted, bool busy) noexcept;
    /// All are without tasks. Thread: any.
    [[nodiscard]] auto is_over() const noexcept -> bool { return over_.load(); }

private:
    std::span<EventLoop* const> loops_;
    std::atomic<std::size_t> busy_{0};
    std::atomic<bool> over_{false};
};

}  // namespace gyre::internal

#pragma once

#include <gyre/backend/clock.hpp>

#include <cstdint>

namespace gyre {

/// How exactly a loop measures its tasks; see `RunOptions::timing` and `EventLoop::set_timing`.
enum class Timing : std::uint8_t {
    off,      ///< No figures of tasks; the clock is read once a turn for the timers.
    sampled,  ///< Figures of the loop: one turn in 16, and one delay in it, each wait for I/O to the turn; the clock is read once a turn. The default.
    exact,    ///< Figures of every task: one stamp a resume, about 12 to 35 ns.
};

/// What a task cost, in nanoseconds. The four parts partition its life exactly:
/// `lifetime() == init + delay + process + wait`. All zero unless `Timing::exact`.
///
/// A wake-up that happens inside another task's slice is dated at the start of that slice.
struct TaskStats {
    std::int64_t init = 0;         ///< T_init: from spawn to the first entry into the ready queue.
    std::int64_t delay = 0;        ///< D_total: in the ready queue, over all resumes.
    std::int64_t process = 0;      ///< T_process: running, the sum of all slices.
    std::int64_t wait = 0;         ///< T_wait: suspended on something.
    std::int64_t first_delay = 0;  ///< D_schedule: the part of `delay` before the first run.
    std::int64_t resumes = 0;      ///< How many slices.

    [[nodiscard]] auto lifetime() const noexcept -> std::int64_t { return init + delay + process + wait; }
    /// T_queue: from spawn to the first run.
    [[nodiscard]] auto queue() const noexcept -> std::int64_t { return init + first_delay; }
    /// T_task = T_init + T_process.
    [[nodiscard]] auto task() const noexcept -> std::int64_t { return init + process; }
    /// E_exec = T_process + D_schedule.
    [[nodiscard]] auto exec() const noexcept -> std::int64_t { return process + first_delay; }
};

namespace internal {

/// Follows one task through its life. A task with several branches runs if one runs, else is ready if one is ready.
class TaskClock {
public:
    void spawned(Time now) noexcept { last_ = now; }
    void queued(Time now) noexcept {
        if (ready_++ == 0 && phase_ != Phase::running) enter(Phase::ready, now);
    }
    /// @return how long it was ready.
    auto resumed(Time now) noexcept -> Duration {
        if (ready_ > 0) --ready_;
        const Duration delay = phase_ == Phase::ready ? now - last_ : Duration::zero();
        enter(Phase::running, now);
        ++stats_.resumes;
        return delay;
    }
    /// Goes on with its slice, in the middle of which another task ran.
    void continued(Time now) noexcept {
        if (phase_ != Phase::ended) enter(Phase::running, now);
    }
    void suspended(Time now) noexcept {
        if (phase_ == Phase::running) enter(ready_ > 0 ? Phase::ready : Phase::waiting, now);
    }
    void ended(Time now) noexcept {
        if (phase_ != Phase::ended) enter(Phase::ended, now);
    }
    /// The figures until `now`, or of the whole life if it has ended.
    [[nodiscard]] auto stats(Time now) const noexcept -> TaskStats {
        TaskClock copy = *this;
        copy.ended(now);
        return copy.stats_;
    }

private:
    enum class Phase : std::uint8_t { spawned, ready, running, waiting, ended };

    void enter(Phase next, Time now) noexcept {
        const std::int64_t passed = (now - last_).count();
        switch (phase_) {
        case Phase::spawned:
            stats_.init += passed;
            break;
        case Phase::ready:
            stats_.delay += passed;
            if (stats_.resumes == 0) stats_.first_delay += passed;
            break;
        case Phase::running:
            stats_.process += passed;
            break;
        case Phase::waiting:
            stats_.wait += passed;
            break;
        case Phase::ended:
            return;
        }
        phase_ = next;
        last_ = now;
    }

    TaskStats stats_;
    Time last_{};
    std::uint32_t ready_ = 0;
    Phase phase_ = Phase::spawned;
};

}  // namespace internal
}  // namespace gyre

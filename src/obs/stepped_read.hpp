#pragma once

#include "obs/task_reader.hpp"

#include <cstddef>
#include <memory>

namespace gyre::obs {

/// Who asks a loop for its tasks, from wherever. Thread: the loop's that is asked.
class TaskAsker {
public:
    TaskAsker() = default;
    TaskAsker(const TaskAsker&) = delete;
    auto operator=(const TaskAsker&) -> TaskAsker& = delete;
    virtual ~TaskAsker() = default;

    /// Nobody waits for the answer any more.
    [[nodiscard]] virtual auto is_gone() const noexcept -> bool = 0;
    /// The loop is at it, and runs its own work now. @param so_far what has been read.
    virtual void goes_on(const RawSnapshot& so_far) noexcept = 0;
    /// All that there is, or what could be read before the loop closed or memory ended; then it is not complete.
    virtual void answer(std::shared_ptr<RawSnapshot> raw) noexcept = 0;
};

/// How many tasks a step reads at most, also where the clock is slow or stands still.
inline constexpr std::size_t most_tasks_in_a_step = 4096;

/// Has the tasks of a loop read, in steps of half a millisecond and `most_in_a_step` at most; between two of them is a turn of
/// the loop, with its I/O and timers. Several may ask at once, and are served one after the other.
/// @throws LoopError if it is closed. Thread: any.
void read_in_steps(EventLoop& loop, std::size_t most_tasks, std::shared_ptr<TaskAsker> asker,
    std::size_t most_in_a_step = most_tasks_in_a_step);

}  // namespace gyre::obs

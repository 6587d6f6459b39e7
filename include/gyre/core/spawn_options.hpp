#pragma once

#include <gyre/backend/clock.hpp>

#include <cstdint>
#include <string_view>

namespace gyre {

class EventLoop;
class Executor;

/// Which of the ready tasks runs first. Tasks of one priority run first in, first out, callbacks with the normal ones.
///
/// No priority starves: while others wait, one turn in nine goes to the next lower priority.
enum class Priority : std::uint8_t {
    low,
    normal,
    high,
};

/// When a spawned task runs first.
enum class Start : std::uint8_t {
    queued,  ///< After what is ready now.
    eager,   ///< At once, inside `spawn`, until its first wait; it may have ended when `spawn` returns.
};

/// How a task is spawned.
struct SpawnOptions {
    std::string_view name = {};  ///< Shown in dumps and errors; copied at once. Empty: the place of the spawn is shown.
    Executor* executor = nullptr;  ///< Where an ordinary function runs (gyre/exec/spawn.hpp); not for coroutines.
    Priority priority = Priority::normal;  ///< Of this task; what it spawns has its own.
    Start start = Start::queued;
    EventLoop* loop = nullptr;    ///< Where the work runs, as `on(*loop, work)`; the task and its handle stay here.
    Time deadline = Time::max();  ///< Then the task is cancelled, and ends with TimeoutError unless it ends otherwise.
};

}  // namespace gyre

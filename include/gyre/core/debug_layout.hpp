#pragma once

/// What share/gyre/gdb/gyre.py needs to read the tasks of a process, or of its core file, without any code that runs in it and
/// without debug information of types: where the loops are, and where in them things lie.
namespace gyre::internal {

class Scheduler;

/// Enters a loop in the table `gyre_schedulers`, if there is room. Thread: any.
void show_to_debuggers(const Scheduler& scheduler) noexcept;
void hide_from_debuggers(const Scheduler& scheduler) noexcept;

}  // namespace gyre::internal

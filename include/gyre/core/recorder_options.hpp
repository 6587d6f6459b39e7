#pragma once

#include <gyre/backend/clock.hpp>

#include <cstddef>

namespace gyre {

namespace obs {
struct Recording;
}  // namespace obs

/// What a recorder keeps, and what stops it; see <gyre/obs/recorder.hpp>.
///
/// A trigger is for what happens rarely: the recorder stops, so that what came before is kept, and `on_trigger` gets it.
struct RecorderOptions {
    bool on = false;                ///< For `RunOptions`: from the start. `obs::start_recording` does not look at it.
    std::size_t bytes = 4U << 20;   ///< Of each loop; 64 KiB to 1 GiB, rounded up to a power of two. An event takes 32.
    bool stop_on_stall = false;     ///< A trigger: a stall that is reported; see `RunOptions::stall_limit`.
    bool stop_on_deadlock = false;  ///< A trigger: a circle of tasks, or simulated time that cannot go on.
    /// Triggers: one in a hundred turns of the loop takes longer, or one in a hundred tasks waits longer for its turn, within a
    /// second or more; 0: none. The limit of the delay switches `Timing::exact` on.
    Duration turn_limit = Duration::zero();
    Duration delay_limit = Duration::zero();
    /// Gets the recording of all loops of the run, whose `reason` says which trigger it was; null: it is there to be asked for.
    /// Must not throw. Thread: the loop's that saw it; for stalls the one that finds them.
    void (*on_trigger)(const obs::Recording& recording) = nullptr;
};

}  // namespace gyre

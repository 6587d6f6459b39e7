#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/recorder_options.hpp>
#include <gyre/obs/recording.hpp>

#include <span>
#include <string_view>

/// The recorder: the last events of each loop in memory, for who asks afterwards. Off, it costs nothing; on, about 20 ns an event.
namespace gyre::obs {

/// From now on `loop` records what happens on it; what it had recorded before is gone. A loop that runs on another thread begins
/// as soon as it comes back from what it does.
/// @throws std::invalid_argument for options that make no sense; LoopError if the loop is closed; InvalidStateError if another
/// thread started it at the same moment: one of them has, with its options; std::bad_alloc.
/// Thread: any; of a loop that does not run, the one that runs or closes it next, or one with a loop of its own.
/// Source: Java's Flight Recorder, Go's trace.FlightRecorder.
void start_recording(EventLoop& loop, const RecorderOptions& options = {});

/// The same for each of several loops: `siblings()` of one, or `loops()`.
void start_recording(std::span<EventLoop* const> loops, const RecorderOptions& options = {});

/// Nothing more is recorded, from this moment; what there is stays until the next start. Thread: any.
void stop_recording(EventLoop& loop);
void stop_recording(std::span<EventLoop* const> loops);

/// Whether what happens on `loop` is recorded. Thread: any.
[[nodiscard]] auto is_recording(const EventLoop& loop) -> bool;

/// What a loop has recorded and not overwritten, or of that what happened in the last `last`; nothing if it never did.
/// The loop does not stand still for it, and may be blocked or have ended its work. On the loop's own thread also what its tasks
/// wait for that have no event there: about a microsecond for each task. Thread: any.
[[nodiscard]] auto recording(const EventLoop& loop, AnyDuration last = Duration::max()) -> Recording;

/// The same of several loops, in one.
[[nodiscard]] auto recording(std::span<EventLoop* const> loops, AnyDuration last = Duration::max()) -> Recording;

/// Stops the recorders of a whole run and hands their recording to `RecorderOptions::on_trigger`, as a trigger does: for triggers
/// of the program's own. No effect if `loop` does not record. Thread: any.
void trigger_recorder(EventLoop& loop, std::string_view reason);

}  // namespace gyre::obs

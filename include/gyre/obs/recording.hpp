#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/io_kind.hpp>
#include <gyre/core/wait_record.hpp>
#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

/// What happened to a task, or to its loop.
enum class EventKind : std::uint8_t {
    spawn,     ///< `other`: the task that spawned it.
    wake,      ///< It is ready; `by` says for whose sake, `other` is that task.
    run,       ///< A slice begins.
    pause,     ///< The slice is over; the task waits, or is ready again. `wait`, `stack`, `object` say for what.
    end,       ///< The task is over; `outcome`.
    cancel,    ///< Somebody (`other`) asked for it; `cancel`, `place`, `object`: the reason.
    io_begin,  ///< An operation that makes it wait; `io`, `value`: the descriptor, or -1.
    io_end,    ///< `io`, `value`: its result, or a negative errno.
    turn,      ///< Of the loop: `value` tasks live, `ready` entries are ready.
    found,     ///< It was there when the recorder began; if it waited, a `pause` follows. Of the first 4096 tasks.
};

/// What woke a task.
enum class WakeBy : std::uint8_t {
    task,      ///< Another task, or itself.
    io,        ///< The backend: an operation has ended.
    timer,     ///< A deadline.
    callback,  ///< A function that was given to the loop: also what another thread or loop has posted.
};

/// How a task ended.
enum class TaskOutcome : std::uint8_t { value, error, cancelled };

/// One thing that happened. Numbers of tasks, stacks and texts are those of `Recording`; 0: none, or not known.
struct RecordedEvent {
    Time when{};
    EventKind kind = EventKind::turn;
    WakeBy by = WakeBy::task;   ///< Of a `wake`.
    bool to_stop = false;       ///< Of a `wake`: since it was cancelled.
    bool starts_slice = false;  ///< Of a `run`: false if it goes on with a slice that another task's eager start broke.
    WaitKind wait = WaitKind::other;           ///< Of a `pause` with a `stack`.
    TaskOutcome outcome = TaskOutcome::value;  ///< Of an `end`.
    CancelKind cancel = CancelKind::request;   ///< Of a `cancel`.
    IoKind io = IoKind::other;                 ///< Of `io_begin` and `io_end`.
    std::uint32_t task = 0;
    std::uint32_t other = 0;
    std::uint32_t stack = 0;   ///< Of a `pause`: the chain of awaits that the task stands at.
    std::uint32_t object = 0;  ///< A text: the name of what is waited for, the reason of a cancellation.
    std::uint32_t ready = 0;   ///< Of a `turn`.
    std::int64_t value = 0;    ///< See the kinds; of a `pause` the descriptor, or -1.
    Place place{};             ///< Of a `cancel`.
};

/// A task that is spoken of, though it may be long gone.
struct RecordedTask {
    std::string name;  ///< Empty if it was given none.
    Place spawned;
    std::size_t loop = 0;

    /// The name, or "main.cpp:20".
    [[nodiscard]] auto title() const -> std::string;
};

/// What one loop has recorded, the oldest first.
struct LoopRecording {
    std::size_t loop = 0;
    std::string backend;
    std::uint64_t overwritten = 0;  ///< How many events are lost, since they were too old.
    Time begin{};  ///< From here on all is told: the start, the oldest event that is left, or how far back was asked for.
    Time end{};  ///< When it was read, or stopped. In simulated time what another thread reads ends with the last event.
    /// What its tasks were already doing at `begin`, as far as that is known: of each its `pause`, and a `wake` or `run` if it did
    /// not wait. They are dated when that began, or at `begin`.
    std::vector<RecordedEvent> standing;
    std::vector<RecordedEvent> events;  ///< From `begin` on.
};

/// What several loops have recorded.
struct Recording {
    std::string reason;  ///< What stopped it: a trigger; else empty.
    std::vector<LoopRecording> loops;
    std::vector<RecordedTask> tasks;         ///< Number n is at n - 1.
    std::vector<std::vector<Place>> stacks;  ///< Likewise; the outermost line first.
    std::vector<std::string> texts;          ///< Likewise.

    /// Of a number that is not 0.
    [[nodiscard]] auto task(std::uint32_t number) const -> const RecordedTask& { return tasks[number - 1]; }
    [[nodiscard]] auto text(std::uint32_t number) const -> std::string_view {
        return number == 0 ? std::string_view() : texts[number - 1];
    }
};

/// What a trace says of the process.
struct PerfettoOptions {
    std::string_view process = "gyre";
    int pid = 1;
};

/// Writes a trace that https://ui.perfetto.dev opens (`.pftrace`): a track for each loop with a slice for each time a task runs,
/// the tasks that are ready and that live as counters; a track for each task that says when it ran, was ready, and what it waited
/// for, beside its operations; arrows from who wakes to who runs. What tasks do at `end` is drawn until there.
/// Source: the protobuf schema perfetto/trace/trace.proto, TracePacket and TrackEvent.
void write_perfetto(std::ostream& out, const Recording& recording, const PerfettoOptions& options = {});

/// What a flame graph is made of.
enum class FoldedKind : std::uint8_t {
    running,  ///< How long tasks ran: by the line that they went on from.
    waiting,  ///< How long they were suspended: by the line that they stood at, and what they waited for.
};

/// "running", "waiting"
[[nodiscard]] auto to_string(FoldedKind kind) noexcept -> std::string_view;

/// Writes folded stacks, as flamegraph.pl, inferno and https://speedscope.app read them: "task;main.cpp:12 amain;... 4711",
/// one line for each place, in nanoseconds, sorted. What had begun before `begin` or not ended counts from or until there.
void write_folded(std::ostream& out, const Recording& recording, FoldedKind kind);

}  // namespace gyre::obs

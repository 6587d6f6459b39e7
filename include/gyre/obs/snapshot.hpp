#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/io_kind.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/spawn_options.hpp>
#include <gyre/core/task_clock.hpp>
#include <gyre/core/wait_record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Seeing inside: what the tasks of a loop do at this moment, as data and as text.
namespace gyre::obs {

/// A line of source. Its texts are the compiler's, and always valid.
struct Place {
    std::string_view file;      ///< Without its folders.
    std::string_view function;  ///< Name alone: "wait_inside"; empty if the compiler gives none that can be read.
    std::uint_least32_t line = 0;
    bool is_of_library = false;  ///< It is gyre's own, and not the program's.
};

/// One `co_await` of a chain.
struct Await {
    Place place;
    std::string scope;  ///< What the awaits after this one run inside of: "scope, 1.5 s left", "group 'workers'". Mostly empty.
};

/// A task that has a part of what others wait for.
struct Holder {
    std::string task;
    std::uint64_t id = 0;
    bool ended = false;  ///< It has gone, and what it took was not given back.
};

/// What a task is suspended on.
struct WaitInfo {
    WaitKind kind = WaitKind::other;
    std::string object;             ///< Its name: of the lock, the peer of the socket...
    const void* address = nullptr;  ///< Of the object: equal for all who wait for the same.
    std::string_view action;        ///< What is done with it, where that is not clear: "receive".
    int descriptor = -1;
    std::string owner;                ///< The task that can end the wait: it holds the lock, or is joined.
    std::uint64_t owner_id = 0;       ///< Its `TaskInfo::id`; 0: none is known.
    bool owner_ended = false;         ///< It has gone, and what it took was not given back.
    std::size_t waiting = 0;          ///< How many wait for the object; 0: not known.
    std::size_t used = 0;             ///< Of `bound`: items, permits...
    std::size_t bound = 0;            ///< 0: none.
    std::optional<std::size_t> loop;  ///< Which loop works for this wait, if another one does; `owner` is the task there.
    std::vector<Holder> holders;      ///< Who has the permits, as far as that is known; at most 8.
    std::optional<Duration> left;     ///< Until the deadline of the wait; negative if that has passed.
    std::string text;                 ///< All of this in words.
};

/// A cancellation that has not yet been answered by ending.
struct Cancelled {
    CancelKind kind = CancelKind::request;
    std::string text;  ///< Why, where and by whom.
    Duration since{};
};

/// A chain of awaits, the outermost first.
struct Stack {
    std::vector<Await> awaits;
    std::optional<WaitInfo> wait;  ///< None: it runs, or is ready to.
    std::vector<Stack> branches;   ///< Of a `gather` or `race`, as long as they run.
    Time limit = Time::max();      ///< When a time limit that it is inside of ends it; of the loop's clock.
    bool yields = false;           ///< It is ready because it asked to be: `yield_now`.
    /// Of one that is ready: what it waited on. None: it has not begun, or is ready and runs.
    std::optional<WaitKind> woken_from;
    /// The outermost scope inside of the task that was cancelled and has not ended: a time limit that has passed, the branches of a
    /// race that is won. What was cancelled with the whole task is not told here. It is in the texts of scope or wait as well.
    std::optional<Cancelled> part_cancelled;
    bool lost = false;  ///< It is suspended and nothing knows of it: a mistake of an awaitable, or of this library.
};

enum class TaskState : std::uint8_t {
    running,  ///< It is the one whose code runs now.
    ready,    ///< It has what it waited for, or has not begun, and waits for its turn.
    waiting,
};

/// "running", "ready", "waiting"
[[nodiscard]] auto to_string(TaskState state) noexcept -> std::string_view;

struct TaskInfo {
    std::uint64_t id = 0;      ///< Of no other task that lives now, on any loop.
    std::uint64_t parent = 0;  ///< Whose group it is in; 0: none's.
    std::string name;          ///< Empty if it was given none.
    Place spawned;
    TaskState state = TaskState::waiting;
    Priority priority = Priority::normal;
    std::optional<Duration> age;     ///< Known of tasks with a name or another option, and of all with `Timing::exact`.
    std::optional<TaskStats> stats;  ///< With `Timing::exact`.
    std::optional<Cancelled> cancelled;
    std::string sender;  ///< The task on another loop that it works for: "task 'alice' of loop 0"; mostly empty.
    std::uint64_t sender_id = 0;  ///< Its `id`; 0: none.
    Stack stack;
};

/// A socket that is open.
struct SocketInfo {
    int descriptor = -1;
    std::string name;     ///< Its peer, or where it listens.
    Place opened;         ///< The line of the program that had it opened; nothing if that is not known.
    std::string opener;   ///< The task that did, if it has a name.
    bool in_use = false;  ///< An operation is in flight.
};

/// A Task that was made and dropped without being awaited or spawned.
struct NeverStarted {
    Place function;
    std::string by;  ///< The task that dropped it.
};

/// The slice that took longest, with `Timing::exact`.
struct LongSlice {
    Duration length{};
    std::string task;
    std::uint64_t task_id = 0;
    Place after;  ///< The `co_await` that it began with.
};

/// How long things took: half of them at most `p50`, and so on, to within an eighth.
struct Figures {
    std::uint64_t count = 0;
    Duration p50{};
    Duration p90{};
    Duration p99{};
    Duration longest{};
};

/// A loop and its tasks.
struct Snapshot {
    std::size_t loop = 0;  ///< Which of its run.
    std::string backend;
    std::vector<TaskInfo> tasks;  ///< Parents before their children.
    std::size_t task_count = 0;   ///< More than in `tasks` if there were too many.
    std::size_t ready = 0;        ///< Entries of the ready queue.
    std::size_t timers = 0;
    std::size_t in_flight = 0;          ///< Operations that the backend has.
    std::size_t unreceived_errors = 0;  ///< That nobody received, since the loop was made.
    std::vector<std::string> errors;    ///< The first of them, unless a handler was told; at most 8.
    Time taken{};                       ///< By the loop's clock.
    std::uint64_t beat = 0;             ///< Of the turn of the loop.
    std::uint64_t turns = 0;            ///< Since the loop was made, as the next.
    std::uint64_t slices = 0;           ///< Of tasks, and callbacks; to some hundred.
    std::size_t expected_posts = 0;     ///< Threads that have said that they will post.
    std::uint32_t timers_armed = 0;     ///< Since the loop was made; wraps around, as the next.
    std::uint32_t timers_fired = 0;
    std::vector<SocketInfo> sockets;          ///< At most 10,000.
    std::vector<NeverStarted> never_started;  ///< The first ones.
    std::uint64_t never_started_count = 0;
    LongSlice longest_slice;
    CancelCounts cancelled{};  ///< What was cancelled and has ended, by kind.
    Figures turn;              ///< Turns of the loop, of which one in 16 is measured.
    Figures slice;  ///< What a task does between two waits: of each such turn the first, or with `Timing::exact` all.
    Figures delay;  ///< From a wake-up to the task's turn: one of each such turn, or with `Timing::exact` all.
    /// By `IoKind`: how long tasks were suspended for I/O, to the turn. What ended at once is not in it.
    std::array<Figures, io_kind_count> io{};
    // Of a loop that was asked from outside and did not answer; it has no `errors`, `never_started` and `longest_slice`:
    std::optional<Duration> blocked_for;    ///< How long its turn lasts already.
    std::string blocked_by;                 ///< Why: "system call (nanosleep)"; empty if nobody has looked for it.
    std::vector<std::string> thread_stack;  ///< Of its thread, the innermost first.
    bool is_read = true;                    ///< False: nothing could be read, and all else is empty.
    std::size_t steps = 1;  ///< In how many the tasks were read. If not in one, the loop went on in between.
};

/// How much is looked at.
struct SnapshotOptions {
    std::size_t most_tasks = 1'000'000;
    std::size_t most_awaits = 64;  ///< Of one chain; the innermost are kept.
};

/// What the tasks of `loop` do now. It changes nothing; the loop stands still meanwhile: about a microsecond for each task, most
/// of it for texts. Of a loop that is asked through the control socket another thread makes these.
/// @throws LoopError if it runs on another thread. Thread: the loop's; between two runs any.
[[nodiscard]] auto snapshot(EventLoop& loop, const SnapshotOptions& options = {}) -> Snapshot;

/// The same of the loop that runs on this thread. @throws LoopError if there is none.
[[nodiscard]] auto snapshot(const SnapshotOptions& options = {}) -> Snapshot;

}  // namespace gyre::obs

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

/// What is wrong, or may be.
enum class Rule : std::uint8_t {
    wait_circle,       ///< Tasks wait for each other.
    never_woken,       ///< Nothing on the loop is left that could end a wait.
    lost_wait,         ///< A task is suspended, and nothing knows on what.
    lock_held,         ///< A task holds a lock while it waits for something else.
    permit_held,       ///< A permit, token or pool slot is held by a task that has ended, or that waits.
    queue_full,        ///< Those who put or send wait for room.
    cancel_ignored,    ///< A task was cancelled, or a time limit passed inside of it, and it does not end.
    never_yields,      ///< The loop is in one and the same slice.
    long_slice,        ///< A slice took too long.
    self_wake,         ///< A task makes itself ready again and again, or each of its waits ends at once.
    starved,           ///< A task is ready and does not get its turn.
    never_started,     ///< A Task was made and dropped.
    unreceived_error,  ///< An error that nobody received.
    timer_churn,       ///< Timers are armed and cancelled in great numbers.
    growing,           ///< More and more tasks of one place, or sockets.
    silent_peer,       ///< A peer says nothing, and no time limit ends that.
    slow_branch,       ///< All but one have ended, and the others' results wait for it.
    threads_busy,      ///< A job waits for a free thread.
    not_all_seen,      ///< There are more tasks than were looked at.
    busy_loop,         ///< Tasks wake each other again and again, and the loop does not sleep.
};

/// "wait-circle" and so on.
[[nodiscard]] auto to_string(Rule rule) noexcept -> std::string_view;

/// How sure it is that it is a mistake.
enum class Severity : std::uint8_t {
    note,     ///< Worth a look.
    warning,  ///< Most likely a mistake.
    error,    ///< Certain: this cannot go on.
};

/// "note", "warning", "error"
[[nodiscard]] auto to_string(Severity severity) noexcept -> std::string_view;

/// One thing that is wrong.
struct Finding {
    Rule rule{};
    Severity severity = Severity::note;
    std::string task;           ///< Its name, or where it was spawned; empty if it is about no task that lives.
    std::uint64_t task_id = 0;  ///< `TaskInfo::id`; 0: none.
    Place place;                ///< The line to look at first; nothing if none is known.
    std::string text;           ///< What is wrong, and why.
    std::string_view advice;    ///< What to do about it.
    std::size_t count = 1;      ///< How many tasks have the same at the same place.
};

/// What is long, and what is much.
struct FindingOptions {
    AnyDuration long_wait = std::chrono::seconds(1);        ///< How long something must have lasted to be told of.
    AnyDuration long_slice = std::chrono::milliseconds(5);  ///< From how long on a slice is too long.
    std::size_t churn = 20'000;                             ///< Timers that are armed and cancelled in a second.
    std::size_t growth = 100;  ///< More tasks, or sockets, at the end of the looks than at their start.
    std::size_t most = 100;    ///< Findings; the worst are kept.
};

/// What is wrong with the tasks of one loop, from one or more looks at it, the oldest first. One look tells of circles, lost
/// waits, errors; that something lasts takes two that are `long_wait` apart, and what happens between them takes some more.
/// The worst come first. The cost grows with the number of tasks, and is not the loop's. Thread: any.
/// @throws std::invalid_argument if there is no look.
[[nodiscard]] auto findings(std::span<const Snapshot> looks, const FindingOptions& options = {}) -> std::vector<Finding>;
/// The same from one look.
[[nodiscard]] auto findings(const Snapshot& look, const FindingOptions& options = {}) -> std::vector<Finding>;

/// Looks at this thread's loop a few times, for a quarter more than `long_wait`, and says what is wrong with it.
/// @throws LoopError if no loop runs here. On cancel: stops looking. Thread: the loop's. Source: clinic doctor.
[[nodiscard]] auto examine(FindingOptions options = {}) -> Task<std::vector<Finding>>;

/// "warning: queue-full: task 'reader' at main.cpp:20" and the rest, some lines for each.
void write_text(std::ostream& out, std::span<const Finding> findings);
/// A JSON list of objects: "rule", "severity", "task", "task_id", "place" ("main.cpp:20"), "text", "advice", "count".
void write_json(std::ostream& out, std::span<const Finding> findings);

}  // namespace gyre::obs

#pragma once

#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

/// A task that had not ended when its run did.
struct LeftTask {
    std::size_t loop = 0;
    std::string name;  ///< Empty if it was given none.
    Place spawned;
    Place waits;       ///< Where it stood.
    std::string wait;  ///< For what: "event 'doorbell'"; empty if it was ready.
};

/// A descriptor that is no socket, or a buffer.
struct LeftThing {
    std::string_view kind;  ///< "file", "directory", "watch", "pipe", "signals", "process", "buffer".
    std::string name;       ///< Its path, the command, or what else it is called.
    Place opened;           ///< The line of the program that had it opened; nothing if that is not known.
    std::string opener;     ///< The task that did, if it has a name.
    std::size_t size = 0;   ///< Of a buffer: bytes that were not written.
};

/// What was left at the end of a run or of a `LeakScope`: things that should have ended before it. See `RunOptions::on_leak`.
struct LeakReport {
    std::vector<LeftTask> tasks;      ///< At most 100.
    std::size_t task_count = 0;       ///< More than in `tasks` if there were too many.
    std::vector<SocketInfo> sockets;  ///< At most 100.
    std::size_t socket_count = 0;
    std::vector<Place> timer_places;  ///< Where `call_later` or `call_at` was asked; at most 100.
    std::size_t timers = 0;
    std::vector<LeftThing> things;  ///< At most 100.
    std::size_t thing_count = 0;
    std::size_t descriptors = 0;  ///< That the loop gave out and no object has.

    [[nodiscard]] auto empty() const noexcept -> bool;
    /// A line for each; empty if nothing is left.
    [[nodiscard]] auto text() const -> std::string;
};

/// The spawned tasks of `loop` that belong to no group, the main one and gyre's own left out; its sockets; and files, pipes,
/// processes and the like.
/// Thread: the loop's; between two runs any.
[[nodiscard]] auto left_on(EventLoop& loop) -> LeakReport;

/// Tells what a part of a program leaves: tasks of any group, timers of callbacks, sockets, other descriptors and buffers of
/// writers that were begun on its loop after this was made, and are there when it is asked.
///
///     obs::LeakScope scope;
///     co_await handle_one_order();
///     scope.check();
///
/// What others begin on the loop at the same time counts too: it is for tests, and for parts that run alone. It keeps the places
/// of the tasks that were there before, some bytes for each. Thread: the loop's.
class LeakScope {
public:
    /// From now on, on the loop of this thread. @throws LoopError if there is none.
    LeakScope();
    LeakScope(const LeakScope&) = delete;
    auto operator=(const LeakScope&) -> LeakScope& = delete;
    ~LeakScope();

    /// What is left now.
    [[nodiscard]] auto report() const -> LeakReport;
    /// @throws LeakError if that is anything: "left at the end of the scope:", and a line for each.
    void check() const;

private:
    struct Before;
    std::unique_ptr<Before> before_;
};

}  // namespace gyre::obs

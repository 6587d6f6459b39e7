#pragma once

#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <iosfwd>

namespace gyre::obs {

/// How long a dump gets.
struct DumpOptions {
    std::size_t most_groups = 1000;  ///< Tasks, where those that stand at the same place count as one.
    std::size_t most_names = 4;      ///< Of tasks that stand at the same place.
    std::size_t most_depth = 24;     ///< Of tasks inside tasks, as far as they are shown by indenting.
};

/// Writes what the tasks of this thread's loop do, for people: the tree of tasks, each with its chain of `co_await` lines and
/// what it waits for. Tasks that wait for the same at the same place are written once, with their number.
/// @throws LoopError if no loop runs on this thread. Thread: the loop's. Source: `jcmd Thread.print`, Go's goroutine dump.
void dump(std::ostream& out, const DumpOptions& options = {});

/// Writes a snapshot that was taken before.
void write_text(std::ostream& out, const Snapshot& snapshot, const DumpOptions& options = {});

/// Writes it as one JSON object, for programs; "version" is 1. Lengths of time are in nanoseconds.
void write_json(std::ostream& out, const Snapshot& snapshot);

}  // namespace gyre::obs

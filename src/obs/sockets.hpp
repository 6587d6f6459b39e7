#pragma once

#include "obs/task_tape.hpp"

#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gyre::obs {

/// The sockets that are open on a loop, one an entry; at most 10,000. Takes no memory but the tape's, and may be called by a
/// signal handler on the loop's thread. Thread: the loop's.
/// @param after those that the loop opened after so many. @return how many.
[[nodiscard]] auto write_sockets(EventLoop& loop, TaskTape& tape, std::uint64_t after = 0) -> std::size_t;
/// Reads such an entry.
[[nodiscard]] auto take_socket(TaskTape::Reading& from) -> SocketInfo;

/// Both in one. Thread: the loop's.
[[nodiscard]] auto read_sockets(EventLoop& loop, std::uint64_t after = 0) -> std::vector<SocketInfo>;

/// How many the loop has opened so far, and how many of them are open. Thread: the loop's.
struct SocketCounts {
    std::uint64_t opened = 0;
    std::size_t open = 0;
};
[[nodiscard]] auto count_sockets(EventLoop& loop) -> SocketCounts;

}  // namespace gyre::obs

#pragma once

#include <gyre/obs/snapshot.hpp>

#include <vector>

namespace gyre::obs {

/// The sockets that are open on a loop; at most 10,000. Thread: the loop's.
[[nodiscard]] auto read_sockets(EventLoop& loop) -> std::vector<SocketInfo>;

}  // namespace gyre::obs

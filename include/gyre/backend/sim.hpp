#pragma once

#include <gyre/backend/backend.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace gyre::backend {

/// What the simulated world is made of. Everything is an integer; 0 is the dull default.
struct SimOptions {
    std::uint64_t seed = 0;              ///< Of `fill_random` and of every choice below.
    std::size_t pipe_capacity = 65'536;  ///< Bytes a connection buffers in each direction before a send waits.
    std::size_t longest_transfer = 0;  ///< 0: whole; else every send and receive moves a seeded 1..n bytes (short reads).
    AnyDuration latency{};             ///< From a send to the moment the peer can receive it.
};

/// A world in memory: virtual time that jumps to the next deadline when everything waits, TCP, Unix and UDP sockets between
/// the tasks of this one loop (addresses as on a real host with 127.0.0.1, ::1 and any name of `localhost`), and a seeded
/// random source. Nothing real is touched but an in-process wake-up for posts from other threads.
/// `can_be_woken()` is false when no operation can ever complete: the loop then knows that it is deadlocked.
[[nodiscard]] auto make_sim_backend(SimOptions options = {}) -> std::unique_ptr<Backend>;

}  // namespace gyre::backend

#pragma once

#include <gyre/exec/thread_pool.hpp>

#include <utility>

namespace gyre {

/// The threads of this loop that `to_thread` uses: at most 40, started when they are needed. They end when the loop closes.
/// Thread: the loop's. @throws LoopError outside of a loop. Source: trio's default limiter.
[[nodiscard]] auto to_thread_pool() -> ThreadPool&;

/// Calls a function that blocks on a thread of its own, and leaves the loop free; await it, or keep the handle.
///
/// The function and its arguments are copied or moved; one whose first parameter is a StopToken gets one. When 40 are
/// under way the next wait for a thread. @return a JobHandle: `co_await` gives the function's value.
/// @throws when awaited, what the function throws. On cancel: as `JobHandle`: a function that runs is waited for.
/// Thread: the loop's. Source: asyncio.to_thread, trio.to_thread.run_sync.
template<class F, class... Arguments>
auto to_thread(F&& function, Arguments&&... arguments) {
    return to_thread_pool().submit(std::forward<F>(function), std::forward<Arguments>(arguments)...);
}

}  // namespace gyre

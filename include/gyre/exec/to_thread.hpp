#pragma once

#include <gyre/exec/from_thread.hpp>
#include <gyre/exec/thread_pool.hpp>

#include <type_traits>
#include <utility>

namespace gyre {

/// The threads of this loop that `to_thread` uses: at most 40, started when they are needed. They end when the loop closes.
/// Thread: the loop's. @throws LoopError outside of a loop. Source: trio's default limiter.
[[nodiscard]] auto to_thread_pool() -> ThreadPool&;

/// Calls a function that blocks on a thread of its own, and leaves the loop free; await it, or keep the handle.
///
/// The function and its arguments are copied or moved; one whose first parameter is a StopToken gets one. It sees the
/// task-local values of the caller, and may call back into the loop with `from_thread::run`. When 40 are under way the
/// next wait for a thread. @return a JobHandle: `co_await` gives the function's value.
/// @throws when awaited, what the function throws; at once, as `Executor::submit`.
/// On cancel: as `JobHandle`: a function that runs is waited for.
/// Thread: the loop's. Source: asyncio.to_thread, trio.to_thread.run_sync.
template<class F, class... Arguments>
auto to_thread(F&& function, Arguments&&... arguments) {
    internal::check_job_function<std::decay_t<F>, std::decay_t<Arguments>...>();
    internal::require_function<std::decay_t<F>>(function);
    using Call = internal::ThreadCall<std::decay_t<F>, std::decay_t<Arguments>...>;
    return to_thread_pool().submit(Call(this_loop(), std::forward<F>(function), std::forward<Arguments>(arguments)...));
}

}  // namespace gyre

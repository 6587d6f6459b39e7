#pragma once

#include <gyre/core/task_handle.hpp>
#include <gyre/exec/executor.hpp>

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

/// @throws InvalidStateError if there is none.
[[nodiscard]] auto require_executor(Executor* executor) -> Executor&;

template<class F>
auto run_on(Executor& executor, F function) -> Task<JobResult<F>> {
    auto job = executor.submit(std::move(function));
    co_return co_await std::move(job);
}

}  // namespace internal

/// Runs an ordinary function on an executor as a task of this loop: `spawn(compress, {.executor = &threads})`.
///
/// The task can be joined, named and cancelled like any other; cancelling it is cancelling the `co_await` of the job.
/// @throws InvalidStateError if no executor is given; LoopError outside of a loop. The executor must outlive the task.
template<internal::NoWork F>
    requires internal::JobFunction<std::decay_t<F>>
auto spawn(F&& function, SpawnOptions options, std::source_location where = std::source_location::current()) {
    auto& executor = internal::require_executor(std::exchange(options.executor, nullptr));
    return spawn(internal::run_on<std::decay_t<F>>(executor, std::forward<F>(function)), options, where);
}

}  // namespace gyre

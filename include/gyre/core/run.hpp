#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/runner.hpp>

#include <exception>
#include <source_location>
#include <utility>

namespace gyre {

/// Runs some work on new loops until it has ended; then cancels every task that is left and waits for its end.
///
/// With `.loops = n` there are n loops on n threads, and the work runs on the first, on the calling thread. At the end all
/// of them cancel their tasks; when none is left they close.
/// @return its value. @throws its error; CancelledError if it was cancelled; the error that a loop died of, first of all;
/// if the work succeeded, the first error of a spawned task, a callback or a future that nobody received and no exception
/// handler took, or the DeadlockError of `OnDeadlock::report`; LoopError if a loop runs on this thread already; std::system_error if a backend, thread or core cannot be had.
/// Source: asyncio.run.
template<Work W>
auto run(W&& work, RunOptions options = {}, std::source_location where = std::source_location::current())
    -> internal::WorkResult<W> {
    Runner runner(options);
    auto outcome = runner.run_to_outcome(std::forward<W>(work), where);
    runner.close();
    if (outcome.has_value()) {
        if (const auto error = runner.unreceived_error()) std::rethrow_exception(error);
    }
    return std::move(outcome).value();
}

}  // namespace gyre

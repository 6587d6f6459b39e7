#pragma once

#include <gyre/core/loop.hpp>

#include <source_location>
#include <utility>

namespace gyre {

namespace internal {
/// Throws the first error that a task or callback left behind and nobody received.
void throw_unreceived(const EventLoop& loop);
}  // namespace internal

/// Runs some work on a new loop until it has ended; then cancels every task that is left and waits for its end.
///
/// @return its value. @throws its error; CancelledError if it was cancelled; if it succeeded, the first error of a
/// spawned task or a callback that nobody received and no exception handler took; LoopError if a loop runs on this thread
/// already; std::system_error if the backend cannot be had. Source: asyncio.run.
template<Work W>
auto run(W&& work, RunOptions options = {}, std::source_location where = std::source_location::current())
    -> internal::WorkResult<W> {
    EventLoop loop(options);
    auto outcome = loop.run_to_outcome(std::forward<W>(work), where);
    loop.close();
    if (outcome.has_value()) internal::throw_unreceived(loop);
    return std::move(outcome).value();
}

}  // namespace gyre

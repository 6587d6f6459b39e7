#pragma once

#include <gyre/core/loop.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <utility>

namespace gyre {

/// The loops of a run, which stay for several runs: tasks, timers and what rooms keep in a loop live on between them.
///
/// The first loop runs on the calling thread, and only inside `run`; the others on threads of their own, all the time.
/// They start with the first use. Thread: the one that uses it first. Source: asyncio.Runner.
class Runner {
public:
    explicit Runner(RunOptions options = {}) noexcept;
    Runner(const Runner&) = delete;
    auto operator=(const Runner&) -> Runner& = delete;
    /// As `close`, with its error dropped.
    ~Runner();

    /// Runs some work on the first loop until it has ended. @return its value. @throws as `EventLoop::run_until_complete`;
    /// the error that another loop died of, which cancels the work; what `loop` throws.
    template<Work W>
    auto run(W&& work, std::source_location where = std::source_location::current()) -> internal::WorkResult<W> {
        auto outcome = loop().run_to_outcome(std::forward<W>(work), where);
        throw_failure();
        return std::move(outcome).value();
    }
    /// As `run`, with the outcome as data.
    template<Work W>
    auto run_to_outcome(W&& work, std::source_location where = std::source_location::current())
        -> Outcome<internal::WorkResult<W>> {
        auto outcome = loop().run_to_outcome(std::forward<W>(work), where);
        throw_failure();
        return outcome;
    }

    /// The first loop, for what is set up before a run. @throws LoopError if this is closed, or a loop runs on this thread;
    /// std::invalid_argument for options that make no sense; std::system_error if backend, thread or core cannot be had.
    [[nodiscard]] auto loop() -> EventLoop&;

    /// Who is told, on every loop, of errors that nobody received; before the first use. Thread of the calls: each loop's.
    void set_exception_handler(std::function<void(const ErrorContext&)> handler) { handler_ = std::move(handler); }

    /// Cancels every task of every loop and waits until all have ended; then the loops close and the threads end.
    /// Idempotent. @throws the error that a loop died of; LoopError if a loop runs on this thread.
    void close();

    /// The first error of a task, a callback, a future or a deadlock, on any loop, that nobody received and no handler took; null
    /// if there is none. One beside another that was thrown, or of a single connection, ends no run: see `unreceived_errors`.
    [[nodiscard]] auto unreceived_error() const noexcept -> std::exception_ptr;

private:
    class Loops;
    void throw_failure();

    RunOptions options_;
    std::function<void(const ErrorContext&)> handler_;
    std::unique_ptr<Loops> loops_;
    bool closed_ = false;
};

}  // namespace gyre

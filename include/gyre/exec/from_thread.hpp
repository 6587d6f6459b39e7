#pragma once

#include <gyre/core/post_task.hpp>
#include <gyre/core/task_local.hpp>
#include <gyre/exec/job.hpp>

#include <functional>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

/// Whom a thread works for: while it lives, the functions of `from_thread` find the loop and the job by it.
class ThreadOrigin {
public:
    ThreadOrigin(EventLoop& loop, StopToken stop) noexcept;
    ThreadOrigin(const ThreadOrigin&) = delete;
    auto operator=(const ThreadOrigin&) -> ThreadOrigin& = delete;
    ~ThreadOrigin();

    /// @throws LoopError, which names `operation`, if this thread does no work of `to_thread`; JobStopped if nobody wants
    /// the work any more.
    [[nodiscard]] static auto require(const char* operation) -> const ThreadOrigin&;

    [[nodiscard]] auto loop() const noexcept -> EventLoop& { return loop_; }
    /// Blocks until the call has ended, which is asked to if nobody wants the work any more. @throws JobStopped then.
    void wait(const std::shared_ptr<RemoteCall>& call, const std::shared_ptr<Mailbox>& mailbox, Arrival& arrival) const;

private:
    static auto innermost() noexcept -> ThreadOrigin*&;

    EventLoop& loop_;
    StopToken stop_;
    ThreadOrigin* outer_;
};

/// Some work that sees the task-local values of the thread that asked for it.
template<class W>
class CarriedWork {
public:
    CarriedWork(W work, ContextSnapshot values) : work_(std::move(work)), values_(std::move(values)) {}

    auto operator()() -> Task<WorkResult<W>> {
        ContextPlace::adopt(values_);
        auto task = begin_work(work_);
        co_return co_await std::move(task);
    }

private:
    W work_;
    ContextSnapshot values_;
};

/// A function and its arguments on a thread of `to_thread`.
template<class F, class... Arguments>
class ThreadCall {
public:
    template<class G, class... Given>
    explicit ThreadCall(EventLoop& loop, G&& function, Given&&... arguments)
        : loop_(&loop),
          values_(ContextPlace::snapshot()),
          function_(std::forward<G>(function)),
          arguments_(std::forward<Given>(arguments)...) {}

    auto operator()(const StopToken& stop) -> JobResult<F, Arguments...> {
        const ThreadContext context(values_.get());
        const ThreadOrigin origin(*loop_, stop);
        return std::apply(
            [&](Arguments&... arguments) -> JobResult<F, Arguments...> {
                if constexpr (takes_stop_token<F, Arguments...>) {
                    return std::invoke(std::move(function_), stop, std::move(arguments)...);
                } else {
                    return std::invoke(std::move(function_), std::move(arguments)...);
                }
            },
            arguments_);
    }

private:
    EventLoop* loop_;
    ContextSnapshot values_;
    F function_;
    std::tuple<Arguments...> arguments_;
};

}  // namespace internal

/// What a function may do that `to_thread` called: it finds the loop that called it without being given it.
namespace from_thread {

/// Runs some work as a task on the loop that called `to_thread`, and blocks this thread until it has ended: the function
/// may so use what belongs to the loop. The work sees the task-local values of this thread.
/// @return its value. @throws its error; LoopError if this thread does no work of `to_thread`, or the loop closes.
/// On cancel of the task that awaits `to_thread`: the work is cancelled, and this function does not return: the stack
/// of the thread is unwound by an exception that is no std::exception, and the job counts as cancelled.
/// Thread: one that runs a function of `to_thread`. Source: trio.from_thread.run, curio's AWAIT.
template<Work W>
auto run(W&& work, std::source_location where = std::source_location::current()) -> internal::WorkResult<W> {
    const internal::ThreadOrigin& origin = internal::ThreadOrigin::require("from_thread::run");
    using Carried = internal::CarriedWork<std::decay_t<W>>;
    auto call = internal::send_work(
        origin.loop(), Carried(std::forward<W>(work), internal::ContextPlace::snapshot()), where);
    origin.wait(call, call->mailbox, call->arrival);
    return call->take("from_thread::run");
}

/// Ends this function if the task that awaits `to_thread` was cancelled, as `run` does: a cancel point for long work
/// without a StopToken. @throws LoopError as `run`. Thread: as `run`. Source: trio.from_thread.check_cancelled.
void check_cancelled();

}  // namespace from_thread
}  // namespace gyre

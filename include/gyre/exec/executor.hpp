#pragma once

#include <gyre/core/work.hpp>
#include <gyre/exec/job_handle.hpp>
#include <gyre/exec/map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace gyre {

/// How an executor ends.
struct ShutdownOptions {
    bool cancel = false;  ///< Jobs that have not begun are cancelled; otherwise they run first.
};

/// Where ordinary functions run: on other threads. The one idea behind `ThreadPool`, `to_thread` and
/// `SpawnOptions::executor`.
///
/// Thread: any. Source: concurrent.futures.Executor.
class Executor {
    template<class F, class... Arguments>
    using ResultOf = internal::JobResult<std::decay_t<F>, std::decay_t<Arguments>...>;

    template<class F, class... Arguments>
    static auto make_job(F&& function, Arguments&&... arguments) -> internal::JobPointer {
        internal::check_job_function<std::decay_t<F>, std::decay_t<Arguments>...>();
        static_assert(!Awaitable<ResultOf<F, Arguments...>>,
            "submit runs ordinary functions; a coroutine runs on a loop: spawn it there");
        internal::require_function<std::decay_t<F>>(function);
        using Made = internal::JobOf<std::decay_t<F>, std::decay_t<Arguments>...>;
        return internal::JobPointer(*new Made(std::forward<F>(function), std::forward<Arguments>(arguments)...));
    }

public:
    Executor() = default;
    Executor(const Executor&) = delete;
    auto operator=(const Executor&) -> Executor& = delete;
    virtual ~Executor() = default;

    /// Hands over a call, which starts as soon as a thread is free. The function and its arguments are copied or moved, as
    /// in std::async (std::ref for references). A function whose first parameter is a StopToken gets one.
    ///
    /// A full queue: on a plain thread this blocks until there is room; on a loop, which must not block, the job stays
    /// with its handle and is queued when that is awaited. Jobs that submit jobs never wait.
    /// @throws std::invalid_argument for a std::function, or a pointer, that holds nothing; InvalidStateError after shutdown,
    /// and in a forked child; BrokenPoolError; std::system_error if no thread can be had at all.
    template<class F, class... Arguments>
    auto submit(F&& function, Arguments&&... arguments) {
        auto job = make_job(std::forward<F>(function), std::forward<Arguments>(arguments)...);
        static_cast<void>(place(job, OnFull::wait));
        return JobHandle<ResultOf<F, Arguments...>>(std::move(job));
    }

    /// As `submit`, if there is room in the queue now; else empty. Never waits.
    template<class F, class... Arguments>
    auto try_submit(F&& function, Arguments&&... arguments) -> std::optional<JobHandle<ResultOf<F, Arguments...>>> {
        auto job = make_job(std::forward<F>(function), std::forward<Arguments>(arguments)...);
        if (!place(job, OnFull::refuse)) return std::nullopt;
        return JobHandle<ResultOf<F, Arguments...>>(std::move(job));
    }

    /// Calls `function` with each of `inputs`, which are copied or moved, side by side; await it.
    /// @return a vector of the results in the order of the inputs; nothing if the function returns nothing.
    /// @throws the error of the first input, in their order, that had one; the jobs that have not begun are cancelled, and
    /// those that run are waited for. On cancel: the same. Source: concurrent.futures.Executor.map.
    template<class F, class Inputs>
    [[nodiscard]] auto map(F function, Inputs inputs, MapOptions options = {}) {
        return internal::map_on(*this, std::move(function), std::move(inputs), options);
    }

    /// How many jobs can run at once.
    [[nodiscard]] virtual auto concurrency() const noexcept -> std::size_t = 0;

protected:
    enum class OnFull : std::uint8_t { wait, refuse };

    /// Takes a new job, which the queue owns together with `job`: call its `run`, or `discard`.
    /// @return false if it was refused. Not taken, refused or held back: `Job::outside_queue` has been called.
    virtual auto place(internal::JobPointer& job, OnFull on_full) -> bool = 0;
};

}  // namespace gyre

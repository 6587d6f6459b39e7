#pragma once

#include <gyre/exec/errors.hpp>
#include <gyre/exec/map.hpp>
#include <gyre/exec/remote_function.hpp>
#include <gyre/exec/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre {

/// How a process pool behaves.
struct ProcessPoolOptions {
    std::size_t queue_limit = 100'000;                   ///< Jobs that wait for a process; as for threads.
    std::size_t max_tasks_per_child = 0;                 ///< A process is replaced after so many jobs; 0: never.
    std::size_t memory_limit_bytes = 0;                  ///< Of each process (RLIMIT_AS); 0: none.
    AnyDuration time_limit = Duration::max();            ///< Of each job, all in all: a longer one is killed.
    AnyDuration start_limit = std::chrono::seconds(10);  ///< Until a new process must have called `worker_main`.
    std::size_t message_limit_bytes = 64 * 1024 * 1024;  ///< Of the arguments of a call, and of its result.
};

/// Figures of a process pool.
struct ProcessPoolStatistics {
    std::size_t running = 0;  ///< Processes that are there now.
    std::size_t started = 0;  ///< In all: more than the pool's size when some were replaced.
};

namespace internal {

/// What a process pool and its threads share.
class ProcessPoolCore {
public:
    explicit ProcessPoolCore(ProcessPoolOptions options);

    /// Makes a call in this thread's worker process, which is started if it is not there; blocks.
    /// @return the bytes of the result. @throws as `ProcessPool::submit`; JobStopped.
    [[nodiscard]] auto call(const Writer& request, std::string_view name, const StopToken& stop)
        -> std::vector<std::byte>;
    void check_size(const Writer& request, std::string_view name) const;

    const ProcessPoolOptions options;
    std::optional<Writer> initializer;  ///< Before the first job.
    std::atomic<std::size_t> running{0};
    std::atomic<std::size_t> started{0};
};

/// Ends the process of the calling thread, if it has one, and waits for its end.
void end_worker_process() noexcept;

/// A function of `map`: the calls of one chunk.
template<auto F, class Input>
auto call_chunk(const std::vector<Input>& inputs) {
    using Result = typename RemoteFunction<F>::Result;
    if constexpr (std::is_void_v<Result>) {
        for (const Input& input : inputs) F(input);
        return std::vector<std::monostate>();
    } else {
        std::vector<Result> results;
        results.reserve(inputs.size());
        for (const Input& input : inputs) results.push_back(F(input));
        return results;
    }
}

}  // namespace internal

/// Worker processes of the same program, which call its functions: for work that may crash, leak, or must be limited.
///
/// Functions are named at compile time: `pool.submit<&resize>(image, 640)`. Arguments and results are copied as bytes, see
/// `Serialize`. The program's main must begin with `worker_main`. Processes are started when they are needed; they get no
/// terminal signals, and die with this program however it ends, or with the pool.
/// Thread: any. Source: concurrent.futures.ProcessPoolExecutor.
class ProcessPool {
public:
    /// @param processes at most so many; 0: as many as the machine has processors.
    explicit ProcessPool(std::size_t processes = 0, ProcessPoolOptions options = {});
    ProcessPool(const ProcessPool&) = delete;
    auto operator=(const ProcessPool&) -> ProcessPool& = delete;
    /// As ThreadPool's: cancels what has not begun, waits for what runs, and then for the end of the processes.
    ~ProcessPool() = default;

    /// Each new process calls `F` first; if that fails, so does the job. Before the first `submit`.
    /// @throws SerializeError if the arguments are too large.
    template<auto F, class... Arguments>
    auto initialize_with(Arguments&&... arguments) -> ProcessPool& {
        using Function = internal::RemoteFunction<F>;
        auto request = Function::write(std::forward<Arguments>(arguments)...);
        core_->check_size(request, Function::name());
        core_->initializer.emplace(std::move(request));
        return *this;
    }

    /// Calls `F` in a worker process. The queue and its limit are as for `Executor::submit`.
    ///
    /// @return a JobHandle: awaiting it gives the result of `F`.
    /// @throws at once: SerializeError if the arguments are too large; as `Executor::submit`. When awaited: RemoteError, what
    ///         `F` threw; BrokenWorkerError if the process died, which fails only this job; TimeoutError if it took longer
    ///         than the time limit; BrokenPoolError if no worker process can be had; SerializeError for the result.
    /// On cancel: a process that runs the job, or starts for it, is killed together with those that it started itself and that
    /// are still in its group; the next job gets a new one.
    template<auto F, class... Arguments>
    auto submit(Arguments&&... arguments) -> JobHandle<typename internal::RemoteFunction<F>::Result> {
        using Function = internal::RemoteFunction<F>;
        auto request = std::make_shared<const Writer>(Function::write(std::forward<Arguments>(arguments)...));
        core_->check_size(*request, Function::name());
        return threads_.submit([core = core_, request = std::move(request)](StopToken stop) -> typename Function::Result {
            const auto reply = core->call(*request, Function::name(), stop);
            Reader reader(reply);
            return Function::read_result(reader);
        });
    }

    /// As `Executor::map`, with a function named at compile time: `co_await pool.map<&resize>(images)`.
    template<auto F, class Inputs>
    [[nodiscard]] auto map(Inputs inputs, MapOptions options = {}) {
        return map_in_processes<F>(std::move(inputs), options);
    }

    /// As ThreadPool's; the processes have ended too.
    auto shutdown(ShutdownOptions options = {}) -> internal::ShutdownWait { return threads_.shutdown(options); }

    [[nodiscard]] auto concurrency() const noexcept -> std::size_t { return threads_.concurrency(); }
    [[nodiscard]] auto statistics() const noexcept -> ProcessPoolStatistics {
        return {core_->running.load(), core_->started.load()};
    }

private:
    template<auto F, class Inputs>
    auto map_in_processes(Inputs inputs, MapOptions options)
        -> Task<internal::MapAll<typename internal::RemoteFunction<F>::Result>> {
        using Result = typename internal::RemoteFunction<F>::Result;
        using Parameters = typename internal::RemoteFunction<F>::Arguments;
        static_assert(std::tuple_size_v<Parameters> == 1, "map<&f>: f must have one parameter");
        using Input = std::tuple_element_t<0, Parameters>;
        using Results = std::vector<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>>;
        internal::MapWindow<Results> window;
        const auto submit_chunk = [&](auto begin, auto end) {
            return submit<&internal::call_chunk<F, Input>>(std::vector<Input>(begin, end));
        };
        auto results = co_await try_finally(
            [&] {
                return internal::map_window<Results>(
                    inputs, internal::look_ahead_of(options, concurrency()), options.chunk_size, submit_chunk, window);
            },
            [&] { return internal::end_window(window); });
        if constexpr (!std::is_void_v<Result>) co_return results;
    }

    std::shared_ptr<internal::ProcessPoolCore> core_;
    ThreadPool threads_;  ///< Each has one worker process, and waits for it.
};

/// Makes this process a worker if it was started as one: the first thing in main of a program with process pools.
///
/// ```
/// int main(int argc, char** argv) {
///     if (auto code = gyre::worker_main(argc, argv)) return *code;
/// ```
/// @return the exit code of a worker, when its pool needs it no longer; empty in every other process.
[[nodiscard]] auto worker_main(int argc, char** argv) -> std::optional<int>;

}  // namespace gyre

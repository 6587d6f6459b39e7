#pragma once

#include <gyre/exec/errors.hpp>
#include <gyre/exec/executor.hpp>
#include <gyre/exec/posted_wait.hpp>

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace gyre {

/// How a thread pool behaves.
struct ThreadPoolOptions {
    std::size_t queue_limit = 100'000;  ///< Jobs that wait for a thread; beyond that `submit` waits.
    std::string_view name = "gyre";  ///< Threads are called "NAME/0"; copied at once, the system shows 15 characters.
};

/// Figures of a thread pool.
struct ThreadPoolStatistics {
    std::size_t threads = 0;  ///< Started so far.
    std::size_t queued = 0;   ///< Jobs that wait for a thread, about.
};

namespace internal {

class ThreadPoolCore;

/// `co_await pool.shutdown()`.
class [[nodiscard("co_await it")]] ShutdownWait final : public PostedWait {
public:
    explicit ShutdownWait(std::shared_ptr<ThreadPoolCore> core) noexcept : core_(std::move(core)) {}
    ShutdownWait(ShutdownWait&& other) noexcept
        : PostedWait(static_cast<PostedWait&&>(other)), core_(std::move(other.core_)) {}
    auto operator=(ShutdownWait&&) -> ShutdownWait& = delete;
    ~ShutdownWait() = default;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>);
    void await_resume();
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::executor, core_.get(), "shutdown"};
    }
    /// The last thread has ended. Thread: any.
    void ended() noexcept { arrive(); }

private:
    std::shared_ptr<ThreadPoolCore> core_;
};

}  // namespace internal

/// Threads that share the jobs given to them: each has a queue, and one without work takes from the others.
///
/// Threads are started when they are needed, and those that idle are used first. Jobs from outside begin in the order in
/// which they came. They see no signals. Thread: any. Source: concurrent.futures.ThreadPoolExecutor.
class ThreadPool final : public Executor {
public:
    /// @param threads     at most so many; 0: as many as the machine has processors.
    /// @param initializer called by each thread before its first job; if one throws, the pool is broken and every job that
    ///                    waits gets a BrokenPoolError.
    /// @param finalizer   called by each thread when it ends; must not throw.
    explicit ThreadPool(std::size_t threads = 0, ThreadPoolOptions options = {}, std::function<void()> initializer = {},
        std::function<void()> finalizer = {});
    /// Cancels the jobs that have not begun, and waits (blocking) for those that run. `co_await shutdown()` is the polite
    /// end. In a job of this pool itself it does not wait. In a forked child it only forgets the pool.
    ~ThreadPool() override;

    /// Refuses new jobs at once; await it to wait until the queue is empty and the threads have ended. Also a second time.
    /// @throws the first error of a job that was detached, which nobody else could receive; at once InvalidStateError in a
    /// forked child.
    /// On cancel: the caller stops waiting; the shutdown goes on.
    auto shutdown(ShutdownOptions options = {}) -> internal::ShutdownWait;

    [[nodiscard]] auto concurrency() const noexcept -> std::size_t override;
    [[nodiscard]] auto statistics() const noexcept -> ThreadPoolStatistics;

protected:
    auto place(internal::JobPointer& job, OnFull on_full) -> bool override;

private:
    std::shared_ptr<internal::ThreadPoolCore> core_;
};

}  // namespace gyre

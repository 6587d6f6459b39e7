#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/work.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gyre::internal {

/// One blocking call on its way through the threads of a loop. Owned by whoever has it: the waiting frame, a thread, or
/// the loop's mailbox.
class BlockingJob {
public:
    BlockingJob() = default;
    BlockingJob(const BlockingJob&) = delete;
    auto operator=(const BlockingJob&) -> BlockingJob& = delete;
    virtual ~BlockingJob() = default;
    /// Thread: one of the loop's.
    virtual void run() noexcept = 0;

    Frame* waiter = nullptr;  ///< Thread: the loop's only.
    bool stopped = false;     ///< Written by `run`: it was asked to stop and has; the waiter is unwound.
    bool must_run = false;    ///< Also if the loop closes before its turn; for clean-up that nobody waits for.
};

/// The threads of a loop that make calls which block: at most `thread_limit`, started when they are needed.
class BlockingThreads {
public:
    static constexpr std::size_t thread_limit = 8;
    static constexpr std::size_t queue_limit = 100'000;

    explicit BlockingThreads(EventLoop& loop);
    BlockingThreads(const BlockingThreads&) = delete;
    auto operator=(const BlockingThreads&) -> BlockingThreads& = delete;
    /// Waits for the calls that run; those that have not begun are dropped, unless they must run.
    ~BlockingThreads();

    /// Queues a job; its waiter is woken when it has run. @throws std::system_error if no thread can be had and none is
    /// there, or the queue is full (resource_unavailable_try_again).
    void submit(std::shared_ptr<BlockingJob> job);

private:
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared);

    EventLoop& loop_;
    std::shared_ptr<Shared> shared_;
};

/// The wait for a blocking call.
class BlockingWait : public Wait {
public:
    BlockingWait(BlockingWait&& other) noexcept : Wait(static_cast<Wait&&>(other)), what_(other.what_) {}
    auto operator=(BlockingWait&&) -> BlockingWait& = delete;

    /// The call cannot be stopped: it is waited for, and what it gives counts.
    void cancel() noexcept override {}
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::blocking_call, nullptr, what_};
    }

protected:
    explicit BlockingWait(std::string_view what) noexcept : what_(what) {}
    ~BlockingWait() = default;
    void submit(std::shared_ptr<BlockingJob> job);

private:
    std::string_view what_;
};

template<class Function>
class BlockingJobOf final : public BlockingJob {
public:
    using Result = std::invoke_result_t<Function&>;

    explicit BlockingJobOf(Function function) : function_(std::move(function)) {}

    void run() noexcept override {
        try {
            if constexpr (std::is_void_v<Result>) {
                function_();
                outcome.emplace(Outcome<Result>::from_value({}));
            } else {
                outcome.emplace(Outcome<Result>::from_value(function_()));
            }
        } catch (...) {
            outcome.emplace(Outcome<Result>::from_error(std::current_exception()));
        }
    }

    std::optional<Outcome<Result>> outcome;

private:
    Function function_;
};

template<class Function>
class [[nodiscard("co_await it")]] BlockingAwaiter final : public BlockingWait {
public:
    using Job = BlockingJobOf<Function>;

    BlockingAwaiter(std::string_view what, Function function)
        : BlockingWait(what), job_(std::make_shared<Job>(std::move(function))) {}

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>) {
        if (begin()) submit(job_);
    }
    auto await_resume() -> typename Job::Result { return std::move(*job_->outcome).value(); }

private:
    std::shared_ptr<Job> job_;
};

/// Calls `function` on a thread of the loop, for calls that block and cannot be made otherwise: files, getaddrinfo.
/// @param what shown in dumps; static text. @return what it returns. @throws what it throws; std::system_error if it
/// cannot be queued. On cancel: before it is queued, it is not called; afterwards it is waited for, and its result counts.
template<class Function>
[[nodiscard]] auto run_blocking(std::string_view what, Function function) {
    return BlockingAwaiter<Function>(what, std::move(function));
}

}  // namespace gyre::internal

#pragma once

#include <gyre/exec/job.hpp>
#include <gyre/exec/posted_wait.hpp>

#include <coroutine>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {

namespace internal {

/// A handle's ownership of a job.
class JobPointer {
public:
    JobPointer() noexcept = default;
    explicit JobPointer(Job& job) noexcept : job_(&job) {}
    JobPointer(JobPointer&& other) noexcept
        : abandons(other.abandons),
          job_(std::exchange(other.job_, nullptr)),
          home_(other.home_),
          pool_(other.pool_),
          queue_(std::move(other.queue_)) {}
    auto operator=(JobPointer&& other) noexcept -> JobPointer& {
        std::swap(job_, other.job_);
        std::swap(home_, other.home_);
        std::swap(pool_, other.pool_);
        std::swap(queue_, other.queue_);
        std::swap(abandons, other.abandons);
        return *this;
    }
    ~JobPointer() {
        if (job_ != nullptr) job_->let_go();
    }

    [[nodiscard]] auto get() const noexcept -> Job* { return job_; }
    [[nodiscard]] auto release() noexcept -> Job* { return std::exchange(job_, nullptr); }
    /// The job is for `queue`, whose threads may call it earlier than that comes to it.
    void set_home(const JobQueue& queue) noexcept {
        home_ = &queue;
        pool_ = queue.name;
    }
    /// That queue, which may be gone by now, or null. Only to be compared.
    [[nodiscard]] auto home() const noexcept -> const JobQueue* { return home_; }
    /// The name of its pool, which may be gone by now.
    [[nodiscard]] auto pool() const noexcept -> std::string_view { return pool_; }
    /// The job found no room in `queue`, and waits here until somebody waits for it.
    void hold_for(std::shared_ptr<JobQueue> queue) noexcept {
        queue_ = std::move(queue);
        job_->outside_queue();
    }
    [[nodiscard]] auto held() const noexcept -> bool { return queue_ != nullptr; }
    /// Queues a job that is held. @throws as `JobQueue::add`.
    void queue_now();
    /// @throws InvalidStateError if it was awaited or moved from.
    void require_valid() const;

    bool abandons = false;

private:
    Job* job_ = nullptr;
    const JobQueue* home_ = nullptr;
    std::string_view pool_;
    std::shared_ptr<JobQueue> queue_;
};

/// `co_await` of a job.
class JobWait : public PostedWait, private JobListener {
public:
    JobWait(JobWait&& other) noexcept : PostedWait(static_cast<PostedWait&&>(other)), job_(std::move(other.job_)) {}
    auto operator=(JobWait&&) -> JobWait& = delete;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return job_.get()->finished() && !interrupted(); }
    void await_suspend(std::coroutine_handle<>);
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::executor,
            .object = job_.get(),
            .name = job_.pool(),
            .action = job_.get()->begun() ? "runs" : "waits for a free thread"};
    }

protected:
    explicit JobWait(JobPointer job) : job_(std::move(job)) { job_.require_valid(); }
    ~JobWait() = default;

    JobPointer job_;

private:
    void job_finished() noexcept override { arrive(); }
    [[nodiscard]] auto happened() const noexcept -> bool override { return !job_.get()->was_cancelled(); }
};

template<class T>
class [[nodiscard("co_await it")]] JobAwaiter final : public JobWait {
public:
    explicit JobAwaiter(JobPointer job) : JobWait(std::move(job)) {}
    JobAwaiter(JobAwaiter&&) noexcept = default;
    auto operator=(JobAwaiter&&) -> JobAwaiter& = delete;
    ~JobAwaiter() = default;

    auto await_resume() -> T { return static_cast<TypedJob<T>&>(*job_.get()).take(); }
};

/// What handles of every type can do.
class JobHandleBase {
public:
    /// False once it was awaited, detached or moved from.
    [[nodiscard]] auto valid() const noexcept -> bool { return job_.get() != nullptr; }
    /// Whether it has ended: with a value, an error, or cancelled.
    [[nodiscard]] auto done() const -> bool {
        job_.require_valid();
        return job_.get()->finished();
    }
    /// A job that has not begun never will, and who awaits it gets a CancelledError. One that runs has its StopToken set,
    /// if it took one. @return whether the job was cancelled before it began.
    auto cancel(std::string reason = {}) -> bool;
    /// The job runs on its own. An error of it counts as lost: see `ThreadPool::shutdown`.
    /// @throws QueueFullError if there was no room for it in the queue, and it is cancelled.
    void detach();

protected:
    explicit JobHandleBase(JobPointer job) noexcept : job_(std::move(job)) {}
    JobHandleBase(JobHandleBase&&) noexcept = default;
    auto operator=(JobHandleBase&&) noexcept -> JobHandleBase& = default;
    ~JobHandleBase() = default;

    void wait_here();

    JobPointer job_;
};

}  // namespace internal

/// A job that an executor has: await it for its result, once. Movable, not copyable.
///
/// Dropping the handle cancels a job that has not begun, and sets the StopToken of one that runs.
/// Thread: any, one at a time. Source: concurrent.futures.Future.
template<class T = void>
class [[nodiscard("dropping a JobHandle cancels the job: co_await it, or let it run with detach()")]] JobHandle
    : public internal::JobHandleBase {
public:
    explicit JobHandle(internal::JobPointer job) noexcept : JobHandleBase(std::move(job)) {}

    /// Waits for the result. @throws the job's error; CancelledError if the job was cancelled, or its pool shut down before
    /// it began; InvalidStateError if the handle was used up, and in a child that was forked meanwhile.
    /// On cancel: a job that has not begun is cancelled. One that runs gets its StopToken set and is waited for (it may use
    /// what belongs to the caller); its result counts. See `abandon_on_cancel`.
    [[nodiscard]] auto operator co_await() { return internal::JobAwaiter<T>(std::move(job_)); }

    /// As `co_await`, for a thread without a loop: blocks it. A thread of a pool runs other jobs of its pool meanwhile.
    /// @throws InvalidStateError on a loop's thread, and in a child that was forked meanwhile.
    auto get() -> T {
        wait_here();
        const internal::JobPointer job = std::move(job_);
        return static_cast<internal::TypedJob<T>&>(*job.get()).take();
    }

    /// When the awaiting task is cancelled, a job that runs is left to itself and its result dropped. It must not use what
    /// belongs to the caller. Source: trio.to_thread.run_sync(abandon_on_cancel=True).
    [[nodiscard]] auto abandon_on_cancel() && -> JobHandle {
        this->job_.abandons = true;
        return std::move(*this);
    }
};

}  // namespace gyre

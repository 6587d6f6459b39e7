#pragma once

#include "exec/injection_queue.hpp"
#include "exec/steal_ring.hpp"

#include <gyre/exec/thread_pool.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gyre::internal {

/// What a pool and its threads share.
///
/// No job is forgotten: who adds one publishes it first and then asks whether anybody searches or sleeps; a worker says
/// that it sleeps first and then looks once more. While somebody searches nobody is woken; the last one that stops
/// searching because it found something wakes the next, if there is more.
class ThreadPoolCore final : public JobQueue {
public:
    ThreadPoolCore(std::size_t threads, ThreadPoolOptions options, std::function<void()> initializer,
        std::function<void()> finalizer);

    /// @return false: it is full.
    [[nodiscard]] auto try_add(Job& job) -> bool;
    void add(Job& job) override;
    void lose(std::exception_ptr error) noexcept override;
    /// Blocks until there is room, and adds it then.
    void wait_and_add(Job& job);

    void close(bool cancel) noexcept;
    /// After `close`: blocks until the threads have ended.
    void join() noexcept;
    /// @return false if the threads have ended; else the wait will be told.
    [[nodiscard]] auto add_waiter(ShutdownWait& wait) -> bool;
    [[nodiscard]] auto remove_waiter(ShutdownWait& wait) noexcept -> bool;
    [[nodiscard]] auto take_lost_error() noexcept -> std::exception_ptr;

    [[nodiscard]] auto concurrency() const noexcept -> std::size_t { return workers_.size(); }
    [[nodiscard]] auto statistics() const noexcept -> ThreadPoolStatistics {
        return {started_.load(std::memory_order_relaxed), queued_.load(std::memory_order_relaxed)};
    }

    /// If this thread is a worker of some pool, runs one job of it. @return false if it is none, or there was none.
    static auto help() noexcept -> bool;
    /// Whether this thread is a worker of that queue, if it is any.
    [[nodiscard]] static auto is_worker_of(const JobQueue* queue) noexcept -> bool;
    /// @throws InvalidStateError in a child that was forked from the process of the pool.
    void require_own_process(const char* operation) const;

private:
    struct Worker {
        StealRing ring;
        std::condition_variable wake;
        bool woken = false;  ///< Under the mutex.
        unsigned tick = 0;
        unsigned victim = 0;  ///< Where it steals first.
        int helping = 0;      ///< Jobs that it runs inside of others.
        ThreadPoolCore* pool = nullptr;
    };
    static auto this_worker() noexcept -> Worker*&;

    void count_in();
    void push(Job& job) noexcept;
    [[noreturn]] void refuse() const;
    void add_worker_if_needed() noexcept;
    void wake_one() noexcept;
    [[nodiscard]] auto start_thread() noexcept -> bool;
    void work(std::size_t index) noexcept;
    [[nodiscard]] auto initialize() noexcept -> bool;
    [[nodiscard]] auto next(Worker& me) noexcept -> Job*;
    void take_injected(Worker& me) noexcept;
    [[nodiscard]] auto steal(Worker& me) noexcept -> Job*;
    [[nodiscard]] auto search(Worker& me, bool searching) noexcept -> Job*;
    [[nodiscard]] auto sleep(Worker& me, bool searching) noexcept -> bool;
    [[nodiscard]] auto has_work() const noexcept -> bool;
    void make_room(std::size_t taken) noexcept;
    void run(Job& job) noexcept;
    [[nodiscard]] auto why_broken() const noexcept -> std::exception_ptr;
    void discard_everything() noexcept;
    void thread_ended() noexcept;

    const std::size_t queue_limit_;
    const std::string name_;
    const std::function<void()> initializer_;
    const std::function<void()> finalizer_;

    // Hot: who adds and who looks.
    InjectionQueue injected_;
    alignas(64) std::atomic<std::size_t> queued_{0};  ///< In `injected_`, or about to be. Written by all.
    alignas(64) std::mutex popping_;                  ///< For `injected_.pop`.
    alignas(64) std::atomic<unsigned> searching_{0};  ///< Workers that are awake without a job. Written by all.
    std::atomic<unsigned> sleeping_{0};               ///< Written under the mutex.
    std::atomic<unsigned> starting_{0};               ///< Threads that were started and do not search yet.
    std::atomic<std::size_t> started_{0};             ///< Written under the mutex.
    std::atomic<bool> closing_{false};                ///< Written under the mutex.
    std::atomic<bool> discarding_{false};             ///< Jobs are ended and not run. Written under the mutex.
    std::atomic<unsigned> room_waiters_{0};           ///< Threads that wait for room.

    std::vector<std::unique_ptr<Worker>> workers_;  ///< The first `started_` may be looked at by all.

    mutable std::mutex mutex_;  ///< Everything below.
    std::vector<std::thread> threads_;
    std::vector<Worker*> sleepers_;
    std::condition_variable room_;
    std::size_t live_ = 0;
    std::vector<ShutdownWait*> waiters_;
    std::exception_ptr broken_;
    CausePointer cause_;
    std::exception_ptr lost_error_;
};

}  // namespace gyre::internal

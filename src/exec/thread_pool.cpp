#include <gyre/exec/thread_pool.hpp>

#include "exec/thread_pool_core.hpp"

#include <gyre/core/counts.hpp>
#include <gyre/core/loop.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <thread>
#include <utility>

namespace gyre {

namespace internal {

void ShutdownWait::await_suspend(std::coroutine_handle<>) {
    if (!begin()) return;
    expect();
    try {
        if (core_->add_waiter(*this)) return;
    } catch (...) {
        unexpect();
        frame_->wait_on_nothing();
        throw;
    }
    unexpect();
    scheduler().wake(*frame_);
}

void ShutdownWait::cancel() noexcept {
    if (!core_->remove_waiter(*this)) return;  // it is being told
    unexpect();
    scheduler().stop(*frame_);
}

void ShutdownWait::await_resume() {
    core_->join();  // they have nothing left to do
    if (auto error = core_->take_lost_error()) std::rethrow_exception(error);
}

}  // namespace internal

ThreadPool::ThreadPool(
    std::size_t threads, ThreadPoolOptions options, std::function<void()> initializer, std::function<void()> finalizer)
    : core_(std::make_shared<internal::ThreadPoolCore>(
          internal::require_count("pool", options.name, "the number of threads", threads) != 0
              ? threads
              : std::max(1U, std::thread::hardware_concurrency()),
          options, std::move(initializer), std::move(finalizer))) {}

ThreadPool::~ThreadPool() {
    if (core_->process.is_of_parent()) {
        // The threads are not there, and others may have held the locks: nothing of it is touched, or given back.
        alignas(decltype(core_)) std::byte forgotten[sizeof core_];
        ::new (static_cast<void*>(forgotten)) std::shared_ptr(std::move(core_));
        return;
    }
    core_->close(true);
    core_->join();
}

auto ThreadPool::shutdown(ShutdownOptions options) -> internal::ShutdownWait {
    core_->require_own_process("shutdown");
    core_->close(options.cancel);
    return internal::ShutdownWait(core_);
}

auto ThreadPool::concurrency() const noexcept -> std::size_t { return core_->concurrency(); }

auto ThreadPool::statistics() const noexcept -> ThreadPoolStatistics { return core_->statistics(); }

auto ThreadPool::place(internal::JobPointer& job, OnFull on_full) -> bool {
    job.set_home(*core_);
    try {
        if (core_->try_add(*job.get())) return true;
        if (on_full == OnFull::refuse) {
            job.get()->outside_queue();
            return false;
        }
        if (internal::current_loop() != nullptr) {
            job.hold_for(core_);
        } else {
            core_->wait_and_add(*job.get());
        }
    } catch (...) {
        job.get()->outside_queue();
        throw;
    }
    return true;
}

}  // namespace gyre

#include <gyre/exec/job.hpp>

#include "exec/thread_pool_core.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_local.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::internal {

auto kept_pool_name(std::string_view name) -> std::string_view {
    constexpr std::size_t most_names = 1000;
    struct Names {
        std::mutex mutex;
        std::set<std::string, std::less<>> all;
    };
    static Names& names = *new Names;  // never destroyed: pools may live longer than the statics
    const std::lock_guard lock(names.mutex);
    const auto known = names.all.find(name);
    if (known != names.all.end()) return *known;
    if (names.all.size() == most_names) return {};
    return *names.all.emplace(name).first;
}

void Job::finish() noexcept {
    const auto before = word_.fetch_or(bit_finished | bit_left, std::memory_order_acq_rel);
    if ((before & bit_gone) != 0) {
        if (detached_) report_lost();
        delete this;
        return;
    }
    // From here on the handle may delete the job; a listener lives until it has been told.
    if (auto* listener = reinterpret_cast<JobListener*>(before & ~bits)) listener->job_finished();
}

void Job::report_lost() const noexcept {
    if (const auto queue = home_.lock()) queue->lose(error());
}

void Job::run(JobQueue& queue) noexcept {
    if ((word_.fetch_or(bit_begun, std::memory_order_acq_rel) & bit_begun) == 0) {
        call();
        if (queue.process.is_of_parent()) return;  // the function has forked: those who wait do so in the other process
        if (failed_) home_ = queue.weak_from_this();
        return finish();
    }
    // It was withdrawn, or run early.
    if ((word_.fetch_or(bit_left, std::memory_order_acq_rel) & bit_gone) != 0) delete this;
}

auto Job::run_early() noexcept -> bool {
    if ((word_.fetch_or(bit_begun, std::memory_order_acq_rel) & bit_begun) != 0) return false;
    call();
    word_.fetch_or(bit_finished, std::memory_order_acq_rel);  // the queue still has it, and lets go when it comes to it
    return true;
}

void Job::discard(const std::exception_ptr& error, const CausePointer& cause) noexcept {
    if ((word_.fetch_or(bit_begun, std::memory_order_acq_rel) & bit_begun) == 0) {
        drop_function();
        if (error != nullptr) {
            set_error(error);
        } else {
            set_cancelled(cause);
        }
        return finish();  // without a home: whoever broke the pool reports that once, and not for each job
    }
    if ((word_.fetch_or(bit_left, std::memory_order_acq_rel) & bit_gone) != 0) delete this;
}

auto Job::withdraw() noexcept -> bool {
    if ((word_.fetch_or(bit_begun, std::memory_order_acq_rel) & bit_begun) != 0) return false;
    drop_function();
    return true;
}

void Job::end_cancelled(const CausePointer& cause) noexcept {
    set_cancelled(cause);
    word_.fetch_or(bit_finished, std::memory_order_acq_rel);
}

void Job::let_go() noexcept {
    if (!withdraw()) request_stop();
    if ((word_.fetch_or(bit_gone, std::memory_order_acq_rel) & bit_left) != 0) delete this;
}

void Job::detach() noexcept {
    detached_ = true;
    if ((word_.fetch_or(bit_gone, std::memory_order_acq_rel) & bit_left) == 0) return;
    report_lost();
    delete this;
}

auto Job::listen(JobListener& listener) noexcept -> bool {
    auto word = word_.load(std::memory_order_acquire);
    do {
        if ((word & bit_finished) != 0) return false;
    } while (!word_.compare_exchange_weak(word, word | reinterpret_cast<std::uintptr_t>(&listener),
        std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

auto Job::stop_listening() noexcept -> bool {
    auto word = word_.load(std::memory_order_acquire);
    do {
        if ((word & bit_finished) != 0) return false;
    } while (!word_.compare_exchange_weak(word, word & bits, std::memory_order_acq_rel, std::memory_order_acquire));
    return true;
}

void Job::require_own_process() const {
    if (generation_ == backend::fork_generation.load(std::memory_order_relaxed)) return;
    throw InvalidStateError(
        "JobHandle: the job belongs to the process that this one was forked from, and does not end here");
}

void throw_empty_function() { throw std::invalid_argument("submit: the function holds nothing that could be called"); }

auto stopped_cause() -> CausePointer { return make_cause(CancelKind::request, "the job was asked to stop"); }

namespace {

/// A thread that waits for a job.
class ThreadListener final : public JobListener {
public:
    void job_finished() noexcept override {
        // Told under the lock: the waiting thread destroys this as soon as it has it.
        const std::lock_guard lock(mutex_);
        finished_ = true;
        changed_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return finished_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
};

}  // namespace

void wait_blocking(Job& job, const JobQueue* queue) {
    if (current_loop() != nullptr) {
        throw InvalidStateError("JobHandle::get blocks its thread, and a loop runs on this one: co_await the handle");
    }
    {
        const ThreadContext none(nullptr);  // what a job sees is not for those that it runs inside
        while (!job.finished() && ThreadPoolCore::help()) {}
        if (!job.finished()) job.require_own_process();
        // Whoever has begun it ends it; if nobody has, it may be behind this very job.
        if (!job.finished() && ThreadPoolCore::is_worker_of(queue) && job.run_early()) return;
    }
    ThreadListener listener;
    if (job.listen(listener)) listener.wait();
}

}  // namespace gyre::internal

#include <gyre/exec/job_handle.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/exec/errors.hpp>

namespace gyre::internal {

void JobPointer::require_valid() const {
    if (job_ == nullptr) {
        throw InvalidStateError("JobHandle: it was awaited, detached or moved from before; a job's result is had once");
    }
}

void JobPointer::queue_now() {
    if (queue_ == nullptr) return;
    job_->inside_queue();
    try {
        queue_->add(*job_);
    } catch (...) {
        job_->outside_queue();
        throw;
    }
    queue_.reset();
}

void JobWait::await_suspend(std::coroutine_handle<>) {
    Job& job = *job_.get();
    // In a scope that is cancelled a job that has begun is still waited for: it may use what belongs to this frame.
    if (interrupted() && (job_.held() || job_.abandons || job.finished() || job.withdraw())) {
        static_cast<void>(begin());
        return;
    }
    job_.queue_now();
    if (!job.finished()) job.require_own_process();
    frame_->wait_on(*this);
    expect();
    if (!job.listen(*this)) {
        unexpect();
        scheduler().wake(*frame_);
    } else if (interrupted()) {
        job.request_stop();
    }
}

void JobWait::cancel() noexcept {
    Job& job = *job_.get();
    if (!job.withdraw()) {
        job.request_stop();
        if (!job_.abandons || !job.stop_listening()) return;
    }
    unexpect();
    scheduler().stop(*frame_);
}

auto JobHandleBase::cancel(std::string reason) -> bool {
    job_.require_valid();
    if (!job_.get()->withdraw()) {
        job_.get()->request_stop();
        return false;
    }
    if (reason.empty()) reason = "the job was cancelled before it began";
    job_.get()->end_cancelled(make_cause(CancelKind::request, std::move(reason)));
    return true;
}

void JobHandleBase::detach() {
    job_.require_valid();
    if (job_.held()) {
        const JobPointer dropped = std::move(job_);
        throw QueueFullError("detach: the queue of the pool is full, and nobody would wait for room");
    }
    job_.release()->detach();
}

void JobHandleBase::wait_here() {
    job_.require_valid();
    job_.queue_now();
    wait_blocking(*job_.get(), job_.home());
}

}  // namespace gyre::internal

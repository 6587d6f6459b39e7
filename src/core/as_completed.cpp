#include <gyre/core/as_completed.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/duration_text.hpp>

#include <string>

namespace gyre::internal {

CompletionQueue::CompletionQueue(std::size_t count, Duration timeout, std::source_location where)
    : scheduler_(this_loop().scheduler()), count_(count), timeout_(timeout), where_(where) {
    watchers_.reserve(count);
    ended_.reserve(count);
    if (timeout == Duration::max()) return;
    if (timeout <= Duration::zero()) {
        expired_ = true;
    } else {
        scheduler_.timers.insert(*this, scheduler_.loop.now() + timeout);
    }
}

CompletionQueue::~CompletionQueue() {
    if (armed()) scheduler_.timers.cancel(*this);
}

void CompletionQueue::add(TaskNode& task) {
    Watcher& watcher = watchers_.emplace_back(*this, task);
    task.joiners.push_back(watcher);
    ++running_;
}

void CompletionQueue::one_ended(Watcher& watcher) noexcept {
    --running_;
    if (dropped_) {
        if (running_ > 0) return;
        end_cleaning(scheduler_);
        delete this;
        return;
    }
    ended_.push_back(static_cast<std::size_t>(&watcher - watchers_.data()));
    if (NextCompletedWait* reader = std::exchange(reader_, nullptr)) reader->wake();
}

auto CompletionQueue::take() noexcept -> TaskNode* {
    if (taken_ == ended_.size()) return nullptr;
    last_ = ended_[taken_++];
    return &watchers_[last_].task();
}

void CompletionQueue::fire() noexcept {
    expired_ = true;
    if (NextCompletedWait* reader = std::exchange(reader_, nullptr)) reader->wake();
}

void CompletionQueue::drop() noexcept {
    if (NextCompletedWait* reader = std::exchange(reader_, nullptr)) reader->abandon();
    if (armed()) scheduler_.timers.cancel(*this);
    if (running_ == 0) {
        delete this;
        return;
    }
    dropped_ = true;
    begin_cleaning(scheduler_);
    const auto cause = cancel_request(scheduler_, "as_completed was dropped", where_, CancelKind::owner);
    // A task cannot end in here: an answer to a cancellation only enters the ready queue.
    for (Watcher& watcher : watchers_) {
        if (!watcher.task().done()) watcher.task().cancel(cause);
    }
}

void CompletionQueue::throw_timeout() const {
    throw TimeoutError("as_completed: " + std::to_string(remaining()) + " of " + std::to_string(count_) +
                       " have not ended within " + duration_text(timeout_) + " (set at " + place_text(where_) + ")");
}

auto NextCompletedWait::await_ready() -> bool {
    if (&scheduler() != &queue_.scheduler_) throw InvalidStateError("as_completed: it belongs to another loop");
    if (queue_.reader_ != nullptr) throw InvalidStateError("as_completed: two tasks wait for the next result at once");
    if (interrupted()) return false;
    return queue_.taken_ < queue_.ended_.size() || queue_.remaining() == 0 || queue_.expired_;
}

void NextCompletedWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (begin()) queue_.reader_ = this;
}

void NextCompletedWait::cancel() noexcept {
    queue_.reader_ = nullptr;
    scheduler().stop(*frame_);
}

void NextCompletedWait::abandon() noexcept {
    abandoned_ = true;
    scheduler().wake(*frame_);
}

auto NextCompletedWait::take() -> TaskNode* {
    if (abandoned_) throw InvalidStateError("as_completed: it was dropped while a task waited for its next result");
    if (TaskNode* task = queue_.take()) return task;
    if (queue_.remaining() > 0) queue_.throw_timeout();
    return nullptr;
}

}  // namespace gyre::internal

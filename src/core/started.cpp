#include <gyre/core/started.hpp>

#include <gyre/core/errors.hpp>

namespace gyre::internal {

void StartWait::begin_with(TaskNode& task) noexcept {
    task.starting = true;
    task.joiners.push_back(*this);
    task_.emplace(task);
}

void StartWait::await_suspend(std::coroutine_handle<>) noexcept {
    // Cancelled before it began: then there is no task, and nobody else ends this wait.
    static_cast<void>(begin());
}

void StartWait::cancel() noexcept { task_->get()->receive(frame_->scope->cause); }

auto StartWait::record() const noexcept -> WaitRecord {
    if (!task_) return {WaitKind::started};
    return {WaitKind::started, task_->get(), task_->get()->name(), Time::max(), task_->get()};
}

void StartWait::started() noexcept {
    started_ = true;
    task_->get()->starting = false;
    task_->get()->joiners.remove(*this);
    scheduler().wake(*frame_);
}

void StartWait::task_ended() noexcept {
    TaskNode& task = *task_->get();
    task.received = true;
    if (task.state == TaskNode::State::cancelled && frame_->scope->cancelled) {
        scheduler().stop(*frame_);
    } else {
        scheduler().wake(*frame_);
    }
}

void StartWait::check() const {
    if (started_) return;
    const TaskNode& task = *task_->get();
    if (task.state == TaskNode::State::error) std::rethrow_exception(task.error());
    if (task.state == TaskNode::State::cancelled) throw CancelledError(task.cause);
    throw InvalidStateError("TaskGroup::start: task '" + task.title() + "' ended without calling started()");
}

void throw_started_twice() { throw InvalidStateError("Started: the task has called started() before"); }

}  // namespace gyre::internal

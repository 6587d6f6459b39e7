#include <gyre/core/task_node.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_handle.hpp>

namespace gyre::internal {

void TaskNode::make_extra(Frame& frame, std::string_view name) {
    try {
        if (scheduler->exact) scheduler->stamp = scheduler->loop.read_clock();
        extra_.reset(new Extra);
        extra_->name = name;
        extra_->measured = scheduler->exact;
        extra_->clock.spawned(scheduler->stamp);
    } catch (...) {
        frame.destroy();
        throw;
    }
}

void TaskNode::admit_slowly(Frame& frame) {
    try {
        scheduler->admit();
    } catch (...) {
        frame.destroy();
        throw;
    }
}

void TaskNode::throw_failure() const {
    if (state == State::error) std::rethrow_exception(error_);
    throw CancelledError(cause);
}

auto TaskNode::title() const -> std::string {
    return extra_ && !extra_->name.empty() ? extra_->name : place_text(location);
}

auto TaskNode::stats() const noexcept -> TaskStats {
    if (!extra_ || !extra_->measured) return {};
    // The loop may be gone when the task has ended; its figures are complete then.
    return extra_->clock.stats(done() ? Time{} : scheduler->stamp);
}

auto TaskNode::ended() noexcept -> Next {
    TaskOwner& owner = *owner_;  // its place may be the error's
    collect(*std::exchange(root, nullptr));
    finish(owner);
    return {};
}

auto TaskNode::stopped() noexcept -> Next {
    state = State::cancelled;
    drop_work();
    finish(*owner_);
    return {};
}

void TaskNode::set_error(std::exception_ptr error) noexcept {
    ::new (static_cast<void*>(&error_)) std::exception_ptr(std::move(error));
    state = State::error;
}

void TaskNode::finish(TaskOwner& owner) noexcept {
    Scheduler& home = *scheduler;
    if (home.exact) {
        home.stamp = home.loop.read_clock();
        extra_->clock.ended(home.stamp);
    }
    if (home.last_request.task == this) home.last_request = {};
    home.leave();
    ListLink<TaskNode>::unlink();
    while (JoinListener* joiner = joiners.pop_front()) joiner->task_ended();
    --owner.task_count;
    owner.task_ended(*this);
    release();
}

void TaskNode::drop_error() noexcept {
    EventLoop* loop = received ? nullptr : current_loop();
    if (loop != nullptr && &loop->scheduler() == scheduler) loop->handle_error({error_, ErrorOrigin::task, title()});
    std::destroy_at(&error_);
}

void JoinWait::check() const {
    TaskNode& task = *task_.get();
    if (task.scheduler != &scheduler()) {
        throw InvalidStateError("join: task '" + task.title() + "' belongs to another loop");
    }
    if (frame_->scope->task() == &task) throw InvalidStateError("join: task '" + task.title() + "' waits for itself");
}

void JoinWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (begin()) task_.get()->joiners.push_back(*this);
}

void JoinWait::cancel() noexcept {
    task_.get()->joiners.remove(*this);
    scheduler().stop(*frame_);
}

auto JoinWait::record() const noexcept -> WaitRecord { return {WaitKind::join, task_.get(), task_.get()->name()}; }

void throw_taken(const TaskNode& task) {
    throw InvalidStateError("join: the result of task '" + task.title() + "' was taken before");
}

auto TaskHandleBase::cancel(std::string reason, std::source_location where) const -> bool {
    TaskNode& task = *task_.get();
    if (task.done() || task.asked) return false;
    static_cast<Scope&>(task).cancel(cancel_request(*task.scheduler, std::move(reason), where));
    return true;
}

auto TaskHandleBase::error() const noexcept -> std::exception_ptr {
    task_.get()->received = true;
    return task_.get()->error();
}

}  // namespace gyre::internal

#include <gyre/core/task_node.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_handle.hpp>

namespace gyre::internal {

void TaskNode::start(Frame& frame, TaskOwner& owner, const Scope* outer, std::string_view name) {
    Scheduler& scheduler = *scope.scheduler;
    try {
        if (scheduler.exact) scheduler.stamp = scheduler.loop.read_clock();
        if (!name.empty() || scheduler.exact) {
            extra_.reset(new Extra);
            extra_->name = name;
            extra_->measured = scheduler.exact;
            extra_->clock.spawned(scheduler.stamp);
        }
        scheduler.admit();
    } catch (...) {
        frame.destroy();
        throw;
    }
    if (outer != nullptr) scope.inherit(*outer);
    frame.continue_with(static_cast<Strand&>(*this));
    frame.scope = &scope;
    root = &frame;
    owner_ = &owner;
    owner.task_started();
    owner.tasks.push_back(*this);
    retain();
    scheduler.start_queued(frame);
}

auto TaskNode::title() const -> std::string {
    return extra_ && !extra_->name.empty() ? extra_->name : place_text(location);
}

auto TaskNode::stats() const noexcept -> TaskStats {
    if (!extra_ || !extra_->measured) return {};
    // The loop may be gone when the task has ended; its figures are complete then.
    return extra_->clock.stats(done() ? Time{} : scope.scheduler->stamp);
}

auto TaskNode::ended() noexcept -> Next {
    state = root->state == Frame::State::error ? State::error : State::value;
    take(*std::exchange(root, nullptr));
    finish();
    return {};
}

auto TaskNode::stopped() noexcept -> Next {
    state = State::cancelled;
    set_cancelled();
    finish();
    return {};
}

void TaskNode::finish() noexcept {
    Scheduler& scheduler = *scope.scheduler;
    if (scheduler.exact) {
        scheduler.stamp = scheduler.loop.read_clock();
        extra_->clock.ended(scheduler.stamp);
    }
    scheduler.leave();
    ListLink<TaskNode>::unlink();
    while (JoinListener* joiner = joiners.pop_front()) joiner->task_ended();
    owner_->task_ended(*this);
    release();
}

void TaskNode::report_lost_error() noexcept {
    if (EventLoop* loop = current_loop(); loop != nullptr && &loop->scheduler() == scope.scheduler) {
        loop->handle_error({error(), ErrorOrigin::task, title()});
    }
}

auto JoinWait::await_ready() const -> bool {
    TaskNode& task = *task_.get();
    if (task.done()) return !interrupted();
    if (task.scope.scheduler != &scheduler()) {
        throw InvalidStateError("join: task '" + task.title() + "' belongs to another loop");
    }
    if (frame_->scope->task == &task) throw InvalidStateError("join: task '" + task.title() + "' waits for itself");
    return false;
}

void JoinWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (begin()) task_.get()->joiners.push_back(*this);
}

void JoinWait::cancel() noexcept {
    unlink();
    scheduler().stop(*frame_);
}

auto JoinWait::record() const noexcept -> WaitRecord { return {WaitKind::join, task_.get(), task_.get()->name()}; }

void mark_received(TaskNode& task, bool consumes) {
    if (task.received && consumes) {
        throw InvalidStateError("join: the result of task '" + task.title() + "' was taken before");
    }
    task.received = true;
}

auto TaskHandleBase::cancel(std::string reason, std::source_location where) const -> bool {
    TaskNode& task = *task_.get();
    if (task.done() || task.scope.asked) return false;
    task.scope.cancel(cancel_request(*task.scope.scheduler, std::move(reason), where));
    return true;
}

auto TaskHandleBase::error() const noexcept -> std::exception_ptr {
    task_.get()->received = true;
    return task_.get()->error();
}

}  // namespace gyre::internal

#include <gyre/core/task_node.hpp>

#include "core/tape.hpp"

#include <gyre/core/branches.hpp>
#include <gyre/core/cancel_request.hpp>
#include <gyre/core/circle.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_handle.hpp>

namespace gyre::internal {

auto TaskNode::extra() -> Extra& {
    if (!has_extra_) {
        auto* made = new Extra(location_);
        // A signal handler that comes in between finds neither, and never takes the one for the other.
        static_assert(sizeof(location_) == sizeof(void*));
        location_ = std::source_location();  // all null
        in_this_order();
        has_extra_ = true;
        in_this_order();
        extra_ = made;
    }
    return *extra_;
}

void TaskNode::prepare(Frame& frame, const SpawnOptions& options) {
    try {
        fill_extra(options);
    } catch (...) {
        scheduler->leave();
        frame.destroy();
        throw;
    }
    if (scheduler->tape != nullptr) scheduler->tape->spawned(*this);
}

void TaskNode::fill_extra(const SpawnOptions& options) {
    const bool plain = options.name.empty() && options.deadline == Time::max() && options.priority == Priority::normal;
    if (plain && !scheduler->exact && !scheduler->carries_contexts()) return;  // for the tape alone
    Extra& extra = this->extra();
    extra.name = options.name;
    if (scheduler->exact) {
        scheduler->stamp = scheduler->loop.read_clock();
        extra.measured = scheduler->exact_since;
        extra.clock.spawned(scheduler->stamp);
    }
    extra.born = scheduler->stamp;
    if (scheduler->carries_contexts()) extra.context = scheduler->inherited_context();
    if (options.priority != Priority::normal) set_priority(options.priority);
    if (options.deadline != Time::max()) {
        extra.deadline.reset(new Deadline(*this));
        extra.deadline->cause = make_cause(CancelKind::deadline, "deadline passed", extra.location, options.deadline);
        extra.until = options.deadline;
        scheduler->timers.insert(*extra.deadline, options.deadline);
    }
}

void TaskNode::set_priority(Priority priority) {
    if (priority != Priority::normal) scheduler->use_priorities();
    if (priority != this->priority()) extra().priority = priority;
}

auto TaskNode::context() const noexcept -> const ContextPointer& {
    static const ContextPointer nothing;
    const Extra* extra = known_extra();
    return extra != nullptr ? extra->context : nothing;
}

auto TaskNode::own_context() -> ContextPointer& { return extra().context; }

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
    throw CancelledError(cause, took_);
}

auto TaskNode::title() const -> std::string {
    return has_extra_ && !extra_->name.empty() ? extra_->name : place_text(location());
}

auto TaskNode::full_title() const -> std::string {
    const std::string where = place_text(location());
    return name().empty() ? where : "'" + std::string(name()) + "' (" + where + ")";
}

auto TaskNode::stats() const noexcept -> TaskStats {
    if (!is_measured()) return {};
    // The loop may be gone when the task has ended; its figures are complete then.
    return extra_->clock.stats(done() ? Time{} : scheduler->stamp);
}

auto TaskNode::ended() noexcept -> Next {
    TaskOwner& owner = *owner_;  // its place may be the error's
    scheduler->ending = &owner;
    collect(*std::exchange(root, nullptr));
    scheduler->ending = nullptr;
    finish(owner);
    return {};
}

auto TaskNode::stopped() noexcept -> Next {
    TaskOwner& owner = *owner_;
    state = State::cancelled;
    took_ = scheduler->cancellation_ended(*cause);
    if (has_extra_ && extra_->deadline && cause == extra_->deadline->cause) set_timeout();
    scheduler->ending = &owner;
    {
        const DropsTakenWork drops;  // the callable may have a Task that it would have awaited
        drop_work();
    }
    scheduler->ending = nullptr;
    finish(owner);
    return {};
}

void TaskNode::set_timeout() noexcept {
    try {
        throw TimeoutError("timeout: the deadline of task '" + title() + "' passed");
    } catch (...) {
        set_error(std::current_exception());
    }
}

void TaskNode::set_error(std::exception_ptr error) noexcept {
    ::new (static_cast<void*>(&error_)) std::exception_ptr(std::move(error));
    state = State::error;
}

void TaskNode::outlive_result() noexcept {
    references_ = 1;  // what the result gives back may be what watches
    drop_result();
    references_ = 0;
    if (watchers_ == 0) delete this;
}

void TaskNode::finish(TaskOwner& owner) noexcept {
    Scheduler& home = *scheduler;
    if (home.notes_tasks || has_extra_) note_end();
    if (home.last_request.task == this) home.last_request = {};
    home.leave();
    if (home.cursor == this) [[unlikely]]
        home.cursor = next_task(home, owner, *this);
    ListLink<TaskNode>::unlink();
    while (JoinListener* joiner = joiners.pop_front()) joiner->task_ended();
    --owner.task_count;
    owner.task_ended(*this);
    release();
}

auto next_task(Scheduler& scheduler, TaskOwner& owner, TaskNode& task) noexcept -> TaskNode* {
    if (TaskNode* next = owner.tasks.after(task)) return next;
    for (auto* later = scheduler.owners.after(owner); later != nullptr; later = scheduler.owners.after(*later)) {
        if (TaskNode* first = later->tasks.front()) return first;
    }
    return nullptr;
}

void TaskNode::note_end() noexcept {
    Scheduler& home = *scheduler;
    if (home.exact) home.stamp = home.loop.read_clock();
    if (has_extra_) {
        if (home.exact && extra_->measured == home.exact_since) {
            extra_->clock.ended(home.stamp);
        } else {
            extra_->measured = 0;
        }
        if (extra_->deadline) home.timers.cancel(*extra_->deadline);
    }
    if (home.tape != nullptr) home.tape->ended(*this);
}

void TaskNode::drop_rest() noexcept {
    if (state == State::error) {
        EventLoop* loop = received ? nullptr : current_loop();
        if (loop != nullptr && &loop->scheduler() == scheduler)
            loop->handle_error({error_, ErrorOrigin::task, full_title()});
        std::destroy_at(&error_);
    }
    if (has_extra_) delete extra_;
}

void check_wait_for(const TaskNode& task, const Scheduler* here, const TaskNode* waiting, const char* operation) {
    const char* mistake = nullptr;
    if (task.scheduler != here) mistake = "' belongs to another loop";
    if (&task == waiting) mistake = "' waits for itself";
    if (mistake != nullptr) throw InvalidStateError(std::string(operation) + ": task '" + task.title() + mistake);
}

void JoinWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (begin()) task_.get()->joiners.push_back(*this);
}

void JoinWait::cancel() noexcept {
    task_.get()->joiners.remove(*this);
    scheduler().stop(*frame_);
}

void JoinWait::check_circle(const TaskNode& task) const { refuse_circle(*frame_, record(), task); }

auto JoinWait::record() const noexcept -> WaitRecord {
    const TaskNode* task = task_.get();
    return {WaitKind::join, task, task->name(), Time::max(), task};
}

void throw_executor_of_coroutine() {
    throw InvalidStateError(
        "spawn: an executor runs ordinary functions; a coroutine runs on a loop, see SpawnOptions::loop");
}

void throw_taken(const TaskNode& task) {
    throw InvalidStateError("join: the result of task '" + task.title() + "' was taken before");
}

void throw_empty_handle(const char* operation) {
    throw InvalidStateError(
        std::string(operation) + ": this TaskHandle is empty: it was never given a task, or was moved from");
}

namespace {

/// A task that has not ended is touched where its loop runs; between two runs of the loop, anywhere.
void check_thread(const TaskNode& task, const char* operation) {
    if (task.done()) return;  // its loop may be gone
    const EventLoop& loop = task.scheduler->loop;
    if (loop.runs_elsewhere()) loop.check_thread(operation, "task '" + task.title() + "'");
}

}  // namespace

auto TaskHandleBase::cancel(std::string reason, std::source_location where) const -> bool {
    TaskNode& task = node("TaskHandle::cancel");
    check_thread(task, "TaskHandle::cancel");
    if (task.done() || task.asked) return false;
    static_cast<Scope&>(task).cancel(cancel_request(*task.scheduler, reason, where));
    return true;
}

namespace {

class DoneCallback final : public JoinListener, public Pooled {
public:
    DoneCallback(Scheduler& scheduler, CallbackPointer callback)
        : scheduler_(scheduler), callback_(std::move(callback)) {
        scheduler.admit();
    }
    void task_ended() noexcept override {
        scheduler_.ready.push(*callback_.take());
        delete this;
    }

private:
    ~DoneCallback() = default;

    Scheduler& scheduler_;
    CallbackPointer callback_;
};

}  // namespace

void TaskHandleBase::call_when_done(CallbackPointer callback) const {
    TaskNode& task = node("add_done_callback");
    check_wait_for(task, &this_loop().scheduler(), nullptr, "add_done_callback");
    callback->scheduler = task.scheduler;
    if (task.scheduler->carries_contexts()) callback->context = task.scheduler->inherited_context();
    auto* listener = new DoneCallback(*task.scheduler, std::move(callback));
    if (task.done()) {
        listener->task_ended();
    } else {
        task.joiners.push_back(*listener);
    }
}

void TaskHandleBase::set_priority(Priority priority) const {
    TaskNode& task = node("TaskHandle::set_priority");
    check_thread(task, "TaskHandle::set_priority");
    if (!task.done()) task.set_priority(priority);
}

auto TaskHandleBase::error() const -> std::exception_ptr {
    TaskNode& task = node("TaskHandle::error");
    check_thread(task, "TaskHandle::error");
    task.received = true;
    return task.error();
}

}  // namespace gyre::internal

namespace gyre {

auto current_task() -> AnyTaskHandle {
    internal::TaskNode* task = this_loop().scheduler().current_task();
    if (task == nullptr) throw LoopError("current_task: no task runs here; this is a callback");
    return AnyTaskHandle(internal::TaskPointer(*task));
}

auto all_tasks(EventLoop& loop) -> std::vector<AnyTaskHandle> {
    loop.check_thread("all_tasks");
    std::vector<AnyTaskHandle> tasks;
    auto& owners = loop.scheduler().owners;
    for (auto* owner = owners.front(); owner != nullptr; owner = owners.after(*owner)) {
        for (auto* task = owner->tasks.front(); task != nullptr; task = owner->tasks.after(*task)) {
            tasks.emplace_back(internal::TaskPointer(*task));
        }
    }
    return tasks;
}

}  // namespace gyre

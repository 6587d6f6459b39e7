#include <gyre/core/wait.hpp>

#include <stdexcept>

namespace gyre::internal {

TasksWait::~TasksWait() {
    if (armed()) scheduler().timers.cancel(*this);
}

void TasksWait::open(std::size_t count) {
    if (count == 0) throw std::invalid_argument("wait: there are no tasks to wait for");
    watchers_ = std::make_unique<Watcher[]>(count);
}

void TasksWait::watch(TaskNode& task) {
    if (!task.done()) {
        check_wait_for(task, &scheduler(), frame_->scope->task(), "wait");
        ++running_;
    }
    Watcher& watcher = watchers_[count_++];
    watcher.owner = this;
    watcher.task = &task;
    if (task.done()) {
        count(task);
    } else {
        task.joiners.push_back(watcher);
    }
}

auto TasksWait::ready() const noexcept -> bool { return !interrupted() && (enough() || timeout_ <= Duration::zero()); }

auto TasksWait::enough() const noexcept -> bool {
    if (running_ == 0) return true;
    if (when_ == ReturnWhen::first_completed) return running_ < count_;
    return when_ == ReturnWhen::first_exception && failed_;
}

void TasksWait::await_suspend(std::coroutine_handle<>) {
    if (!begin()) {
        over_ = true;
        return;
    }
    if (timeout_ == Duration::max()) return;
    deadline_ = scheduler().loop.now() + timeout_;
    scheduler().timers.insert(*this, deadline_);
}

void TasksWait::count(const TaskNode& task) noexcept {
    if (task.state == TaskNode::State::error) failed_ = true;
}

void TasksWait::one_ended(const TaskNode& task) noexcept {
    --running_;
    count(task);
    if (over_ || !enough()) return;
    over_ = true;
    if (armed()) scheduler().timers.cancel(*this);
    scheduler().wake(*frame_);
}

void TasksWait::fire() noexcept {
    over_ = true;
    scheduler().wake(*frame_);
}

void TasksWait::cancel() noexcept {
    over_ = true;
    if (armed()) scheduler().timers.cancel(*this);
    scheduler().stop(*frame_);
}

auto TasksWait::record() const noexcept -> WaitRecord { return {WaitKind::wait, this, {}, deadline_}; }

}  // namespace gyre::internal

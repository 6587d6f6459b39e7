#include <gyre/core/task_group.hpp>

#include <gyre/core/cancel_request.hpp>
#include <gyre/core/exception_group.hpp>
#include <gyre/core/loop.hpp>

namespace gyre {

void TaskGroup::cancel(std::string reason, std::source_location where) {
    wait_->check_thread("TaskGroup::cancel");
    wait_->cancel_all(std::move(reason), where);
}

auto TaskGroup::size() const noexcept -> std::size_t { return wait_->running(); }

auto TaskGroup::errors() const noexcept -> std::span<const std::exception_ptr> { return wait_->errors(); }

namespace internal {

void GroupWait::open() {
    const Scope& outer = *frame_->scope;
    errors_.reserve(1);  // the first error has its room, however little memory there is then
    outer.scheduler->admit();
    scope_.emplace(outer, static_cast<Wait&>(*this));
    scope_->inherit(outer);
    outer.scheduler->owners.push_back(*this);
    frame_->wait_on(*this);
}

auto GroupWait::enter(Frame& body) noexcept -> bool {
    body.continue_with(static_cast<Strand&>(*this));
    body.scope = &*scope_;
    root = &body;
    if (!scope_->scheduler->start_root(body)) return false;
    take_body(*std::exchange(root, nullptr));
    return body_returned();
}

auto GroupWait::body_returned() noexcept -> bool {
    body_done_ = true;
    scope_->scheduler->leave();
    if (!all_ended()) return false;
    frame_->wait_on_nothing();
    return true;
}

void GroupWait::cancel() noexcept { scope_->receive(frame_->scope->cause); }

void GroupWait::interrupt() noexcept {
    if (root != nullptr) Scheduler::interrupt(static_cast<Strand&>(*this));
    // A task cannot end in here (an answer to a cancellation only enters the ready queue), so the list stays as it is.
    for (TaskNode* task = tasks.front(); task != nullptr; task = tasks.after(*task)) task->receive(scope_->cause);
}

auto GroupWait::record() const noexcept -> WaitRecord {
    return {.kind = WaitKind::group, .object = this, .name = options_.name, .used = task_count};
}

auto GroupWait::ended() noexcept -> Next {
    take_body(*std::exchange(root, nullptr));
    body_done_ = true;
    scope_->scheduler->leave();
    return all_ended() ? outcome() : Next{};
}

auto GroupWait::stopped() noexcept -> Next {
    body_stopped_ = true;
    body_done_ = true;
    scope_->scheduler->leave();
    return all_ended() ? outcome() : Next{};
}

void GroupWait::task_ended(TaskNode& task) noexcept {
    if (task.starting) {
        // How it ended is a matter of whoever started it.
    } else if (task.state == TaskNode::State::error) {
        task.received = true;
        add_error(task.error());
    } else if (task.state == TaskNode::State::cancelled && !task.asked) {
        task_stopped_ = true;
    }
    if (all_ended()) scope_->scheduler->go_on(outcome());
}

void GroupWait::left_behind(bool begun) noexcept {
    if (!begun && all_ended()) scope_->scheduler->go_on(outcome());
}

auto GroupWait::outcome() const noexcept -> Next { return {frame_, unwinds()}; }

// A cancellation from outside goes on through the awaiting frame if it reached anything here; an error counts more.
auto GroupWait::unwinds() const noexcept -> bool {
    return errors_.empty() && (body_stopped_ || task_stopped_) && frame_->scope->cancelled;
}

void GroupWait::add_error(const std::exception_ptr& error) noexcept {
    try {
        errors_.push_back(error);
    } catch (...) {  // no memory for a later one: it goes where later ones go
        return scope_->scheduler->loop.handle_error({error, ErrorOrigin::sibling, "a task group"});
    }
    try {
        if (!scope_->cancelled) cancel_all("a task of the group failed: " + describe(error), {}, CancelKind::sibling);
    } catch (...) {  // no memory for the text: the siblings are cancelled all the same
        scope_->cancel(plain_cause());
    }
}

void GroupWait::cancel_all(std::string reason, std::source_location where, CancelKind kind) {
    if (!scope_->asked) scope_->cancel(cancel_request(*scope_->scheduler, reason, where, kind));
}

void GroupWait::check_open(std::string_view operation) const {
    check_thread(operation);
    if (all_ended()) throw InvalidStateError(std::string(operation) + ": the group has ended");
}

void GroupWait::check_thread(std::string_view operation) const {
    scope_->scheduler->loop.check_thread(operation, "this group");
}

void GroupWait::finish() {
    if (errors_.empty()) return;
    if (options_.errors == Errors::collect) {
        throw ExceptionGroup(options_.name.empty() ? "errors in a task group" : options_.name, std::move(errors_));
    }
    for (std::size_t i = 1; i < errors_.size(); ++i) {
        scope_->scheduler->loop.handle_error({errors_[i], ErrorOrigin::sibling, "a task group"});
    }
    std::rethrow_exception(errors_.front());
}

}  // namespace internal
}  // namespace gyre

#include <gyre/core/strand_wait.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <string>

namespace gyre::internal {

StrandWait::~StrandWait() {
    if (root != nullptr && root->done()) root->destroy();
}

auto StrandWait::run(Frame& task, Scope& scope) noexcept -> bool {
    task.continue_with(static_cast<Strand&>(*this));
    task.scope = &scope;
    root = &task;
    frame_->wait_on(*this);
    if (!scope.scheduler->start_inline(task)) return false;
    frame_->wait_on_nothing();
    return true;
}

auto StrandWait::ended() noexcept -> Next { return {frame_, false}; }

auto StrandWait::stopped() noexcept -> Next { return {frame_, true}; }

ScopeWait::~ScopeWait() { disarm(); }

void ScopeWait::open() {
    const Scope& outer = *frame_->scope;
    scope_.emplace(*outer.scheduler, outer.task, static_cast<Strand&>(*this));
    if (!shielded_) scope_->inherit(outer);
    if (timeout_ != Duration::max()) {
        const Time now = outer.scheduler->loop.now();
        deadline_ = timeout_ < Time::max() - now ? now + timeout_ : Time::max();
    }
    if (deadline_ != Time::max()) outer.scheduler->timers.insert(*this, deadline_);
}

void ScopeWait::await_suspend(std::coroutine_handle<>) noexcept {}

void ScopeWait::cancel() noexcept {
    if (!shielded_) scope_->receive(frame_->scope->cause);
}

auto ScopeWait::ended() noexcept -> Next {
    disarm();
    return {frame_, false};
}

auto ScopeWait::stopped() noexcept -> Next {
    disarm();
    // Cancelled from outside: that scope takes it back, further up. Else it was asked for here and becomes data here.
    return {frame_, frame_->scope->cancelled && !shielded_};
}

auto ScopeWait::record() const noexcept -> WaitRecord {
    return {WaitKind::scope, this, shielded_ ? "shield" : "scope", deadline_};
}

void ScopeWait::fire() noexcept {
    auto cause = std::make_shared<CancelCause>();
    cause->reason = deadline_text();
    cause->where = where_;
    cause->when = scope_->scheduler->stamp;
    scope_->cancel(std::move(cause));
}

void ScopeWait::disarm() noexcept {
    if (armed()) scope_->scheduler->timers.cancel(*this);
}

auto ScopeWait::deadline_text() const -> std::string {
    if (timeout_ == Duration::max()) return "deadline passed";
    return "deadline of " + duration_text(timeout_) + " passed";
}

void ScopeWait::throw_timeout() const {
    throw TimeoutError("timeout: " + deadline_text() + " (set at " + place_text(where_) + ")");
}

}  // namespace gyre::internal

#include <gyre/core/strand_wait.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <algorithm>
#include <new>
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
    if (!scope.scheduler->start_root(task) || scope.holds(*this, false)) return false;
    frame_->wait_on_nothing();
    return true;
}

auto StrandWait::ended() noexcept -> Next { return {frame_, false}; }

auto StrandWait::stopped() noexcept -> Next { return {frame_, true}; }

ScopeWait::~ScopeWait() { disarm(); }

void ScopeWait::open() {
    const Scope& outer = *frame_->scope;
    CancelScope* object = settings_.object;
    if (object != nullptr) {
        if (object->phase_ != CancelScope::Phase::unused) {
            throw InvalidStateError("CancelScope: it is used once, and this one " +
                                    std::string(object->wait_ != nullptr ? "runs already" : "has run before"));
        }
        if (object->timeout_ < settings_.timeout || object->deadline_ < settings_.deadline) where_ = object->where_;
        settings_.timeout = std::min(settings_.timeout, object->timeout_);
        settings_.deadline = std::min(settings_.deadline, object->deadline_);
        settings_.shielded = settings_.shielded || object->shielded_;
    }
    scope_.emplace(outer, static_cast<Strand&>(*this));
    if (!settings_.shielded) scope_->inherit(outer);
    if (settings_.timeout != Duration::max()) {
        const Time end = outer.scheduler->loop.now() + settings_.timeout;
        if (end <= settings_.deadline) {
            settings_.deadline = end;
        } else {
            settings_.timeout = Duration::max();  // the point in time comes first, and the text names what passed
        }
    }
    if (settings_.deadline != Time::max()) outer.scheduler->timers.insert(*this, settings_.deadline);
    if (object == nullptr) return;
    object->wait_ = this;
    object->phase_ = CancelScope::Phase::running;
    if (object->cause_) scope_->cancel(object->cause_);
}

auto ScopeWait::enter(Frame& body) noexcept -> bool {
    if (!run(body, *scope_)) return false;
    close(false);
    return true;
}

void ScopeWait::await_suspend(std::coroutine_handle<>) noexcept {}

void ScopeWait::cancel() noexcept {
    if (!settings_.shielded) scope_->receive(frame_->scope->cause);
}

auto ScopeWait::ended() noexcept -> Next {
    close(false);
    return {frame_, false};
}

auto ScopeWait::stopped() noexcept -> Next {
    // Cancelled from outside: that scope takes it back, further up. Else it was asked for here and becomes data here.
    const bool caught = scope_->asked && (settings_.shielded || !frame_->scope->cancelled);
    close(caught);
    return {frame_, !caught};
}

auto ScopeWait::record() const noexcept -> WaitRecord {
    return {WaitKind::scope, this, settings_.shielded ? "shield" : "scope", settings_.deadline};
}

void ScopeWait::set_deadline(Time deadline, std::source_location where) {
    TimerHeap& timers = scope_->scheduler->timers;
    timers.reserve_one();
    disarm();
    settings_.deadline = deadline;
    settings_.timeout = Duration::max();
    where_ = where;
    if (deadline != Time::max() && !scope_->asked) timers.insert(*this, deadline);
}

void ScopeWait::set_shield(bool on) noexcept {
    settings_.shielded = on;
    if (!on && frame_->scope->cancelled) scope_->receive(frame_->scope->cause);
}

void ScopeWait::fire() noexcept {
    if (scope_->asked) return;
    expired_ = true;
    CausePointer cause;
    try {
        cause = make_cause(CancelKind::deadline, deadline_text(), where_, scope_->scheduler->stamp);
    } catch (const std::bad_alloc&) {
        cause = plain_cause();  // it ends all the same
    }
    scope_->cancel(std::move(cause));
}

void ScopeWait::disarm() noexcept {
    if (armed()) scope_->scheduler->timers.cancel(*this);
}

void ScopeWait::close(bool caught) noexcept {
    disarm();
    if (caught) static_cast<void>(scope_->scheduler->cancellation_ended(*scope_->cause));
    CancelScope* object = std::exchange(settings_.object, nullptr);
    if (object == nullptr) return;
    object->phase_ = CancelScope::Phase::over;
    object->wait_ = nullptr;
    object->called_ = scope_->asked;
    object->caught_ = caught;
    object->deadline_ = settings_.deadline;
    object->shielded_ = settings_.shielded;
}

auto ScopeWait::deadline_text() const -> std::string {
    if (settings_.timeout == Duration::max()) return "deadline passed";
    return "deadline of " + duration_text(settings_.timeout) + " passed";
}

void ScopeWait::throw_timeout() const {
    if (!expired_) throw CancelledError(scope_->cause);
    throw TimeoutError("timeout: " + deadline_text() + " (set at " + place_text(where_) + ")");
}

}  // namespace gyre::internal

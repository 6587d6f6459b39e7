#include <gyre/sync/lock.hpp>

#include <gyre/core/errors.hpp>

#include <cassert>

namespace gyre {

namespace internal {

LockState::~LockState() {
    assert(!(locked_ && guarded_) && "a gyre::Lock is destroyed before its guard");
    if (owner_ != nullptr) owner_->release();
}

auto LockState::take_slowly(const Frame& frame) -> bool {
    waiters_.use_on(*frame.scope->scheduler, "acquire");
    if (frame.scope->cancelled) return false;
    TaskNode* task = frame.scope->task();
    if (!locked_) {
        take(task);
        return true;
    }
    if (task != nullptr && task == owner_ && runs_alone(frame)) {
        throw DeadlockError(
            "acquire: " + waiters_.title() + " is held by " + task_text(task) + " itself, which would wait for ever");
    }
    return false;
}

void LockState::hand_over() noexcept {
    ListedWait& next = *waiters_.pop_front();
    take(next.task());
    next.granted();
}

void LockState::take_in_turn(ListedWait& wait) noexcept {
    waiters_.push_back(wait);
    if (!locked_) hand_over();
}

void LockState::require_held(const char* operation) const {
    if (!locked_) throw InvalidStateError(std::string(operation) + ": " + waiters_.title() + " is not held");
    const TaskNode* task = running_task();
    if (task != nullptr && task != owner_) {
        throw InvalidStateError(std::string(operation) + ": " + waiters_.title() + " is held by " + task_text(owner_) +
                                ", not by " + task_text(task));
    }
}

void LockState::release() {
    waiters_.check_here("release");
    require_held("release");
    if (guarded_)
        throw InvalidStateError("release: " + waiters_.title() + " is held by a guard, which will give it up");
    free();
}

}  // namespace internal

auto Lock::try_acquire() -> std::optional<LockGuard> {
    state_.waiters().use_here("try_acquire");
    if (state_.locked()) return std::nullopt;
    state_.take(internal::running_task());
    return LockGuard(state_);
}

auto Lock::statistics() const -> LockStatistics {
    const internal::TaskNode* owner = state_.owner();
    return {state_.locked(), owner != nullptr ? owner->title() : std::string(), state_.waiters().size()};
}

}  // namespace gyre

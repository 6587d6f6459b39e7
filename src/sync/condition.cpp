#include <gyre/sync/condition.hpp>

#include <gyre/core/errors.hpp>

namespace gyre {

void Condition::notify(std::size_t count) {
    waiters_.check_here("notify");
    lock_->state().require_held("notify");
    for (; count > 0 && !waiters_.empty(); --count) {
        static_cast<internal::ConditionWait*>(waiters_.pop_front())->notified();
    }
}

namespace internal {

auto ConditionWait::await_ready() const -> bool {
    list_->use_on(scheduler(), "wait");
    if (!guard_->holds(*lock_)) {
        throw InvalidStateError("wait: " + list_->title() + ": the guard does not hold its " + lock_->waiters().title());
    }
    return false;
}

void ConditionWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (enlist()) lock_->free();
}

void ConditionWait::take_lock(Stage stage) noexcept {
    stage_ = stage;
    list_ = &lock_->waiters();
    lock_->take_in_turn(*this);
}

void ConditionWait::notified() noexcept { take_lock(Stage::notified); }

void ConditionWait::granted() noexcept {
    if (stage_ == Stage::cancelled) {
        scheduler().stop(*frame_);
    } else {
        scheduler().wake(*frame_);
    }
}

void ConditionWait::cancel() noexcept {
    if (stage_ != Stage::waiting) return;  // it has to have the lock before it can answer
    list_->remove(*this);
    take_lock(Stage::cancelled);
}

auto ConditionWait::record() const noexcept -> WaitRecord {
    if (stage_ != Stage::waiting) return lock_->record();
    return {
        .kind = WaitKind::condition, .object = condition_, .name = condition_->name(), .waiting = condition_->size()};
}

}  // namespace internal
}  // namespace gyre

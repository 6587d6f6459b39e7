#include <gyre/sync/event.hpp>

namespace gyre {

void Event::set() noexcept {
    set_ = true;
    waiting_ = 0;
    while (auto* waiter = waiters_.pop_front()) waiter->wake();
}

namespace internal {

void EventWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    event_->waiters_.push_back(*this);
    ++event_->waiting_;
}

void EventWait::cancel() noexcept {
    unlink();
    --event_->waiting_;
    scheduler().stop(*frame_);
}

}  // namespace internal
}  // namespace gyre

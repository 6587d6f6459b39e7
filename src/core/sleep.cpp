#include <gyre/core/sleep.hpp>

#include <gyre/core/loop.hpp>

namespace gyre::internal {

void SleepAwaiter::await_suspend(std::coroutine_handle<>) {
    if (!begin()) return;
    Scheduler& scheduler = this->scheduler();
    if (deadline_ == Time::min()) {
        if (length_ <= Duration::zero()) return scheduler.wake(*frame_);
        const Time now = scheduler.loop.now();
        deadline_ = length_ < Time::max() - now ? now + length_ : Time::max();
    }
    scheduler.timers.insert(*this, deadline_);
}

void SleepAwaiter::cancel() noexcept {
    scheduler().timers.cancel(*this);
    scheduler().stop(*frame_);
}

auto SleepAwaiter::record() const noexcept -> WaitRecord { return {WaitKind::sleep, nullptr, {}, deadline_}; }

}  // namespace gyre::internal

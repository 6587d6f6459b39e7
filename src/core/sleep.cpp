#include <gyre/core/sleep.hpp>

#include <gyre/core/loop.hpp>

namespace gyre::internal {

constinit YieldWait YieldWait::shared;

void SleepWait::suspend_until() {
    const Time deadline{Duration(take_kept())};
    if (begin()) scheduler().timers.insert(*this, deadline);
}

void SleepWait::suspend_for() {
    const Duration length(take_kept());
    if (!begin()) return;
    Scheduler& scheduler = this->scheduler();
    if (length <= Duration::zero()) return scheduler.wake(*frame_);
    const Time now = scheduler.loop.now();
    scheduler.timers.insert(*this, now + length);
}

void SleepWait::cancel() noexcept {
    scheduler().timers.cancel(*this);
    scheduler().stop(*frame_);
}

auto SleepWait::record() const noexcept -> WaitRecord {
    return {WaitKind::sleep, nullptr, {}, armed() ? scheduler().timers.deadline(*this) : Time::max()};
}

}  // namespace gyre::internal

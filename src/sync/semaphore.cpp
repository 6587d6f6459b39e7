#include <gyre/sync/semaphore.hpp>

#include <gyre/core/errors.hpp>

#include <cassert>

namespace gyre {

namespace internal {

SemaphoreState::~SemaphoreState() { assert(held_ == 0 && "a gyre::Semaphore is destroyed before its permits"); }

auto SemaphoreState::take_slowly(const Frame& frame) -> bool {
    waiters_.use_on(*frame.scope->scheduler, "acquire");
    if (frame.scope->cancelled || value_ == 0) return false;
    take();
    return true;
}

void SemaphoreState::hand_over() noexcept {
    take();
    waiters_.pop_front()->granted();
}

void SemaphoreState::release() {
    waiters_.check_here("release");
    if (value_ + held_ >= bound_) {
        throw InvalidStateError("release: " + waiters_.title() + " has all of its permits, or they are held");
    }
    ++value_;
    if (!waiters_.empty()) hand_over();
}

auto SemaphoreState::holder_at(std::size_t index) const noexcept -> const TaskNode* {
    auto& holders = const_cast<IntrusiveList<Permit>&>(holders_);  // a list has no view for readers
    const Permit* permit = holders.front();
    for (; permit != nullptr && index > 0; --index) permit = holders.after(const_cast<Permit&>(*permit));
    return permit != nullptr ? permit->taker() : nullptr;
}

}  // namespace internal

auto Semaphore::try_acquire() -> std::optional<Permit> {
    state_.waiters().use_here("try_acquire");
    if (state_.value() == 0) return std::nullopt;
    state_.take();
    return std::optional<Permit>(std::in_place, state_, internal::running_task());
}

}  // namespace gyre

#include <gyre/sync/barrier.hpp>

#include <gyre/core/counts.hpp>

namespace gyre {

Barrier::Barrier(std::size_t parties, std::string_view name)
    : waiters_("barrier", name), parties_(internal::require_count("barrier", name, "the number of parties", parties)) {
    if (parties == 0) throw std::invalid_argument(waiters_.title() + ": a barrier is for at least one task");
}

void Barrier::open() noexcept {
    std::size_t index = 0;
    while (auto* wait = waiters_.pop_front()) static_cast<internal::BarrierWait*>(wait)->pass(index++);
}

void Barrier::break_waiters() noexcept {
    while (auto* wait = waiters_.pop_front()) static_cast<internal::BarrierWait*>(wait)->fail();
}

void Barrier::reset() {
    waiters_.check_here("reset");
    broken_ = false;
    break_waiters();
}

void Barrier::abort() {
    waiters_.check_here("abort");
    broken_ = true;
    break_waiters();
}

namespace internal {

auto BarrierWait::await_ready() -> bool {
    list_->use_on(scheduler(), "wait");
    if (interrupted()) return false;
    if (barrier_->broken_) throw BrokenBarrierError("wait: " + list_->title() + " was aborted");
    if (list_->size() + 1 < barrier_->parties_) return false;
    index_ = list_->size();
    barrier_->open();
    return true;
}

auto BarrierWait::await_resume() const -> std::size_t {
    if (broken_) throw BrokenBarrierError("wait: " + list_->title() + " was broken while the task waited");
    return index_;
}

}  // namespace internal
}  // namespace gyre

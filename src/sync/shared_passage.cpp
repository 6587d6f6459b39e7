#include <gyre/sync/shared_passage.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

namespace gyre::internal {

void SharedLine::push(SharedWaiter& waiter) noexcept {
    waiters_.push_back(waiter);
    ++count_;
}

void SharedLine::remove(SharedWaiter& waiter) noexcept {
    waiter.unlink();
    --count_;
}

void SharedLine::finish(SharedWaiter& waiter, Ending ending, SharedWoken& woken) noexcept {
    remove(waiter);
    waiter.ending = ending;
    if (waiter.ended()) woken.push_back(waiter);
}

void SharedLine::finish_all(Ending ending, SharedWoken& woken) noexcept {
    while (SharedWaiter* first = waiters_.front()) finish(*first, ending, woken);
}

void SharedLine::close_end(std::uint64_t end, SharedWoken& woken) noexcept {
    SharedWaiter* waiter = waiters_.front();
    while (waiter != nullptr) {
        SharedWaiter* next = waiters_.after(*waiter);
        if (waiter->end == end) finish(*waiter, Ending::own_closed, woken);
        waiter = next;
    }
}

void SharedCore::throw_ended(Ending ending, std::string_view operation) const {
    std::string text = "shared channel";
    if (!name.empty()) text += " '" + name + "'";
    text += ": " + std::string(operation) + ": ";
    throw ChannelClosed(
        text + (ending == Ending::own_closed ? "this end of it was closed" : "every receiver is closed"));
}

void SharedCore::require_no_loop(std::string_view operation) const {
    if (current_loop() == nullptr) return;
    throw InvalidStateError("shared channel '" + name + "': " + std::string(operation) +
                            ": a loop runs on this thread and would stand still; co_await instead");
}

void SharedCore::wake(SharedWoken& woken) noexcept {
    while (SharedWaiter* waiter = woken.pop_front()) waiter->wake();
}

// `ending` is this thread's again only when nothing was put in line.
auto SharedTaskWait::attempted(Ending now) noexcept -> bool {
    if (now == Ending::none) {
        scheduler().loop.expect_post();
        return false;
    }
    ending = now;
    return true;
}

void SharedTaskWait::cancel() noexcept {
    {
        const std::lock_guard lock(core_->mutex);
        if (ending != Ending::none) return;  // it has what it waited for, and the post is on its way
        line_->remove(*this);
    }
    scheduler().loop.post_arrived();
    scheduler().stop(*frame_);
}

void SharedTaskWait::wake() noexcept {
    EventLoop& loop = scheduler().loop;
    if (&loop == current_loop()) return arrival_->call();
    const auto mailbox = loop.mailbox();  // the frame, and the loop, may be gone before the post returns
    arrival_->retain();                   // for the loop, which lets go of it before the frame goes on
    static_cast<void>(mailbox->post(CallbackPointer(&*arrival_)));
}

void SharedTaskWait::Arrival::call() {
    wait_.scheduler().loop.post_arrived();
    wait_.scheduler().wake(*wait_.frame_);
}

void SharedThreadWait::wait(std::mutex& mutex) {
    std::unique_lock lock(mutex);
    told_.wait(lock, [this] { return ending != Ending::none; });
}

}  // namespace gyre::internal

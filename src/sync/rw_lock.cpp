#include <gyre/sync/rw_lock.hpp>

#include <gyre/core/circle.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/task_node.hpp>

#include <cassert>

namespace gyre {

namespace internal {

RwLockState::~RwLockState() { assert(!writing_ && readers_ == 0 && "a gyre::RwLock is destroyed before its guards"); }

void RwLockState::enter(Side side, TaskNode* task) noexcept {
    if (side == Side::read) {
        ++readers_;
        return;
    }
    writing_ = true;
    writer_ = task;
    if (task != nullptr) task->retain();  // the guard may outlive it
}

auto RwLockState::take(Side side, const Frame& frame) -> bool {
    const char* operation = side == Side::read ? "read" : "write";
    waiters_.use_on(*frame.scope->scheduler, operation);
    if (frame.scope->cancelled) return false;
    TaskNode* task = frame.scope->task();
    if (waiters_.empty() && open_for(side)) {
        enter(side, task);
        return true;
    }
    if (writing_ && task != nullptr && task == writer_ && runs_alone(frame)) {
        throw DeadlockError(std::string(operation) + ": " + waiters_.title() + " is held for writing by " +
                            task_text(task) + " itself, which would wait for ever");
    }
    if (writer_ != nullptr) refuse_circle(frame, record(side), *writer_);
    return false;
}

auto RwLockState::try_take(Side side, const char* operation) -> bool {
    waiters_.use_here(operation);
    if (!waiters_.empty() || !open_for(side)) return false;
    enter(side, running_task());
    return true;
}

void RwLockState::free(Side side) noexcept {
    if (side == Side::read) {
        --readers_;
    } else {
        writing_ = false;
        if (TaskNode* task = std::exchange(writer_, nullptr)) task->release();
    }
    grant();
}

void RwLockState::left(Side side) noexcept {
    waiting_writers_ -= side == Side::write ? 1 : 0;
    grant();
}

auto RwLockState::reader_at(std::size_t index) const noexcept -> const TaskNode* {
    auto& guards = const_cast<IntrusiveList<ReadGuard>&>(guards_);  // a list has no view for readers
    const ReadGuard* guard = guards.front();
    for (; guard != nullptr && index > 0; --index) guard = guards.after(const_cast<ReadGuard&>(*guard));
    return guard != nullptr ? guard->reader() : nullptr;
}

// One writer, or all readers before the next writer.
void RwLockState::grant() noexcept {
    while (ListedWait* first = waiters_.front()) {
        const Side side = static_cast<SidedWait*>(first)->side;
        if (!open_for(side)) return;
        waiters_.remove(*first);
        waiting_writers_ -= side == Side::write ? 1 : 0;
        enter(side, first->task());
        first->granted();
    }
}

}  // namespace internal

auto RwLock::try_read() -> std::optional<ReadGuard> {
    if (!state_.try_take(internal::RwLockState::Side::read, "try_read")) return std::nullopt;
    return std::optional<ReadGuard>(std::in_place, state_, internal::running_task());
}

auto RwLock::try_write() -> std::optional<WriteGuard> {
    if (!state_.try_take(internal::RwLockState::Side::write, "try_write")) return std::nullopt;
    return WriteGuard(state_);
}

auto RwLock::statistics() const -> RwLockStatistics {
    const internal::TaskNode* writer = state_.writer();
    return {state_.readers(), state_.writing(), writer != nullptr ? writer->title() : std::string(),
        state_.waiters().size() - state_.waiting_writers(), state_.waiting_writers()};
}

}  // namespace gyre

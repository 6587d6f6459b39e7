#include <gyre/sync/lock.hpp>

#include <gyre/core/circle.hpp>
#include <gyre/core/errors.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace gyre::internal {

/// For debuggers, which find it by its name: where things lie in what tasks wait for. Offsets in bytes.
struct SyncDebugOffsets {
    std::uint64_t version;
    std::uint64_t wait_list;   ///< Of the pointer to the list in a ListedWait.
    std::uint64_t list_name;   ///< Of a std::string in a WaitList; the kind, a string_view, comes right before it.
    std::uint64_t lock_list;   ///< Of the list in a LockState.
    std::uint64_t lock_owner;  ///< Of the pointer to the task that holds it.
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // no base is virtual, so both compilers know

/// May look where the list of a wait lies.
class SyncLayout : public ListedWait {
public:
    static auto read() noexcept -> SyncDebugOffsets {
        const WaitList list({}, "x");  // short enough to lie in the object itself, behind a pointer and a length
        const LockState lock({});
        const auto offset = [](const void* part, const void* whole) -> std::uint64_t {
            return reinterpret_cast<std::uintptr_t>(part) - reinterpret_cast<std::uintptr_t>(whole);
        };
        const auto list_in_lock = offset(&lock.waiters(), &lock);
        return {1, offsetof(SyncLayout, list_), offset(list.name().data(), &list) - 2 * sizeof(void*), list_in_lock,
            list_in_lock + sizeof(WaitList)};
    }

protected:
    ~SyncLayout() = default;
};

#pragma GCC diagnostic pop

}  // namespace gyre::internal

extern "C" {
[[gnu::used]] const gyre::internal::SyncDebugOffsets gyre_debug_sync = gyre::internal::SyncLayout::read();
}

namespace gyre {

namespace internal {

LockState::~LockState() {
    assert(!(locked_ && guarded_) && "a gyre::Lock is destroyed before its guard");
    if (linked()) owner_->joiners.remove(*this);
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
    if (left_behind()) throw_left_behind();
    if (task != nullptr && task == owner_ && runs_alone(frame)) {
        throw DeadlockError(
            "acquire: " + waiters_.title() + " is held by " + task_text(task) + " itself, which would wait for ever");
    }
    if (owner_ != nullptr) refuse_circle(frame, record(), *owner_);
    return false;
}

void LockState::hand_over() noexcept {
    ListedWait& next = *waiters_.pop_front();
    take(next.task());
    next.granted();
}

void LockState::take_in_turn(ListedWait& wait) noexcept {
    waiters_.push_back(wait);
    if (!locked_) {
        hand_over();
    } else if (left_behind()) {
        free();
    }
}

void LockState::unguard() noexcept {
    guarded_ = false;
    if (owner_ != nullptr && !owner_->done()) owner_->joiners.push_back(*this);
}

void LockState::task_ended() noexcept {
    for (std::size_t left = waiters_.size(); left > 0; --left) {
        ListedWait& wait = *waiters_.pop_front();
        if (!wait.refuse()) waiters_.push_back(wait);
    }
    // Who comes from a Condition cannot go on without the lock, for its frames have a guard: it gets it after all.
    if (!waiters_.empty()) free();
}

void LockState::throw_left_behind() const {
    throw BrokenLockError("acquire: " + waiters_.title() + " was left held by " + task_text(owner_) +
                          ", which has ended: what it protects may be half done; release() makes it free again");
}

void LockState::require_held(const char* operation) const {
    if (!locked_) throw InvalidStateError(std::string(operation) + ": " + waiters_.title() + " is not held");
    const TaskNode* task = running_task();
    if (task != nullptr && task != owner_ && !left_behind()) {
        throw InvalidStateError(std::string(operation) + ": " + waiters_.title() + " is held by " + task_text(owner_) +
                                ", not by " + task_text(task));
    }
}

void LockState::release() {
    waiters_.check_here("release");
    require_held("release");
    if (guarded_)
        throw InvalidStateError("release: " + waiters_.title() + " is held by a guard, which will give it up");
    if (linked()) owner_->joiners.remove(*this);
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

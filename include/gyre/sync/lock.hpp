#pragma once

#include <gyre/core/task_node.hpp>
#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {

/// The task that holds the lock has ended without giving it up: its guard was detached, and nobody released the lock. What
/// the lock protects may be half done. Source: trio.BrokenResourceError.
class BrokenLockError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a lock looks like from outside.
struct LockStatistics {
    bool locked = false;
    std::string owner;        ///< The task that holds it: its name, or where it was spawned. Empty if none does.
    std::size_t waiting = 0;  ///< How many tasks wait for it.
};

namespace internal {

/// What a `Lock` and its guards share. It listens to the end of a task that holds it without a guard.
class LockState final : private JoinListener {
public:
    explicit LockState(std::string_view name) : waiters_("lock", name) {}
    LockState(const LockState&) = delete;
    auto operator=(const LockState&) -> LockState& = delete;
    ~LockState();

    [[nodiscard]] auto waiters() noexcept -> WaitList& { return waiters_; }
    [[nodiscard]] auto waiters() const noexcept -> const WaitList& { return waiters_; }
    [[nodiscard]] auto locked() const noexcept -> bool { return locked_; }
    [[nodiscard]] auto owner() const noexcept -> TaskNode* { return owner_; }
    [[nodiscard]] auto record() const noexcept -> WaitRecord {
        return {WaitKind::lock, this, waiters_.name(), Time::max(), owner_, waiters_.size()};
    }

    /// Takes the lock, which is free, for `task`, or for nobody in particular.
    void take(TaskNode* task) noexcept {
        locked_ = true;
        guarded_ = true;
        owner_ = task;
        if (task != nullptr) task->retain();  // the guard may outlive it
    }
    /// Takes it if it is free; false if it has to be waited for. @throws InvalidStateError, DeadlockError.
    [[nodiscard]] auto take_slowly(const Frame& frame) -> bool;
    /// Frees the lock, or hands it to whoever waits longest.
    void free() noexcept {
        if (TaskNode* task = std::exchange(owner_, nullptr)) task->release();
        locked_ = false;
        if (!waiters_.empty()) [[unlikely]] {
            hand_over();
        }
    }
    /// The guard is gone, the lock stays held.
    void unguard() noexcept;
    /// Whether its owner ended and left it held, so that nobody would ever give it up.
    [[nodiscard]] auto left_behind() const noexcept -> bool { return !guarded_ && owner_ != nullptr && owner_->done(); }
    /// @throws BrokenLockError: its owner left it held.
    [[noreturn]] void throw_left_behind() const;
    /// `wait` gets the lock now, or when its turn comes; the latter cannot be refused for lack of memory.
    void take_in_turn(ListedWait& wait) noexcept;
    /// @throws InvalidStateError unless the running task holds the lock; where no task runs, somebody must hold it.
    void require_held(const char* operation) const;
    void release();

private:
    void task_ended() noexcept override;
    void hand_over() noexcept;

    WaitList waiters_;
    TaskNode* owner_ = nullptr;
    bool locked_ = false;
    bool guarded_ = false;
};

class LockWait;

}  // namespace internal

/// Holds a `Lock`, and gives it up at its end. Move-only. Moved to another task it gives the lock up there: that is the way
/// to hand a lock over. The task that acquired it stays the owner by name. Thread: the loop's.
class [[nodiscard("the lock is given up at once")]] LockGuard {
public:
    explicit LockGuard(internal::LockState& held) noexcept : lock_(&held) {}
    LockGuard(LockGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    auto operator=(LockGuard&& other) noexcept -> LockGuard& {
        LockGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        return *this;
    }
    ~LockGuard() { release(); }

    /// Gives up the lock before the end of the guard: it goes to whoever waits longest. Idempotent.
    void release() noexcept {
        if (lock_ != nullptr) std::exchange(lock_, nullptr)->free();
    }
    /// Lets go of the lock without giving it up: `Lock::release` has to. No effect if this holds nothing.
    void detach() noexcept {
        if (lock_ != nullptr) std::exchange(lock_, nullptr)->unguard();
    }
    /// Whether it holds a lock.
    explicit operator bool() const noexcept { return lock_ != nullptr; }

    // For the rest of the library.
    [[nodiscard]] auto holds(const internal::LockState& lock) const noexcept -> bool { return lock_ == &lock; }

private:
    internal::LockState* lock_;
};

/// Mutual exclusion between tasks of one loop.
///
/// Fair: handed to those who wait in the order in which they came, and nobody slips in between. Not recursive.
/// Outlives its guards and those who wait. Thread: that of the loop that uses it first, whose tasks alone may use it.
/// Source: asyncio.Lock, trio.Lock.
class Lock {
public:
    /// @param name shown in dumps and errors.
    explicit Lock(std::string_view name = {}) : state_(name) {}

    /// Waits for the lock. @return a guard that gives it up.
    /// @throws DeadlockError if the task holds it already and so would wait for itself. (In a branch of `gather` or `race`
    ///         this is not known, because the holder may be another branch: there it waits.)
    ///         With `OnDeadlock::raise` also if the task that holds it waits for this one, over others or not.
    /// @throws BrokenLockError if the task that holds it ended without giving it up, also while this waits.
    /// @throws InvalidStateError on another loop than the one that used it first.
    /// On cancel: stops waiting; the lock goes to the next. A lock that was handed over already is held.
    [[nodiscard]] auto acquire() noexcept -> internal::LockWait;

    /// The lock if it is free now. @throws InvalidStateError as `acquire`, LoopError outside of a loop.
    [[nodiscard]] auto try_acquire() -> std::optional<LockGuard>;

    /// Gives up a lock whose guard was detached. When the task that holds it has ended, any task may.
    /// @throws InvalidStateError if it is not held, is held by another task (both are named), or by a guard.
    void release() { state_.release(); }

    [[nodiscard]] auto locked() const noexcept -> bool { return state_.locked(); }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_.waiters().name(); }
    [[nodiscard]] auto statistics() const -> LockStatistics;

    // For the rest of the library.
    [[nodiscard]] auto state() noexcept -> internal::LockState& { return state_; }

private:
    internal::LockState state_;
};

namespace internal {

class [[nodiscard("co_await it")]] LockWait final : public ListedWait {
public:
    explicit LockWait(LockState& lock) noexcept : ListedWait(lock.waiters()), lock_(&lock) {}

    [[nodiscard]] auto await_ready() const -> bool {
        const Scope& scope = *frame_->scope;
        if (lock_->waiters().belongs_to(*scope.scheduler) && !lock_->locked() && !scope.cancelled) [[likely]] {
            lock_->take(scope.task());
            return true;
        }
        return lock_->take_slowly(*frame_);
    }
    void await_suspend(std::coroutine_handle<>) noexcept { enlist(); }
    [[nodiscard]] auto await_resume() const -> LockGuard {
        if (broken_) [[unlikely]] {
            lock_->throw_left_behind();
        }
        return LockGuard(*lock_);
    }

    [[nodiscard]] auto refuse() noexcept -> bool override {
        broken_ = true;
        granted();
        return true;
    }

    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return lock_->record(); }

private:
    LockState* lock_;
    bool broken_ = false;
};

}  // namespace internal

inline auto Lock::acquire() noexcept -> internal::LockWait { return internal::LockWait(state_); }

}  // namespace gyre

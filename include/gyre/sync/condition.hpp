#pragma once

#include <gyre/core/task.hpp>
#include <gyre/sync/lock.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace gyre {

namespace internal {
class ConditionWait;
}  // namespace internal

/// What a condition looks like from outside.
struct ConditionStatistics {
    std::size_t waiting = 0;  ///< How many tasks wait to be notified.
    LockStatistics lock;
};

/// Lets tasks that hold a lock wait for a change that another task makes while it holds the lock.
///
/// Those who wait are notified in the order in which they came, and then queue for the lock like everybody else.
/// Outlives those who wait; its lock outlives it. Thread: the loop's. Source: asyncio.Condition.
class Condition {
public:
    /// @param lock protects what is waited for; several conditions may share it.
    /// @param name shown in dumps and errors.
    explicit Condition(Lock& lock, std::string_view name = {}) : lock_(&lock), waiters_("condition", name) {}

    /// Gives up the lock, waits to be notified, and has the lock again when it answers.
    ///
    /// @param guard the caller's, of the lock of this condition; it outlives the wait.
    /// @throws InvalidStateError if `guard` does not hold that lock, and on another loop.
    /// On cancel: waits for the lock all the same, which is held again when the frames that use it are unwound; was not
    /// notified: a `notify` goes to those who still wait. One that was notified before it was cancelled completes.
    [[nodiscard]] auto wait(LockGuard& guard) noexcept -> internal::ConditionWait;

    /// Waits until `predicate()`, which is called while the lock is held, is true; passes at once if it is.
    /// @throws what `predicate` throws, and as the other. On cancel: as the other. Source: asyncio's wait_for.
    template<std::predicate Predicate>
    [[nodiscard]] auto wait(LockGuard& guard, Predicate predicate) -> Task<> {
        return wait_until(this, &guard, std::move(predicate));
    }

    /// Wakes the `count` tasks that have waited longest, or as many as there are.
    /// @throws InvalidStateError if the running task does not hold the lock.
    void notify(std::size_t count = 1);
    /// Wakes all who wait. @throws InvalidStateError as `notify`.
    void notify_all() { notify(SIZE_MAX); }

    [[nodiscard]] auto name() const noexcept -> std::string_view { return waiters_.name(); }
    [[nodiscard]] auto statistics() const -> ConditionStatistics { return {waiters_.size(), lock_->statistics()}; }

private:
    template<class Predicate>
    static auto wait_until(Condition* condition, LockGuard* guard, Predicate predicate) -> Task<>;

    Lock* lock_;
    internal::WaitList waiters_;
};

namespace internal {

/// Waits in the condition first, and then for the lock.
class [[nodiscard("co_await it")]] ConditionWait final : public ListedWait {
public:
    ConditionWait(WaitList& condition, LockState& lock, LockGuard& guard) noexcept
        : ListedWait(condition), condition_(&condition), lock_(&lock), guard_(&guard) {}

    [[nodiscard]] auto await_ready() const -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    void await_resume() const noexcept {}

    /// It was notified, and is not in the condition's list any more.
    void notified() noexcept;
    void granted() noexcept override;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

private:
    enum class Stage : std::uint8_t { waiting, notified, cancelled };

    void take_lock(Stage stage) noexcept;

    WaitList* condition_;
    LockState* lock_;
    LockGuard* guard_;
    Stage stage_ = Stage::waiting;
};

}  // namespace internal

inline auto Condition::wait(LockGuard& guard) noexcept -> internal::ConditionWait {
    return internal::ConditionWait(waiters_, lock_->state(), guard);
}

template<class Predicate>
auto Condition::wait_until(Condition* condition, LockGuard* guard, Predicate predicate) -> Task<> {
    while (!predicate()) co_await condition->wait(*guard);
}

}  // namespace gyre

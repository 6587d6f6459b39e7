#pragma once

#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace gyre {

namespace internal {
class BarrierWait;
}  // namespace internal

/// The barrier was reset or aborted while the task waited, or had been aborted before.
class BrokenBarrierError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a barrier looks like from outside.
struct BarrierStatistics {
    std::size_t parties = 0;
    std::size_t waiting = 0;
    bool broken = false;
};

/// Holds tasks of one loop until a number of them have come, then lets all of them go, and begins again.
///
/// A round is over when the last one comes: who comes back before others have run belongs to the next round.
/// Outlives those who wait. Thread: that of the loop that uses it first, whose tasks alone may use it.
/// Source: asyncio.Barrier.
class Barrier {
public:
    /// @param parties how many have to come. @param name shown in dumps and errors.
    /// @throws std::invalid_argument if `parties` is 0 or negative.
    explicit Barrier(std::size_t parties, std::string_view name = {});

    /// Waits until all are here. @return its number in this round: 0 for who waited longest, `parties() - 1` for the last.
    /// @throws BrokenBarrierError if the barrier is aborted, or reset while it waits; InvalidStateError on another loop than
    ///         the one that used it first.
    /// On cancel: leaves, as if it had not come; the others wait for one more.
    [[nodiscard]] auto wait() noexcept -> internal::BarrierWait;

    /// Those who wait get a BrokenBarrierError, and the barrier is empty and whole again.
    /// @throws InvalidStateError if somebody waits on another loop.
    void reset();
    /// Those who wait, and all who come before a `reset`, get a BrokenBarrierError. @throws as `reset`.
    void abort();

    [[nodiscard]] auto parties() const noexcept -> std::size_t { return parties_; }
    /// How many are here and wait for the others.
    [[nodiscard]] auto waiting() const noexcept -> std::size_t { return waiters_.size(); }
    [[nodiscard]] auto broken() const noexcept -> bool { return broken_; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return waiters_.name(); }
    [[nodiscard]] auto statistics() const noexcept -> BarrierStatistics { return {parties_, waiters_.size(), broken_}; }

private:
    friend class internal::BarrierWait;

    void open() noexcept;
    void break_waiters() noexcept;

    internal::WaitList waiters_;
    std::size_t parties_;
    bool broken_ = false;
};

namespace internal {

class [[nodiscard("co_await it")]] BarrierWait final : public ListedWait {
public:
    explicit BarrierWait(Barrier& barrier) noexcept : ListedWait(barrier.waiters_), barrier_(&barrier) {}

    [[nodiscard]] auto await_ready() -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept { enlist(); }
    auto await_resume() const -> std::size_t;

    void pass(std::size_t index) noexcept {
        index_ = index;
        granted();
    }
    void fail() noexcept {
        broken_ = true;
        granted();
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::barrier,
            .object = barrier_,
            .name = list_->name(),
            .used = list_->size(),
            .bound = barrier_->parties()};
    }

private:
    Barrier* barrier_;
    std::size_t index_ = 0;
    bool broken_ = false;
};

}  // namespace internal

inline auto Barrier::wait() noexcept -> internal::BarrierWait { return internal::BarrierWait(*this); }

}  // namespace gyre

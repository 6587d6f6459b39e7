#pragma once

#include <gyre/core/counts.hpp>
#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre {

/// What a semaphore looks like from outside.
struct SemaphoreStatistics {
    std::size_t value = 0;    ///< Permits that can be had now.
    std::size_t held = 0;     ///< Permits that are held by a `Permit`.
    std::size_t waiting = 0;  ///< How many tasks wait for one.
};

class Permit;

namespace internal {

/// What a semaphore and its permits share.
class SemaphoreState {
public:
    SemaphoreState(std::string_view kind, std::string_view name, std::size_t value, std::size_t bound)
        : waiters_(kind, name), value_(require_count(kind, name, "the number of permits", value)), bound_(bound) {}
    SemaphoreState(const SemaphoreState&) = delete;
    auto operator=(const SemaphoreState&) -> SemaphoreState& = delete;
    ~SemaphoreState();

    [[nodiscard]] auto waiters() noexcept -> WaitList& { return waiters_; }
    [[nodiscard]] auto waiters() const noexcept -> const WaitList& { return waiters_; }
    [[nodiscard]] auto value() const noexcept -> std::size_t { return value_; }
    [[nodiscard]] auto held() const noexcept -> std::size_t { return held_; }

    /// Takes a permit, of which there is one.
    void take() noexcept {
        --value_;
        ++held_;
    }
    /// Takes one if there is; false if it has to be waited for. @throws InvalidStateError.
    [[nodiscard]] auto take_slowly(const Frame& frame) -> bool;
    /// Puts a held permit back, or hands it to whoever waits longest.
    void give_back() noexcept {
        --held_;
        ++value_;
        if (!waiters_.empty()) [[unlikely]] {
            hand_over();
        }
    }
    /// A permit is gone, and what it held stays taken.
    void detach() noexcept { --held_; }
    void release();

    void add_holder(Permit& permit) noexcept;
    /// The task that took a permit which is still held, for readers: number 0, 1 and so on; null past the last.
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const TaskNode*;

private:
    void hand_over() noexcept;

    // The two that change are apart: stored as one and loaded one by one, they would wait for each other.
    std::size_t held_ = 0;
    WaitList waiters_;
    std::size_t value_;
    std::size_t bound_;
    IntrusiveList<Permit> holders_;
};

class SemaphoreWait;

}  // namespace internal

/// Holds one permit of a semaphore, and gives it back at its end. Move-only. Thread: the loop's.
class [[nodiscard("the permit is given back at once")]] Permit : public internal::ListLink<Permit> {
public:
    /// @param taker the task that took it, by whose name it goes in dumps; null: none.
    Permit(internal::SemaphoreState& taken_from, internal::TaskNode* taker) noexcept
        : semaphore_(&taken_from), taker_(taker) {
        semaphore_->add_holder(*this);
    }
    Permit(Permit&& other) noexcept : internal::ListLink<Permit>(static_cast<internal::ListLink<Permit>&&>(other)) {
        take_from(other);
    }
    auto operator=(Permit&& other) noexcept -> Permit& {
        Permit old(std::move(*this));
        take_from(other);
        return *this;
    }
    ~Permit() { release(); }

    /// Gives the permit back before the end: it goes to whoever waits longest. Idempotent.
    void release() noexcept {
        if (semaphore_ != nullptr) let_go()->give_back();
    }
    /// Lets go without giving back: `Semaphore::release` has to, from wherever. No effect if this holds nothing.
    void detach() noexcept {
        if (semaphore_ != nullptr) let_go()->detach();
    }
    /// Whether it holds a permit.
    explicit operator bool() const noexcept { return semaphore_ != nullptr; }

    // For the rest of the library.
    [[nodiscard]] auto taker() const noexcept -> const internal::TaskNode* { return taker_.get(); }

private:
    void take_from(Permit& other) noexcept {
        if (other.semaphore_ == nullptr) return;
        taker_ = std::move(other.taker_);
        other.unlink();
        semaphore_ = std::exchange(other.semaphore_, nullptr);
        semaphore_->add_holder(*this);
    }
    auto let_go() noexcept -> internal::SemaphoreState* {
        unlink();
        taker_ = internal::TaskMark();
        return std::exchange(semaphore_, nullptr);
    }

    internal::SemaphoreState* semaphore_ = nullptr;
    internal::TaskMark taker_;  ///< May have ended: the permit outlives it.
};

inline void internal::SemaphoreState::add_holder(Permit& permit) noexcept { holders_.push_back(permit); }

/// A number of permits: limits how many tasks of one loop do something at a time.
///
/// Fair: handed out in the order in which tasks came, and nobody slips in between. Outlives its permits and those who wait.
/// Thread: that of the loop that uses it first, whose tasks alone may use it. Source: asyncio.Semaphore.
class Semaphore {
public:
    /// @param permits how many there are at first; 0: none before the first `release`.
    /// @param name    shown in dumps and errors.
    /// @throws std::invalid_argument for a negative number.
    explicit Semaphore(std::size_t permits = 1, std::string_view name = {})
        : Semaphore("semaphore", permits, SIZE_MAX, name) {}

    /// Waits for a permit. @return it; it is given back at its end.
    /// @throws InvalidStateError on another loop than the one that used it first.
    /// On cancel: stops waiting and has taken nothing. A permit that was handed over already is held.
    [[nodiscard]] auto acquire() noexcept -> internal::SemaphoreWait;

    /// A permit if there is one now. @throws InvalidStateError as `acquire`, LoopError outside of a loop.
    [[nodiscard]] auto try_acquire() -> std::optional<Permit>;

    /// Adds a permit that no `Permit` holds: one that was detached, or for a `Semaphore` a new one.
    /// @throws InvalidStateError if there would be more than can be: for a `BoundedSemaphore`, more than at first.
    void release() { state_.release(); }

    /// How many permits can be had now.
    [[nodiscard]] auto value() const noexcept -> std::size_t { return state_.value(); }
    /// Whether `acquire` would have to wait.
    [[nodiscard]] auto locked() const noexcept -> bool { return state_.value() == 0; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_.waiters().name(); }
    [[nodiscard]] auto statistics() const noexcept -> SemaphoreStatistics {
        return {state_.value(), state_.held(), state_.waiters().size()};
    }

protected:
    Semaphore(std::string_view kind, std::size_t permits, std::size_t bound, std::string_view name)
        : state_(kind, name, permits, bound) {}

private:
    internal::SemaphoreState state_;
};

/// A semaphore that never has more permits than at first: `release` once too often is an error.
/// Source: asyncio.BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
public:
    /// As `Semaphore`.
    explicit BoundedSemaphore(std::size_t permits = 1, std::string_view name = {})
        : Semaphore("bounded semaphore", permits, permits, name) {}
};

namespace internal {

class [[nodiscard("co_await it")]] SemaphoreWait final : public ListedWait {
public:
    explicit SemaphoreWait(SemaphoreState& semaphore) noexcept
        : ListedWait(semaphore.waiters()), semaphore_(&semaphore) {}

    [[nodiscard]] auto await_ready() const -> bool {
        const Scope& scope = *frame_->scope;
        if (semaphore_->waiters().belongs_to(*scope.scheduler) && semaphore_->value() > 0 && !scope.cancelled)
            [[likely]] {
            semaphore_->take();
            return true;
        }
        return semaphore_->take_slowly(*frame_);
    }
    void await_suspend(std::coroutine_handle<>) noexcept { enlist(); }
    [[nodiscard]] auto await_resume() const noexcept -> Permit { return {*semaphore_, task()}; }
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const TaskNode* override {
        return semaphore_->holder_at(index);
    }

    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::semaphore,
            .object = semaphore_,
            .name = list_->name(),
            .waiting = list_->size(),
            .used = semaphore_->held(),
            .bound = semaphore_->held() + semaphore_->value()};
    }

private:
    SemaphoreState* semaphore_;
};

}  // namespace internal

inline auto Semaphore::acquire() noexcept -> internal::SemaphoreWait { return internal::SemaphoreWait(state_); }

}  // namespace gyre

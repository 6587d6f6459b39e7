#pragma once

#include <gyre/core/counts.hpp>
#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre {

/// Who has a token of a `CapacityLimiter`.
struct CapacityBorrower {
    const void* borrower = nullptr;  ///< What was given to `acquire_on_behalf_of`; else what stands for the task.
    std::string task;                ///< The task that acquired it: its name, or where it was spawned.
};

/// What a capacity limiter looks like from outside.
struct CapacityLimiterStatistics {
    std::size_t total = 0;
    std::size_t borrowed = 0;
    std::size_t waiting = 0;
    std::vector<CapacityBorrower> borrowers;
};

namespace internal {

/// What a `CapacityLimiter` and its tokens share.
class LimiterState {
public:
    LimiterState(std::size_t total, std::string_view name)
        : waiters_("capacity limiter", name), total_(checked(total)) {}
    LimiterState(const LimiterState&) = delete;
    auto operator=(const LimiterState&) -> LimiterState& = delete;
    ~LimiterState();

    [[nodiscard]] auto waiters() noexcept -> WaitList& { return waiters_; }
    [[nodiscard]] auto waiters() const noexcept -> const WaitList& { return waiters_; }
    [[nodiscard]] auto total() const noexcept -> std::size_t { return total_; }
    /// @throws std::invalid_argument for a negative number.
    [[nodiscard]] auto checked(std::size_t total) const -> std::size_t {
        return require_count("capacity limiter", waiters_.name(), "the number of tokens", total);
    }
    [[nodiscard]] auto borrowed() const noexcept -> std::size_t { return borrowed_; }
    [[nodiscard]] auto borrowers() const -> std::vector<CapacityBorrower>;
    /// The task that took a token which is still held, for readers: number 0, 1 and so on; null past the last.
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const TaskNode*;

    /// Enters `borrower` as one who has a token or waits for one. @return whether it has one.
    /// @throws InvalidStateError if it is entered already.
    [[nodiscard]] auto enter(const void* borrower, TaskNode* task, const char* operation) -> bool;
    /// Whether there is a token, and so nobody waits.
    [[nodiscard]] auto available() const noexcept -> bool { return borrowed_ < total_; }
    /// It does not wait any more, and has nothing.
    void leave(const void* borrower) noexcept { entries_.erase(borrower); }
    void give_back(const void* borrower) noexcept;
    void set_total(std::size_t total);

private:
    struct Entry {
        std::string task;
        TaskMark taker;
        bool has_token = false;
    };
    void grant() noexcept;

    WaitList waiters_;
    std::map<const void*, Entry> entries_;
    std::size_t total_;
    std::size_t borrowed_ = 0;
};

class LimiterWait;

}  // namespace internal

/// Holds one token of a `CapacityLimiter`, and gives it back at its end. Move-only. Thread: the loop's.
class [[nodiscard("the token is given back at once")]] CapacityToken {
public:
    CapacityToken(internal::LimiterState& limiter, const void* borrower) noexcept
        : limiter_(&limiter), borrower_(borrower) {}
    CapacityToken(CapacityToken&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)), borrower_(other.borrower_) {}
    auto operator=(CapacityToken&& other) noexcept -> CapacityToken& {
        CapacityToken old(std::move(*this));
        limiter_ = std::exchange(other.limiter_, nullptr);
        borrower_ = other.borrower_;
        return *this;
    }
    ~CapacityToken() { release(); }

    /// Gives the token back before the end: it goes to whoever waits longest. Idempotent.
    void release() noexcept {
        if (limiter_ != nullptr) std::exchange(limiter_, nullptr)->give_back(borrower_);
    }
    /// Whether it holds a token.
    explicit operator bool() const noexcept { return limiter_ != nullptr; }

private:
    internal::LimiterState* limiter_;
    const void* borrower_;
};

/// A semaphore that knows who has its tokens, and whose number of tokens can be changed while it is used.
///
/// Each borrower has one token at most: a task (in a `gather` or `race`, a branch), or whatever `acquire_on_behalf_of` names.
/// Fair: handed out in the order in which they came. Outlives its tokens and those who wait.
/// Thread: that of the loop that uses it first, whose tasks alone may use it. Source: trio.CapacityLimiter.
class CapacityLimiter {
public:
    /// @param total how many tokens there are; 0: nobody passes before `set_total`.
    /// @param name  shown in dumps and errors. @throws std::invalid_argument for a negative number, as `set_total`.
    explicit CapacityLimiter(std::size_t total, std::string_view name = {}) : state_(total, name) {}

    /// Waits for a token for this task, or branch of a `gather`. @return it; it is given back at its end.
    /// @throws InvalidStateError if the borrower has a token or waits for one already, or on another loop than the one that
    ///         used the limiter first.
    /// On cancel: stops waiting and has taken nothing. A token that was handed over already is held.
    [[nodiscard]] auto acquire() noexcept -> internal::LimiterWait;
    /// As `acquire`, for a borrower that is no task: the address of an object that lives until the token is back.
    [[nodiscard]] auto acquire_on_behalf_of(const void* borrower) noexcept -> internal::LimiterWait;
    /// A token for `borrower` if there is one now. @throws as `acquire`; LoopError outside of a loop.
    [[nodiscard]] auto try_acquire_on_behalf_of(const void* borrower) -> std::optional<CapacityToken>;

    /// Changes the number of tokens. More: those who wait get them. Fewer: nobody loses one, and as many as are too many are
    /// not handed out again when they come back. @throws InvalidStateError if somebody waits on another loop.
    void set_total(std::size_t total) { state_.set_total(total); }
    [[nodiscard]] auto total() const noexcept -> std::size_t { return state_.total(); }
    /// How many tokens are held; more than `total()` for a while after that was lowered.
    [[nodiscard]] auto borrowed() const noexcept -> std::size_t { return state_.borrowed(); }
    /// How many tokens can be had now.
    [[nodiscard]] auto available() const noexcept -> std::size_t {
        return state_.available() ? state_.total() - state_.borrowed() : 0;
    }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_.waiters().name(); }
    [[nodiscard]] auto statistics() const -> CapacityLimiterStatistics {
        return {state_.total(), state_.borrowed(), state_.waiters().size(), state_.borrowers()};
    }

private:
    internal::LimiterState state_;
};

namespace internal {

class [[nodiscard("co_await it")]] LimiterWait final : public ListedWait {
public:
    /// @param borrower null: the line of the frame that waits.
    LimiterWait(LimiterState& limiter, const void* borrower) noexcept
        : ListedWait(limiter.waiters()), limiter_(&limiter), borrower_(borrower) {}

    [[nodiscard]] auto await_ready() -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept { enlist(); }
    [[nodiscard]] auto await_resume() const noexcept -> CapacityToken { return CapacityToken(*limiter_, borrower_); }

    void cancel() noexcept override;
    [[nodiscard]] auto borrower() const noexcept -> const void* { return borrower_; }
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const TaskNode* override {
        return limiter_->holder_at(index);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::limiter,
            .object = limiter_,
            .name = list_->name(),
            .waiting = list_->size(),
            .used = limiter_->borrowed(),
            .bound = limiter_->total()};
    }

private:
    LimiterState* limiter_;
    const void* borrower_;
};

}  // namespace internal

inline auto CapacityLimiter::acquire() noexcept -> internal::LimiterWait {
    return internal::LimiterWait(state_, nullptr);
}

inline auto CapacityLimiter::acquire_on_behalf_of(const void* borrower) noexcept -> internal::LimiterWait {
    return internal::LimiterWait(state_, borrower);
}

}  // namespace gyre

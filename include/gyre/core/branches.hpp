#pragma once

#include <gyre/core/result.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/work.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre::internal {

class BranchesWait;

/// As long as it lives, what this thread destroys was taken over by somebody who does not need it any more: a Task that goes with
/// it was not forgotten by the program.
class DropsTakenWork {
public:
    DropsTakenWork() noexcept;
    DropsTakenWork(const DropsTakenWork&) = delete;
    auto operator=(const DropsTakenWork&) -> DropsTakenWork& = delete;
    ~DropsTakenWork();
};

/// Destroys work that was taken over and will not be started.
template<class W>
void drop_taken(W& work) noexcept {
    if constexpr (!std::is_trivially_destructible_v<W>) {
        const DropsTakenWork drops;
        try {
            const W dropped(std::move(work));
        } catch (...) {  // it cannot be moved: it goes with whoever has it
        }
    }
}

/// One of several strands that run side by side in place of the awaiting frame.
class Branch final : public Strand {
public:
    Branch() noexcept = default;
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;

    BranchesWait* owner = nullptr;
    std::size_t index = 0;
};

/// The wait for several strands inside one scope: what `gather` and `race` are made of.
///
/// The first error cancels the others, and all have ended before it is thrown.
class BranchesWait : public Wait {
public:
    BranchesWait(BranchesWait&& other) noexcept : Wait(std::move(other)) {}
    auto operator=(BranchesWait&&) -> BranchesWait& = delete;

    void await_suspend(std::coroutine_handle<>) noexcept { suspended_ = true; }

    void cancel() noexcept override;
    void interrupt() noexcept override;
    void left_behind(bool begun) noexcept override;
    [[nodiscard]] auto strand_at(std::size_t index) const noexcept -> const Strand* override {
        return index < count_ ? &branches_[index] : nullptr;
    }

    /// The one that awaits them.
    [[nodiscard]] auto frame() const noexcept -> const Frame& { return *frame_; }
    /// How many have not ended, those that have not started yet and what was dropped inside and cleans up among them.
    [[nodiscard]] auto running() const noexcept -> std::size_t { return running_; }
    auto branch_ended(Branch& branch) noexcept -> Next;
    auto branch_stopped(Branch& branch) noexcept -> Next;

protected:
    BranchesWait() noexcept = default;
    ~BranchesWait() = default;

    /// Makes `count` branches and their scope. May throw for lack of memory.
    void open(std::size_t count);
    /// Starts branch `index`.
    void start(std::size_t index, Frame& root) noexcept;
    /// Branch `index` is not needed any more.
    void skip(std::size_t index) noexcept;
    /// Branch `index` could not be made.
    void fail(std::size_t index) noexcept;
    /// After the last `start`. @return true if all have ended.
    [[nodiscard]] auto all_ended() noexcept -> bool;
    void throw_error();
    void cancel_others(const char* reason) noexcept;

    /// Moves the result of a branch out of its frame, which is destroyed. @return its error, or null.
    virtual auto take(std::size_t index, Frame& root) noexcept -> std::exception_ptr = 0;
    /// Branch `index` has its result; for `race`.
    virtual void finished(std::size_t index) noexcept { static_cast<void>(index); }
    /// Whether the result is there already, so that what the others do no longer counts; for `race`.
    [[nodiscard]] virtual auto has_winner() const noexcept -> bool { return false; }

    std::optional<InnerScope> scope_;
    std::exception_ptr first_error_;

private:
    [[nodiscard]] auto next() noexcept -> Next;

    std::unique_ptr<Branch[]> branches_;
    std::size_t count_ = 0;
    std::size_t running_ = 0;
    std::size_t stopped_ = 0;
    bool suspended_ = false;
};

/// Takes one result out of a frame into `place`; null or its error.
template<class T>
auto take_into(std::optional<Regular<T>>& place, Frame& root) noexcept -> std::exception_ptr {
    auto outcome = take_outcome<T>(root);
    if (!outcome.has_value()) return outcome.error();
    try {
        if constexpr (std::is_void_v<T>) {
            place.emplace();
        } else if constexpr (std::is_reference_v<T>) {
            place.emplace(std::addressof(std::move(outcome).value()));
        } else {
            place.emplace(std::move(outcome).value());
        }
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

}  // namespace gyre::internal

#pragma once

#include <gyre/core/outcome.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/strand_wait.hpp>
#include <gyre/core/work.hpp>

#include <exception>
#include <utility>

namespace gyre {

namespace internal {

template<class W>
class [[nodiscard("co_await it")]] OutcomeAwaiter final : public StrandWait {
public:
    using Result = WorkResult<W>;

    explicit OutcomeAwaiter(W work) : work_(std::move(work)) {}

    auto await_ready() -> bool {
        Frame* task = nullptr;
        try {
            task = &begin_work(work_).release();
        } catch (...) {
            error_ = std::current_exception();
            return true;
        }
        return run(*task, *frame_->scope);
    }
    auto await_resume() -> Outcome<Result> {
        if (error_ != nullptr) return Outcome<Result>::from_error(error_);
        if (root == nullptr) return Outcome<Result>::from_cancelled(frame_->scope->cause);
        return take_outcome<Result>(*std::exchange(root, nullptr));
    }

    // The cancellation becomes data here; the next wait of the frame is cancelled all the same.
    auto stopped() noexcept -> Next override { return {frame_, false}; }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::scope, this, "as_outcome"}; }

private:
    W work_;
    std::exception_ptr error_;  ///< Of the callable itself.
};

}  // namespace internal

/// Runs some work and gives how it ended as data: value, error or cancelled. Nothing is thrown.
/// On cancel: the outcome is `cancelled`, and the next wait of the caller is cancelled too.
template<Work W>
[[nodiscard]] auto as_outcome(W&& work) {
    return internal::OutcomeAwaiter<std::decay_t<W>>(std::forward<W>(work));
}

}  // namespace gyre

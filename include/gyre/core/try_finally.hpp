#pragma once

#include <gyre/core/result.hpp>
#include <gyre/core/strand_wait.hpp>
#include <gyre/core/work.hpp>

#include <optional>
#include <utility>

namespace gyre {

namespace internal {

/// Runs a body and then, shielded, a clean-up.
class FinallyWait : public StrandWait {
public:
    FinallyWait(FinallyWait&& other) noexcept : StrandWait(std::move(other)) {}
    auto operator=(FinallyWait&&) -> FinallyWait& = delete;

    /// The clean-up is not asked to stop.
    [[nodiscard]] auto strand_inside() noexcept -> Strand* override { return shield_ ? nullptr : this; }
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

protected:
    FinallyWait() noexcept = default;
    ~FinallyWait() = default;

    auto start(Frame& body) noexcept -> bool;
    auto start_cleanup() noexcept -> bool;
    /// What the frame does when all is over: rethrows the error of the clean-up, unless the body has its own.
    void finish(const std::exception_ptr& body_error);

    /// Moves the outcome out of the body's frame, which is destroyed.
    virtual void take_body(Frame& body) noexcept = 0;
    /// Makes the clean-up. May throw what the user's callable throws.
    virtual auto begin_cleanup() -> Frame& = 0;
    /// Takes the error out of the clean-up's frame, which is destroyed; null if there is none.
    virtual auto take_cleanup(Frame& cleanup) noexcept -> std::exception_ptr = 0;

private:
    /// The root frame of the clean-up, or null if it could not be made.
    auto make_cleanup() noexcept -> Frame*;
    void cleanup_ended() noexcept;
    auto finished() noexcept -> Next;

    std::optional<InnerScope> shield_;
    std::exception_ptr cleanup_error_;
    bool body_stopped_ = false;
};

template<class B, class C>
class [[nodiscard("co_await it")]] FinallyAwaiter final : public FinallyWait {
public:
    using Result = WorkResult<B>;

    FinallyAwaiter(B body, C cleanup) : body_(std::move(body)), cleanup_(std::move(cleanup)) {}

    auto await_ready() -> bool {
        Frame* body = nullptr;
        try {
            body = &begin_work(body_).release();
        } catch (...) {
            outcome_.emplace(Outcome<Result>::from_error(std::current_exception()));
        }
        return body != nullptr ? start(*body) : start_cleanup();
    }
    auto await_resume() -> Result {
        if (!outcome_) finish(nullptr);  // the body was cancelled, and the clean-up's error came instead
        finish(outcome_->error());
        return std::move(*outcome_).value();
    }

private:
    void take_body(Frame& body) noexcept override { take_outcome_into(outcome_, body); }
    auto begin_cleanup() -> Frame& override { return begin_work(cleanup_).release(); }
    auto take_cleanup(Frame& cleanup) noexcept -> std::exception_ptr override {
        return take_outcome<WorkResult<C>>(cleanup).error();
    }

    B body_;
    C cleanup_;
    std::optional<Outcome<Result>> outcome_;
};

}  // namespace internal

/// Runs `body`, and then `cleanup`, which may await: after a value, an error or a cancellation of the body.
///
/// The clean-up is shielded: it runs to its end. Its own error is thrown after a value or a cancellation; if the body has
/// an error, that one is thrown, and the clean-up's goes to the loop's exception handler.
/// @return what the body gives. On cancel: the body is cancelled, the clean-up runs, and then the cancellation goes on.
/// Source: Python's try/finally with an await inside.
template<Work B, Work C>
[[nodiscard]] auto try_finally(B&& body, C&& cleanup) {
    return internal::FinallyAwaiter<std::decay_t<B>, std::decay_t<C>>(std::forward<B>(body), std::forward<C>(cleanup));
}

}  // namespace gyre

#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/loop.hpp>

#include <coroutine>
#include <exception>
#include <memory>

namespace gyre::internal {

/// Someone who is told when a future is done, in the order of arrival: a waiting frame or a callback.
class FutureListener : public ListLink<FutureListener> {
public:
    FutureListener() noexcept = default;
    FutureListener(FutureListener&&) noexcept = default;
    auto operator=(FutureListener&&) -> FutureListener& = delete;
    virtual void future_done() noexcept = 0;
    /// The future goes away undone; only callbacks can see that, for a waiter keeps it alive.
    /// @param loop_lives whether its loop runs on this thread now.
    virtual void future_dropped(bool loop_lives) noexcept { static_cast<void>(loop_lives); }

protected:
    ~FutureListener() = default;
};

/// What a promise and its futures share. Thread: the loop's, but for the count of owners.
class FutureState {
public:
    explicit FutureState(EventLoop& loop) noexcept : loop_(loop), mailbox_(loop.mailbox()) {}
    FutureState(const FutureState&) = delete;
    auto operator=(const FutureState&) -> FutureState& = delete;

    [[nodiscard]] auto done() const noexcept -> bool { return done_; }
    [[nodiscard]] auto mailbox() const noexcept -> const std::shared_ptr<Mailbox>& { return mailbox_; }
    void require_done() const;
    void require_settable() const;
    /// Whether `loop` (null: none) is the one that this was made on, and not another that stands in its place by now.
    [[nodiscard]] auto is_on(const EventLoop* loop) const noexcept -> bool {
        return loop != nullptr && loop->mailbox() == mailbox_;
    }
    void require_loop(const EventLoop& loop) const {
        if (!is_on(&loop)) throw_wrong_loop();
    }
    /// Throws the error, which counts as received, or that the value was moved out before.
    void check();
    [[nodiscard]] auto received_error() noexcept -> std::exception_ptr;
    void consume() noexcept { consumed_ = true; }
    void settle(std::exception_ptr error) noexcept;
    void add_callback(CallbackPointer callback);
    void add_listener(FutureListener& listener) noexcept { listeners_.push_back(listener); }

protected:
    ~FutureState();
    /// Tells the loop's handler of an error that nobody looked at.
    void report_if_lost() noexcept;

private:
    [[noreturn]] static void throw_wrong_loop();

    EventLoop& loop_;
    std::shared_ptr<Mailbox> mailbox_;
    IntrusiveList<FutureListener> listeners_;
    std::exception_ptr error_;
    bool done_ = false;
    bool consumed_ = false;
    bool received_ = false;
};

/// Gives the future a BrokenPromiseError, on its loop, if it has nothing yet. Thread: any.
void break_promise_state(std::shared_ptr<FutureState> state) noexcept;

template<class State>
void break_promise(std::shared_ptr<State> state) noexcept {
    break_promise_state(std::move(state));
}

/// `co_await` of a future.
class FutureWait : public Wait, private FutureListener {
public:
    FutureWait(FutureWait&&) noexcept = default;
    auto operator=(FutureWait&&) -> FutureWait& = delete;

    /// @throws InvalidStateError for a future of another loop.
    [[nodiscard]] auto await_ready() const -> bool {
        future_->require_loop(scheduler().loop);
        return future_->done() && !interrupted();
    }
    void await_suspend(std::coroutine_handle<>) noexcept {
        if (begin()) future_->add_listener(*this);
    }
    void cancel() noexcept override {
        unlink();
        scheduler().stop(*frame_);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::future, future_}; }

protected:
    explicit FutureWait(FutureState& future) noexcept : future_(&future) {}
    ~FutureWait() = default;

private:
    void future_done() noexcept override { scheduler().wake(*frame_); }

    FutureState* future_;
};

}  // namespace gyre::internal

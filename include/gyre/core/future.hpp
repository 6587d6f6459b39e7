#pragma once

#include <gyre/core/future_state.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace gyre {

template<class T>
class Future;

namespace internal {

template<class T>
class TypedFutureState final : public FutureState {
public:
    using FutureState::FutureState;
    ~TypedFutureState() { report_if_lost(); }

    std::optional<Regular<T>> value;
};

template<class T>
class [[nodiscard("co_await it")]] FutureAwaiter final : public FutureWait {
public:
    explicit FutureAwaiter(std::shared_ptr<TypedFutureState<T>> state) noexcept
        : FutureWait(*state), state_(std::move(state)) {}
    FutureAwaiter(FutureAwaiter&&) noexcept = default;
    auto operator=(FutureAwaiter&&) -> FutureAwaiter& = delete;
    ~FutureAwaiter() = default;

    /// By value where T can be copied, so that a future can be awaited more than once; else the value is moved out.
    auto await_resume() -> T {
        state_->check();
        if constexpr (std::is_void_v<T>) {
            return;
        } else if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(**state_->value);
        } else if constexpr (std::is_copy_constructible_v<T>) {
            return *state_->value;
        } else {
            state_->consume();
            return std::move(*state_->value);
        }
    }

private:
    std::shared_ptr<TypedFutureState<T>> state_;
};

}  // namespace internal

/// A value that will be there later, given by a `Promise`. Copies look at the same value.
///
/// A call on one that was moved from throws InvalidStateError. Thread: its loop's. Source: asyncio.Future.
template<class T = void>
class Future {
public:
    explicit Future(std::shared_ptr<internal::TypedFutureState<T>> state) noexcept : state_(std::move(state)) {}

    [[nodiscard]] auto done() const -> bool { return state().done(); }

    /// The value. @throws the error; InvalidStateError if it is not done.
    auto result() const -> std::add_lvalue_reference_t<const T> {
        state().require_done();
        state_->check();
        if constexpr (std::is_reference_v<T>) {
            return **state_->value;
        } else if constexpr (!std::is_void_v<T>) {
            return *state_->value;
        }
    }

    /// The error, or null; counts as received. @throws InvalidStateError if it is not done.
    [[nodiscard]] auto error() const -> std::exception_ptr {
        state().require_done();
        return state_->received_error();
    }

    /// Calls `function(future)` when it is done, in the order in which callbacks and waiters came; soon if it is done.
    /// @throws LoopError where its loop does not run.
    template<std::invocable<const Future&> F>
    void add_done_callback(F&& function) const {
        state().add_callback(
            internal::make_callback([future = *this, function = std::decay_t<F>(std::forward<F>(function))]() mutable {
                function(std::as_const(future));
            }));
    }

    /// Waits for the value. @throws the error; BrokenPromiseError if the promise was dropped.
    /// On cancel: the caller stops waiting; the future is as it was.
    [[nodiscard]] auto operator co_await() const {
        static_cast<void>(state());
        return internal::FutureAwaiter<T>(state_);
    }

private:
    [[nodiscard]] auto state() const -> internal::TypedFutureState<T>& {
        if (state_ == nullptr) internal::throw_moved_from("Future");
        return *state_;
    }

    std::shared_ptr<internal::TypedFutureState<T>> state_;
};

/// The giving end of a `Future`: makes callbacks of others awaitable. Move-only.
///
/// Dropped without a value it breaks its future instead of hanging it.
/// Thread: made and set on its loop's; it may be carried to another thread and dropped there, or posted back.
template<class T = void>
class Promise {
public:
    /// A promise of the loop that runs on this thread. @throws LoopError if there is none.
    Promise() : state_(std::make_shared<internal::TypedFutureState<T>>(this_loop())) {}
    Promise(Promise&&) noexcept = default;
    auto operator=(Promise&& other) noexcept -> Promise& {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Promise() {
        if (state_) internal::break_promise(std::move(state_));
    }

    [[nodiscard]] auto future() const -> Future<T> {
        static_cast<void>(state());
        return Future<T>(state_);
    }

    /// @throws InvalidStateError if it has a value or an error already, or was moved from; LoopError on another thread than the
    ///         loop's.
    template<class U = T>
        requires(!std::is_void_v<T>)
    void set_value(U&& value) {
        state().require_settable();
        if constexpr (std::is_reference_v<T>) {
            state_->value.emplace(std::addressof(value));
        } else {
            state_->value.emplace(std::forward<U>(value));
        }
        state_->settle(nullptr);
    }
    void set_value()
        requires std::is_void_v<T>
    {
        state().require_settable();
        state_->settle(nullptr);
    }
    void set_error(std::exception_ptr error) {
        state().require_settable();
        state_->settle(std::move(error));
    }

private:
    [[nodiscard]] auto state() const -> internal::TypedFutureState<T>& {
        if (state_ == nullptr) internal::throw_moved_from("Promise");
        return *state_;
    }

    std::shared_ptr<internal::TypedFutureState<T>> state_;
};

}  // namespace gyre

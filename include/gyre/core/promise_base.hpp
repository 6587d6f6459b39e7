#pragma once

#include <gyre/core/scheduler.hpp>

#include <coroutine>
#include <source_location>
#include <type_traits>

namespace gyre::internal {

[[noreturn]] void throw_empty_task();

/// Destroys a root that never started, and notes that it never did.
void drop_unstarted(Frame& root) noexcept;

/// Something whose `operator co_await` gives a wait of gyre.
template<class T>
concept HasCoAwait = requires(T&& value) { static_cast<T&&>(value).operator co_await(); };

/// Awaits a wait where it is: the temporary lives until the whole expression ends. A plain reference would do, but GCC 12
/// copies or moves what `await_transform` gives by reference, and a wait has an address.
template<class W>
class WaitReference {
public:
    explicit WaitReference(W& wait) noexcept : wait_(&wait) {}
    [[nodiscard]] auto await_ready() const -> bool { return wait_->await_ready(); }
    void await_suspend(std::coroutine_handle<> handle) const { wait_->await_suspend(handle); }
    auto await_resume() const -> decltype(auto) { return wait_->await_resume(); }

private:
    W* wait_;
};

/// What every coroutine of gyre has in common.
class PromiseBase : public Frame {
public:
    struct FinalAwaiter {
        [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
        template<class Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
            PromiseBase& frame = handle.promise();
            if (!frame.starting) frame.scope->scheduler->frame_ended(frame);
        }
        void await_resume() const noexcept {}
    };

    /// Until its first `co_await` the frame stands at the function itself.
    [[nodiscard]] auto initial_suspend(std::source_location where = std::source_location::current()) noexcept
        -> std::suspend_always {
        stand_at(where);
        return {};
    }
    [[nodiscard]] auto final_suspend() const noexcept -> FinalAwaiter { return {}; }

    /// Notes the place of the `co_await`, and ties the awaitable to this frame.
    template<class Awaitable>
    auto await_transform(Awaitable&& awaitable, std::source_location where = std::source_location::current())
        -> decltype(auto);

    /// Only the promise of a generator has a real one.
    template<class T>
    auto yield_value(T&&) -> std::suspend_never {
        static_assert(!std::is_same_v<T, T>,
            "co_yield stands in the body of an AsyncGenerator itself: a timeout, a group or another scope has a body "
            "of its "
            "own, a Task, and is never open across a co_yield. Give the value after the scope has ended");
        return {};
    }
};

}  // namespace gyre::internal

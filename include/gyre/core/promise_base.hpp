#pragma once

#include <gyre/core/scheduler.hpp>

#include <coroutine>
#include <source_location>

namespace gyre::internal {

[[noreturn]] void throw_empty_task();

/// Something whose `operator co_await` gives a wait of gyre.
template <class T>
concept HasCoAwait = requires(T&& value) { static_cast<T&&>(value).operator co_await(); };

/// What every coroutine of gyre has in common.
class PromiseBase : public Frame {
public:
    struct FinalAwaiter {
        [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
            PromiseBase& frame = handle.promise();
            if (!frame.starting) frame.scope->scheduler->frame_ended(frame);
        }
        void await_resume() const noexcept {}
    };

    [[nodiscard]] auto initial_suspend() const noexcept -> std::suspend_always { return {}; }
    [[nodiscard]] auto final_suspend() const noexcept -> FinalAwaiter { return {}; }

    /// Notes the place of the `co_await`, and ties the awaitable to this frame.
    template <class Awaitable>
    auto await_transform(Awaitable&& awaitable, std::source_location where = std::source_location::current())
        -> decltype(auto);
};

}  // namespace gyre::internal

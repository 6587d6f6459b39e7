#pragma once

#include <gyre/core/scheduler.hpp>

#include <coroutine>

namespace gyre {

namespace internal {

class [[nodiscard("co_await it")]] SleepAwaiter final : public Wait, private Timer {
public:
    explicit SleepAwaiter(Duration length) noexcept : length_(length) {}
    explicit SleepAwaiter(Time deadline) noexcept : deadline_(deadline) {}

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>);
    void await_resume() const noexcept {}

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

private:
    void fire() noexcept override { scheduler().wake(*frame_); }

    Duration length_{};
    Time deadline_ = Time::min();
};

class [[nodiscard("co_await it")]] YieldAwaiter final : public Wait {
public:
    YieldAwaiter() noexcept = default;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept {
        if (begin()) scheduler().wake(*frame_);
    }
    void await_resume() const noexcept {}

    // It has its wake-up from the start, so nobody asks it to stop.
    void cancel() noexcept override {}
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::yield}; }
};

}  // namespace internal

/// Suspends the task for at least `length`, counted from here; zero or less is one `yield_now`.
/// On cancel: ends at once. Source: asyncio.sleep.
[[nodiscard]] inline auto sleep(Duration length) noexcept { return internal::SleepAwaiter(length); }

/// Suspends the task until the loop's clock has reached `deadline`.
/// On cancel: ends at once. Source: trio.sleep_until.
[[nodiscard]] inline auto sleep_until(Time deadline) noexcept { return internal::SleepAwaiter(deadline); }

/// Lets everything that is ready now have its turn first.
/// On cancel: a cancellation that comes before its turn takes effect at the next wait. Source: asyncio.sleep(0).
[[nodiscard]] inline auto yield_now() noexcept { return internal::YieldAwaiter(); }

}  // namespace gyre

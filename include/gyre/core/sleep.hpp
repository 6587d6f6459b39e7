#pragma once

#include <gyre/core/scheduler.hpp>

#include <coroutine>

namespace gyre {

namespace internal {

/// The wait for a point in time.
class SleepWait : public Wait, private Timer {
public:
    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_resume() const noexcept {}

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

protected:
    SleepWait() noexcept = default;
    SleepWait(SleepWait&&) noexcept = default;
    auto operator=(SleepWait&&) -> SleepWait& = delete;
    ~SleepWait() = default;

    void suspend_until(Time deadline);
    void suspend_for(Duration length);

private:
    void fire() noexcept override { scheduler().wake(*frame_); }
};

class [[nodiscard("co_await it")]] SleepAwaiter final : public SleepWait {
public:
    explicit SleepAwaiter(Duration length) noexcept : length_(length) {}
    void await_suspend(std::coroutine_handle<>) { suspend_for(length_); }

private:
    Duration length_;
};

class [[nodiscard("co_await it")]] SleepUntilAwaiter final : public SleepWait {
public:
    explicit SleepUntilAwaiter(Time deadline) noexcept : deadline_(deadline) {}
    void await_suspend(std::coroutine_handle<>) { suspend_until(deadline_); }

private:
    Time deadline_;
};

/// What every frame that yields is suspended on. There is one for all: it knows nothing, and nobody asks it to stop, since
/// a frame that yields has its wake-up from the start.
class YieldWait final : public Wait {
public:
    void cancel() noexcept override {}
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {WaitKind::yield}; }

    static YieldWait shared;
};

class [[nodiscard("co_await it")]] YieldAwaiter {
public:
    void attach(Frame&) const noexcept {}
    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    template<class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
        Frame& frame = handle.promise();
        frame.wait_on(YieldWait::shared);
        Scheduler& scheduler = *frame.scope->scheduler;
        if (frame.scope->cancelled) [[unlikely]]
            return scheduler.stop(frame);
        scheduler.wake(frame);
    }
    void await_resume() const noexcept {}
};

class [[nodiscard("co_await it")]] Yield {
public:
    auto operator co_await() const noexcept { return YieldAwaiter(); }
};

}  // namespace internal

/// Suspends the task for at least `length`, counted from here; zero or less is one `yield_now`.
/// On cancel: ends at once. Source: asyncio.sleep.
[[nodiscard]] inline auto sleep(AnyDuration length) noexcept { return internal::SleepAwaiter(length); }

/// Suspends the task until the loop's clock has reached `deadline`.
/// On cancel: ends at once. Source: trio.sleep_until.
[[nodiscard]] inline auto sleep_until(Time deadline) noexcept { return internal::SleepUntilAwaiter(deadline); }

/// Lets everything that is ready now have its turn first.
/// On cancel: a cancellation that comes before its turn takes effect at the next wait. Source: asyncio.sleep(0).
[[nodiscard]] inline auto yield_now() noexcept { return internal::Yield(); }

}  // namespace gyre

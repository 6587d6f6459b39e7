#pragma once

#include <gyre/core/scheduler.hpp>

#include <coroutine>
#include <cstdint>

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
    /// For a length, or until a point in time.
    explicit SleepWait(std::int64_t asked) noexcept { keep(asked); }
    SleepWait(SleepWait&&) noexcept = default;
    auto operator=(SleepWait&&) -> SleepWait& = delete;
    ~SleepWait() = default;

    void suspend_until();
    void suspend_for();

private:
    void fire() noexcept override { scheduler().wake(*frame_); }
};

class SleepAwaiter final : public SleepWait {
public:
    explicit SleepAwaiter(Duration length) noexcept : SleepWait(length.count()) {}
    void await_suspend(std::coroutine_handle<>) { suspend_for(); }
};

class SleepUntilAwaiter final : public SleepWait {
public:
    explicit SleepUntilAwaiter(Time deadline) noexcept : SleepWait(deadline.time_since_epoch().count()) {}
    void await_suspend(std::coroutine_handle<>) { suspend_until(); }
};

/// Makes the wait in the frame itself: so nothing else of it is kept there.
class [[nodiscard("co_await it")]] Sleep {
public:
    explicit Sleep(Duration length) noexcept : length_(length) {}
    auto operator co_await() const noexcept { return SleepAwaiter(length_); }

private:
    Duration length_;
};

class [[nodiscard("co_await it")]] SleepUntil {
public:
    explicit SleepUntil(Time deadline) noexcept : deadline_(deadline) {}
    auto operator co_await() const noexcept { return SleepUntilAwaiter(deadline_); }

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
[[nodiscard]] inline auto sleep(AnyDuration length) noexcept { return internal::Sleep(length); }

/// Suspends the task until the loop's clock has reached `deadline`.
/// On cancel: ends at once. Source: trio.sleep_until.
[[nodiscard]] inline auto sleep_until(Time deadline) noexcept { return internal::SleepUntil(deadline); }

/// Lets everything that is ready now have its turn first.
/// On cancel: a cancellation that comes before its turn takes effect at the next wait. Source: asyncio.sleep(0).
[[nodiscard]] inline auto yield_now() noexcept { return internal::Yield(); }

}  // namespace gyre

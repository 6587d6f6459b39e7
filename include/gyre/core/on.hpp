#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/remote_call.hpp>
#include <gyre/core/strand_wait.hpp>

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

/// Carries the answer to the loop that asked; made before the work leaves, so that answering cannot fail.
class Answer {
public:
    void prepare(std::shared_ptr<Mailbox> home, CallbackPointer message) noexcept {
        home_ = std::move(home);
        message_ = std::move(message);
    }
    void send() noexcept;

private:
    std::shared_ptr<Mailbox> home_;
    CallbackPointer message_;
};

/// A `RemoteCall` of a task.
template<class T>
class OnCall final : public TypedRemoteCall<T> {
public:
    OnCall() noexcept : TypedRemoteCall<T>(true) {}
    void settled() noexcept override {
        // The message keeps this alive until it has been read at home.
        Answer sent = std::move(answer);
        sent.send();
    }

    Answer answer;
};

/// The wait for work on another loop; on the own one a strand in place.
class OnWait : public StrandWait {
public:
    OnWait(OnWait&& other) noexcept
        : StrandWait(static_cast<StrandWait&&>(other)), target_(other.target_), where_(other.where_) {}
    auto operator=(OnWait&&) -> OnWait& = delete;

    void cancel() noexcept override;
    [[nodiscard]] auto strand_inside() noexcept -> Strand* override { return call_ == nullptr ? this : nullptr; }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::loop, .object = target_, .remote = call_.get()};
    }

protected:
    OnWait(EventLoop& target, std::source_location where) noexcept : target_(&target), where_(where) {}
    ~OnWait() = default;

    [[nodiscard]] auto is_here() const noexcept -> bool { return &scheduler().loop == target_; }
    /// Posts the errand. If it cannot be, the answer says so.
    void send(std::shared_ptr<RemoteCall> call, Answer& answer, CallbackPointer errand);

    EventLoop* target_;
    std::source_location where_;
    std::shared_ptr<RemoteCall> call_;

private:
    void answered() noexcept;

    bool asked_to_stop_ = false;
};

template<class W>
class [[nodiscard("co_await it")]] OnAwaiter final : public OnWait {
public:
    using Result = WorkResult<W>;

    OnAwaiter(EventLoop& target, W work, std::source_location where) : OnWait(target, where), work_(std::move(work)) {}
    OnAwaiter(OnAwaiter&& other) noexcept(std::is_nothrow_move_constructible_v<W>)
        : OnWait(static_cast<OnWait&&>(other)), work_(std::move(other.work_)) {}
    auto operator=(OnAwaiter&&) -> OnAwaiter& = delete;
    ~OnAwaiter() = default;

    auto await_ready() -> bool {
        if (!is_here()) return false;
        return run(begin_work(*work_).release(), *frame_->scope);
    }
    void await_suspend(std::coroutine_handle<>) {
        if (is_here() || !begin()) return;
        try {
            auto call = std::make_shared<OnCall<Result>>();
            auto errand = make_callback(Errand<Result, W>(call, std::move(*work_), where_));
            work_.reset();
            Answer& answer = call->answer;
            send(std::move(call), answer, std::move(errand));
        } catch (...) {
            frame_->wait_on_nothing();
            throw;
        }
    }
    auto await_resume() -> Result {
        if (call_ == nullptr) return this->template take<Result>();
        const auto call = std::move(call_);
        return static_cast<TypedRemoteCall<Result>&>(*call).take("on");
    }

private:
    std::optional<W> work_;
};

}  // namespace internal

/// Runs some work as a task on another loop, and waits for it here. On the own loop it is run in place.
///
/// The work, its callable and its frames live and die there; its value or error comes back.
/// @return its value, moved here. @throws its error; LoopError if that loop is closed, or closes before the work has ended.
/// On cancel: the work is cancelled, and waited for; if it completed all the same, its value counts.
/// Source: trio.from_thread.run, asyncio.run_coroutine_threadsafe.
template<Work W>
[[nodiscard]] auto on(EventLoop& loop, W&& work, std::source_location where = std::source_location::current()) {
    return internal::OnAwaiter<std::decay_t<W>>(loop, std::forward<W>(work), where);
}

}  // namespace gyre

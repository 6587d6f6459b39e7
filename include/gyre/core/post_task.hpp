#pragma once

#include <gyre/core/remote_call.hpp>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

/// What a thread and a task of a loop agree on: whether it has ended.
class Arrival {
public:
    void arrive() noexcept;
    /// @throws LoopError on the thread of a loop, unless it has arrived.
    void wait();
    [[nodiscard]] auto wait_for(Duration timeout) -> bool;
    [[nodiscard]] auto has_arrived() noexcept -> bool;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool arrived_ = false;
};

/// A `RemoteCall` of a plain thread.
template<class T>
class PostedCall final : public TypedRemoteCall<T> {
public:
    PostedCall() noexcept : TypedRemoteCall<T>(false) {}
    PostedCall(const PostedCall&) = delete;
    auto operator=(const PostedCall&) -> PostedCall& = delete;
    ~PostedCall() {
        if (this->outcome && this->outcome->is_error()) report_lost_error(mailbox, this->outcome->error());
    }
    void settled() noexcept override { arrival.arrive(); }

    Arrival arrival;
    std::shared_ptr<Mailbox> mailbox;
};

/// Tells the handler of a loop of an error that nobody took. Thread: any.
void report_lost_error(const std::shared_ptr<Mailbox>& mailbox, std::exception_ptr error) noexcept;
void post_cancel(const std::shared_ptr<Mailbox>& mailbox, std::shared_ptr<RemoteCall> call, std::string reason,
    std::source_location where);
[[noreturn]] void throw_taken();

/// Sends some work to a loop, where it becomes a task. Thread: any.
template<Work W>
[[nodiscard]] auto send_work(EventLoop& loop, W&& work, std::source_location where) {
    using T = WorkResult<W>;
    loop.check_process();
    auto call = std::make_shared<PostedCall<T>>();
    call->mailbox = loop.mailbox();
    Errand<T, std::decay_t<W>> errand(call, std::forward<W>(work), where);
    static_cast<void>(loop.mailbox()->post(make_callback(std::move(errand))));
    return call;
}

}  // namespace internal

/// A task of a loop as a plain thread sees it. Move-only; dropping it cancels nothing.
///
/// An error that nobody takes goes to the loop's exception handler. Thread: any, one at a time.
/// Source: asyncio.run_coroutine_threadsafe, concurrent.futures.Future.
template<class T = void>
class PostedTask {
public:
    explicit PostedTask(std::shared_ptr<internal::PostedCall<T>> call) noexcept : call_(std::move(call)) {}

    /// Blocks until the task has ended. @return its value, once. @throws its error; CancelledError if it was cancelled
    /// through this; LoopError if the loop is closed, or closed before it ended, or if a loop runs on this thread;
    /// InvalidStateError the second time.
    auto get() -> T {
        if (call_ == nullptr) internal::throw_taken();
        call_->arrival.wait();
        const auto call = std::move(call_);
        return call->take("post_task");
    }
    /// Blocks until the task has ended, but not for longer than `timeout`. @return whether it has.
    [[nodiscard]] auto wait_for(AnyDuration timeout) const -> bool {
        return call_ == nullptr || call_->arrival.wait_for(timeout);
    }
    /// Whether it has ended.
    [[nodiscard]] auto done() const noexcept -> bool { return call_ == nullptr || call_->arrival.has_arrived(); }
    /// Asks the task to end; `get` waits until it has. No effect if it has ended.
    void cancel(std::string reason = {}, std::source_location where = std::source_location::current()) {
        if (!done()) internal::post_cancel(call_->mailbox, call_, std::move(reason), where);
    }

private:
    std::shared_ptr<internal::PostedCall<T>> call_;
};

/// Starts some work as a task on a loop, from a thread that has none. The loop owns it, and cancels it when it shuts down.
/// Thread: any. Source: asyncio.run_coroutine_threadsafe.
template<Work W>
[[nodiscard]] auto post_task(EventLoop& loop, W&& work, std::source_location where = std::source_location::current()) {
    return PostedTask<internal::WorkResult<W>>(internal::send_work(loop, std::forward<W>(work), where));
}

/// Runs some work as a task on a loop, and blocks this thread until it has ended. @return its value.
/// @throws its error; LoopError if the loop is closed, closes before it has ended, or if a loop runs on this thread:
/// there, `co_await on(loop, work)`. Thread: any that runs no loop. Source: trio.from_thread.run.
template<Work W>
auto block_on(EventLoop& loop, W&& work, std::source_location where = std::source_location::current())
    -> internal::WorkResult<W> {
    if (internal::current_loop() != nullptr) {
        throw LoopError("block_on: a gyre loop runs on this thread, and would stand still: co_await on(loop, work)");
    }
    return post_task(loop, std::forward<W>(work), where).get();
}

}  // namespace gyre

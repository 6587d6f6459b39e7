#pragma once

#include <gyre/core/context.hpp>
#include <gyre/core/frame_pool.hpp>
#include <gyre/core/timer_heap.hpp>

#include <cstdint>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace gyre::internal {

class Scheduler;

/// A function that a loop will call, counted by its loop and its handles. Thread: the loop's own.
class Callback : public Timer {
public:
    Callback() = default;
    Callback(const Callback&) = delete;
    auto operator=(const Callback&) -> Callback& = delete;

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) delete this;
    }

    /// Calls the function. May throw what the function throws.
    virtual void call() = 0;
    /// Drops the function, and what it holds, without a call.
    virtual void drop() noexcept = 0;
    /// Its deadline has passed: it gets its turn in the ready queue.
    void fire() noexcept override;

    Scheduler* scheduler = nullptr;  ///< Of the loop that will call it.
    Callback* next = nullptr;        ///< In the queue of posts from other threads.
    Time when{};                     ///< Its deadline, if it has one.
    std::source_location where;      ///< Who asked for it then.
    ContextPointer context;          ///< The task-local values that it sees: those of who asked for the call.
    bool cancelled = false;
    bool finished = false;

protected:
    virtual ~Callback() = default;

private:
    std::uint32_t references_ = 1;
};

/// Holds the function itself.
template<class Function>
class CallbackOf final : public Callback, public PooledForAnyThread {
public:
    explicit CallbackOf(Function function) : function_(std::move(function)) {}

    void call() override {
        // Moved out first: it may cancel its own handle while it runs, and what it holds goes when it has run.
        Function function = std::move(*function_);
        function_.reset();
        function();
    }
    void drop() noexcept override { function_.reset(); }

private:
    ~CallbackOf() override = default;

    std::optional<Function> function_;
};

/// Keeps one reference to a callback.
class CallbackPointer {
public:
    CallbackPointer() noexcept = default;
    /// Takes over the reference that `callback` was made with.
    explicit CallbackPointer(Callback* callback) noexcept : callback_(callback) {}
    CallbackPointer(const CallbackPointer& other) noexcept : callback_(other.callback_) {
        if (callback_ != nullptr) callback_->retain();
    }
    CallbackPointer(CallbackPointer&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
    auto operator=(CallbackPointer other) noexcept -> CallbackPointer& {
        std::swap(callback_, other.callback_);
        return *this;
    }
    ~CallbackPointer() {
        if (callback_ != nullptr) callback_->release();
    }

    [[nodiscard]] auto get() const noexcept -> Callback* { return callback_; }
    auto operator->() const noexcept -> Callback* { return callback_; }
    explicit operator bool() const noexcept { return callback_ != nullptr; }
    [[nodiscard]] auto take() noexcept -> Callback* { return std::exchange(callback_, nullptr); }

private:
    Callback* callback_ = nullptr;
};

template<class Function>
[[nodiscard]] auto make_callback(Function&& function) -> CallbackPointer {
    return CallbackPointer(new CallbackOf<std::decay_t<Function>>(std::forward<Function>(function)));
}

}  // namespace gyre::internal

#pragma once

#include <gyre/core/callable_traits.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/task_node.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace gyre {

template<class T>
class Started;

namespace internal {

/// Waits until a task of a group says that it has started, or ends without.
class StartWait : public Wait, private JoinListener {
public:
    StartWait(StartWait&& other) noexcept : Wait(static_cast<Wait&&>(other)) {}
    auto operator=(StartWait&&) -> StartWait& = delete;

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept;

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

    /// The task has said so.
    void started() noexcept;

protected:
    StartWait() noexcept = default;
    ~StartWait() = default;

    [[nodiscard]] auto cancelled_before() const noexcept -> bool { return interrupted(); }
    /// From here on the task is waited for; it has not had its first turn.
    void begin_with(TaskNode& task) noexcept;
    /// Throws what the task ended with, if it did not start.
    void check() const;

private:
    void task_ended() noexcept override;

    std::optional<TaskPointer> task_;
    bool started_ = false;
};

template<class T>
class StartWaitOf : public StartWait {
public:
    StartWaitOf(StartWaitOf&&) noexcept = default;
    auto operator=(StartWaitOf&&) -> StartWaitOf& = delete;

    template<class... Value>
    void give(Value&&... value) {
        value_.emplace(std::forward<Value>(value)...);
        started();
    }
    auto await_resume() -> T {
        check();
        if constexpr (!std::is_void_v<T>) return std::move(*value_);
    }

protected:
    StartWaitOf() noexcept = default;
    ~StartWaitOf() = default;

private:
    std::optional<Regular<T>> value_;
};

[[noreturn]] void throw_started_twice();

}  // namespace internal

/// How a task that was started by `TaskGroup::start` says that it is ready: `started(value)`, once.
///
/// Lives as long as the task's callable. Thread: the loop's. Source: trio's task_status.
template<class T = void>
class Started {
public:
    using value_type = T;

    explicit Started(internal::StartWaitOf<T>& wait) noexcept : wait_(&wait) {}
    Started(Started&& other) noexcept : wait_(std::exchange(other.wait_, nullptr)) {}
    auto operator=(Started&&) -> Started& = delete;

    /// `start` returns `value`, and the task belongs to the group alone from here. Not a suspension point.
    /// @throws InvalidStateError if it was called before.
    void operator()(T value) {
        static_assert(!std::is_reference_v<T>, "Started: a value, or nothing");
        if (wait_ == nullptr) internal::throw_started_twice();
        wait_->give(std::move(value));
        wait_ = nullptr;
    }

private:
    internal::StartWaitOf<T>* wait_;
};

template<>
class Started<void> {
public:
    using value_type = void;

    explicit Started(internal::StartWaitOf<void>& wait) noexcept : wait_(&wait) {}
    Started(Started&& other) noexcept : wait_(std::exchange(other.wait_, nullptr)) {}
    auto operator=(Started&&) -> Started& = delete;

    void operator()() {
        if (wait_ == nullptr) internal::throw_started_twice();
        wait_->give();
        wait_ = nullptr;
    }

private:
    internal::StartWaitOf<void>* wait_;
};

namespace internal {

/// What a callable for `TaskGroup::start` reports: the T of its `Started<T>&`.
template<class F>
using StartedValue = typename std::remove_reference_t<FirstParameterOf<F>>::value_type;

/// The callable together with its way to report.
template<class F, class T>
class StartWork {
public:
    StartWork(F function, StartWaitOf<T>& wait) : function_(std::move(function)), started_(wait) {}
    auto operator()() { return function_(started_); }

private:
    F function_;
    Started<T> started_;
};

}  // namespace internal
}  // namespace gyre

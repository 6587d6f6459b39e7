#pragma once

#include <gyre/core/context.hpp>
#include <gyre/core/task_node.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

/// Where the code that runs now keeps its task-local values: its task, the callback or loop outside of tasks, or the job of
/// a thread.
class ContextPlace {
public:
    /// @throws LoopError where neither a loop nor a job that carries values runs.
    [[nodiscard]] static auto current() -> ContextPlace;
    /// The value that `variable` has for the code that runs now, or null; null also where `current` throws.
    [[nodiscard]] static auto find(const void* variable) noexcept -> const std::shared_ptr<const void>*;
    /// All values of the code that runs now, for another thread. Null: nothing was set.
    [[nodiscard]] static auto snapshot() -> ContextSnapshot;
    /// The task that runs now has these values and no others. Null: none.
    static void adopt(const ContextSnapshot& values);

    auto set(const void* variable, std::shared_ptr<const void> value) const -> std::shared_ptr<const void>;

private:
    explicit ContextPlace(Scheduler* scheduler) noexcept : scheduler_(scheduler) {}

    Scheduler* scheduler_;  ///< Null: on a thread without a loop.
    std::optional<TaskPointer> task_;
};

}  // namespace internal

/// Gives a task-local variable its earlier value back when it is destroyed. Movable; a local of the code that set it.
class [[nodiscard("the variable has its earlier value again when this is destroyed")]] TaskLocalRestore {
public:
    TaskLocalRestore(internal::ContextPlace place, const void* variable, std::shared_ptr<const void> before) noexcept
        : place_(std::move(place)), variable_(variable), before_(std::move(before)) {}
    TaskLocalRestore(TaskLocalRestore&& other) noexcept
        : place_(std::move(other.place_)),
          variable_(std::exchange(other.variable_, nullptr)),
          before_(std::move(other.before_)) {}
    auto operator=(TaskLocalRestore&&) -> TaskLocalRestore& = delete;
    ~TaskLocalRestore() { restore(); }

    /// The variable gets its earlier value now. Idempotent.
    void restore() noexcept;
    /// The variable keeps its new value as long as the task runs.
    void dismiss() noexcept { variable_ = nullptr; }

private:
    internal::ContextPlace place_;
    const void* variable_;
    std::shared_ptr<const void> before_;
};

/// A variable of which every task has a value of its own, inherited from who spawned it: what a log line, a trace or a
/// request is about, without passing it through every call.
///
/// A task sees the values that its spawner had at the spawn; what either sets later, the other does not see. Scopes, and the
/// branches of `gather` and `race`, belong to their task and share its values. A callback (`call_soon`, `call_later`,
/// a done-callback) sees the values of who asked for it, and what it sets is its own; what is posted from another thread, and
/// `add_reader`, see the defaults. The main task keeps what it set for the next run of the same loop.
///
/// A function that `to_thread` calls sees the values of who called it, and what it sets is its own. Other jobs see the
/// defaults, unless their function comes from `carry_task_locals`. A value is then read by several threads, and destroyed by
/// the one that has it last.
///
/// Lives longer than every task and job that uses it: make it a global. Thread: any.
/// Source: contextvars.ContextVar.
template<class T>
class TaskLocal {
public:
    explicit TaskLocal(T default_value = T()) : default_(std::move(default_value)) {}
    TaskLocal(const TaskLocal&) = delete;
    auto operator=(const TaskLocal&) -> TaskLocal& = delete;
    ~TaskLocal() = default;

    /// A copy of the value here; the default where it was never set, and outside of loops and the jobs that carry values.
    [[nodiscard]] auto get() const -> T {
        const auto* value = internal::ContextPlace::find(this);
        return value != nullptr ? *static_cast<const T*>(value->get()) : default_;
    }

    /// Sets it for this task, and for what it spawns from now on, until the returned object is destroyed.
    /// @throws LoopError outside of loops and the jobs that carry values.
    auto set(T value) -> TaskLocalRestore {
        auto place = internal::ContextPlace::current();
        auto before = place.set(this, std::make_shared<const T>(std::move(value)));
        return TaskLocalRestore(std::move(place), this, std::move(before));
    }

private:
    T default_;
};

namespace internal {

template<class F>
class CarryingFunction {
public:
    CarryingFunction(F function, ContextSnapshot values) : function_(std::move(function)), values_(std::move(values)) {}

    template<class... Arguments>
        requires std::is_invocable_v<F&, Arguments...>
    auto operator()(Arguments&&... arguments) -> std::invoke_result_t<F&, Arguments...> {
        const ThreadContext context(values_.get());
        return std::invoke(function_, std::forward<Arguments>(arguments)...);
    }
    template<class... Arguments>
        requires std::is_invocable_v<const F&, Arguments...>
    auto operator()(Arguments&&... arguments) const -> std::invoke_result_t<const F&, Arguments...> {
        const ThreadContext context(values_.get());
        return std::invoke(function_, std::forward<Arguments>(arguments)...);
    }

private:
    F function_;
    ContextSnapshot values_;
};

}  // namespace internal

/// The same function, which sees the task-local values of here wherever it is called, on whatever thread: for jobs of pools,
/// `pool.submit(carry_task_locals(work))`, and for threads of one's own. What a call sets is its own.
/// Thread: any. Source: contextvars.copy_context().run.
template<class F>
[[nodiscard]] auto carry_task_locals(F function) {
    return internal::CarryingFunction<F>(std::move(function), internal::ContextPlace::snapshot());
}

}  // namespace gyre

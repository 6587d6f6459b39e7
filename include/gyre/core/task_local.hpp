#pragma once

#include <gyre/core/context.hpp>
#include <gyre/core/task_node.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace gyre {

namespace internal {

/// Where the code that runs now keeps its task-local values: its task, or the callback or loop outside of tasks.
class ContextPlace {
public:
    /// @throws LoopError where no loop runs.
    [[nodiscard]] static auto current() -> ContextPlace;
    /// The value that `variable` has for the code that runs now, or null; null also where no loop runs.
    [[nodiscard]] static auto find(const void* variable) noexcept -> const std::shared_ptr<const void>*;

    auto set(const void* variable, std::shared_ptr<const void> value) const -> std::shared_ptr<const void>;

private:
    explicit ContextPlace(Scheduler& scheduler) noexcept : scheduler_(&scheduler) {}

    Scheduler* scheduler_;
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
/// Lives longer than every task that uses it: make it a global. Thread: any; values belong to their loop.
/// Source: contextvars.ContextVar.
template<class T>
class TaskLocal {
public:
    explicit TaskLocal(T default_value = T()) : default_(std::move(default_value)) {}
    TaskLocal(const TaskLocal&) = delete;
    auto operator=(const TaskLocal&) -> TaskLocal& = delete;
    ~TaskLocal() = default;

    /// A copy of the value here; the default where it was never set, and outside of loops.
    [[nodiscard]] auto get() const -> T {
        const auto* value = internal::ContextPlace::find(this);
        return value != nullptr ? *static_cast<const T*>(value->get()) : default_;
    }

    /// Sets it for this task, and for what it spawns from now on, until the returned object is destroyed.
    /// @throws LoopError where no loop runs.
    auto set(T value) -> TaskLocalRestore {
        auto place = internal::ContextPlace::current();
        auto before = place.set(this, std::make_shared<const T>(std::move(value)));
        return TaskLocalRestore(std::move(place), this, std::move(before));
    }

private:
    T default_;
};

}  // namespace gyre

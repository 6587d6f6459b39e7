#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/on.hpp>
#include <gyre/core/spawn_options.hpp>
#include <gyre/core/task_node.hpp>

#include <concepts>
#include <coroutine>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

namespace internal {

/// Whether what runs on `here`, in task `waiting` (null: in none), can ever be woken by the end of `task`.
/// @throws InvalidStateError that names the mistake.
void check_wait_for(const TaskNode& task, const Scheduler* here, const TaskNode* waiting, const char* operation);

[[noreturn]] void throw_empty_handle(const char* operation);

/// `co_await` of a spawned task.
class JoinWait : public Wait, private JoinListener {
public:
    JoinWait(JoinWait&& other) noexcept : Wait(static_cast<Wait&&>(other)), task_(std::move(other.task_)) {}
    auto operator=(JoinWait&&) -> JoinWait& = delete;

    [[nodiscard]] auto await_ready() const -> bool {
        const TaskNode& task = *task_.get();
        if (task.done()) return !interrupted();
        const TaskNode* waiting = frame_->scope->task();
        if (task.scheduler != &scheduler() || waiting == &task) check_wait_for(task, &scheduler(), waiting, "join");
        if (task.root != nullptr && !task.root->queued) check_circle(task);  // it waits itself, perhaps for this one
        return false;
    }
    void await_suspend(std::coroutine_handle<>) noexcept;

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

protected:
    explicit JoinWait(TaskPointer task) noexcept : task_(std::move(task)) {}
    ~JoinWait() = default;

    TaskPointer task_;

private:
    /// @throws DeadlockError: `task` waits for the task of this wait.
    void check_circle(const TaskNode& task) const;
    void task_ended() noexcept override { scheduler().wake(*frame_); }
};

[[noreturn]] void throw_taken(const TaskNode& task);

template<class T>
class [[nodiscard("co_await it")]] JoinAwaiter final : public JoinWait {
public:
    explicit JoinAwaiter(TaskPointer task) noexcept : JoinWait(std::move(task)) {}

    auto await_resume() -> T {
        auto& node = static_cast<TypedTaskNode<T>&>(*task_.get());
        if constexpr (!std::is_void_v<T>) {
            if (node.received && node.state == TaskNode::State::value) [[unlikely]]
                throw_taken(node);
        }
        node.received = true;
        return node.take();
    }
};

/// What handles of every type can do. A call on an empty handle throws InvalidStateError.
class TaskHandleBase {
public:
    /// Whether it is the handle of a task, and not empty.
    [[nodiscard]] explicit operator bool() const noexcept { return task_.get() != nullptr; }

    /// Whether it has ended: with a value, an error, or cancelled.
    [[nodiscard]] auto done() const -> bool { return node("TaskHandle::done").done(); }
    /// Whether it has ended cancelled.
    [[nodiscard]] auto cancelled() const -> bool {
        return node("TaskHandle::cancelled").state == TaskNode::State::cancelled;
    }

    /// Asks the task to end: its present wait and each later one is cancelled. Not a suspension point; idempotent.
    /// Thread: its loop's. @return false if it has ended already, or was asked before.
    /// @throws LoopError while its loop runs on another thread.
    auto cancel(std::string reason = {}, std::source_location where = std::source_location::current()) const -> bool;

    /// Its priority from now on: its next wake-up counts with it. @throws LoopError while its loop runs on another thread.
    void set_priority(Priority priority) const;
    [[nodiscard]] auto priority() const -> Priority { return node("TaskHandle::priority").priority(); }

    /// The name it was spawned with, else where that was: "main.cpp:20".
    [[nodiscard]] auto name() const -> std::string { return node("TaskHandle::name").title(); }
    /// Its figures so far, or of its whole life. All zero unless the loop runs with `Timing::exact`.
    [[nodiscard]] auto stats() const -> TaskStats { return node("TaskHandle::stats").stats(); }
    /// The error it ended with; null if it has none. Counts as received.
    /// @throws LoopError while its loop runs on another thread and it has not ended.
    [[nodiscard]] auto error() const -> std::exception_ptr;

    // For the rest of the library.
    /// The task. @throws InvalidStateError if there is none; `operation` is for the text.
    [[nodiscard]] auto node(const char* operation) const -> TaskNode& {
        if (task_.get() == nullptr) [[unlikely]]
            throw_empty_handle(operation);
        return *task_.get();
    }

    /// Whether both are handles of the same task.
    [[nodiscard]] friend auto operator==(const TaskHandleBase& left, const TaskHandleBase& right) noexcept -> bool {
        return left.task_.get() == right.task_.get();
    }

protected:
    TaskHandleBase() noexcept = default;
    explicit TaskHandleBase(TaskPointer task) noexcept : task_(std::move(task)) {}

    /// Calls back from the loop when the task has ended.
    void call_when_done(CallbackPointer callback) const;

    TaskPointer task_;
};

}  // namespace internal

/// A task of which only the handle's common part is known: what `current_task` and `all_tasks` give.
class AnyTaskHandle : public internal::TaskHandleBase {
public:
    /// An empty handle.
    AnyTaskHandle() noexcept = default;
    explicit AnyTaskHandle(internal::TaskPointer task) noexcept : TaskHandleBase(std::move(task)) {}
};

/// The task that runs now. @throws LoopError outside of a task: in a callback, or where no loop runs.
/// Source: asyncio.current_task.
[[nodiscard]] auto current_task() -> AnyTaskHandle;

/// The tasks of a loop that have not ended: spawned ones, those of groups, and the main one. Thread: the loop's.
/// @throws LoopError while the loop runs on another thread.
/// Source: asyncio.all_tasks.
[[nodiscard]] auto all_tasks(EventLoop& loop) -> std::vector<AnyTaskHandle>;

/// A spawned task, which goes on also if every handle is dropped. Copies are handles of the same task.
///
/// Thread: its loop's. Source: asyncio.Task.
template<class T = void>
class TaskHandle : public internal::TaskHandleBase {
public:
    /// An empty handle, to be given a task later.
    TaskHandle() noexcept = default;
    explicit TaskHandle(internal::TaskPointer task) noexcept : TaskHandleBase(std::move(task)) {}

    /// Waits for the end of the task. @return its value, which is moved out: it can be had once.
    /// @throws its error; CancelledError if it was cancelled (the caller is not); InvalidStateError if the value was taken
    ///         before, or by a task that joins itself or a task of another loop, and at once if the handle is empty.
    /// On cancel: the caller stops waiting; the task goes on.
    [[nodiscard]] auto join() const {
        static_cast<void>(node("TaskHandle::join"));
        return internal::JoinAwaiter<T>(task_);
    }
    [[nodiscard]] auto operator co_await() const { return join(); }

    /// Calls `function(handle)` when the task has ended, in its turn of the ready queue and never from inside `spawn`, the
    /// task or this call; also if it has ended already. What it throws goes to the loop's exception handler.
    /// @throws LoopError where no loop runs, InvalidStateError on another loop than the task's.
    /// Thread: the task's loop's. Source: asyncio.Task.add_done_callback.
    template<class F>
        requires std::invocable<std::decay_t<F>&, const TaskHandle&>
    void add_done_callback(F&& function) const {
        call_when_done(internal::make_callback(
            [self = *this, function = std::decay_t<F>(std::forward<F>(function))]() mutable { function(self); }));
    }
};

namespace internal {

/// Begins the work of a task that is spawned here and runs on another loop. A callable is called there, and kept here.
template<class T>
class BeginElsewhere {
public:
    BeginElsewhere(TaskNode& node, Task<T> (*begin)(TaskNode&)) noexcept : node_(&node), begin_(begin) {}
    auto operator()() -> Task<T> { return begin_(*node_); }

private:
    TaskNode* node_;
    Task<T> (*begin_)(TaskNode&);
};

/// Makes a task that does its work on another loop, as `on`.
template<class W>
auto make_task_elsewhere(Scheduler& scheduler, EventLoop& loop, W&& work, std::source_location where)
    -> NewTask<WorkResult<W>> {
    using T = WorkResult<W>;
    using Kept = std::decay_t<W>;
    if constexpr (Awaitable<Kept>) {
        Kept owned(std::forward<W>(work));
        return make_task(scheduler, OnAwaiter<Task<T>>(loop, begin_work(owned), where), where);
    } else {
        using Node = CallableTaskNode<T, Kept>;
        auto* node = new Node(scheduler, where, std::forward<W>(work));
        TaskPointer keep(*node, TaskPointer::Adopt{});
        BeginElsewhere<T> begin(*node, [](TaskNode& base) { return static_cast<Node&>(base).begin(); });
        Frame& root = await_as_task(OnAwaiter<BeginElsewhere<T>>(loop, begin, where)).release();
        return {node, std::move(keep), &root};
    }
}

/// Makes a task of some work under `owner`, inside `outer` (null: no scope around it).
[[noreturn]] void throw_executor_of_coroutine();

template<class W>
auto spawn_under(Scheduler& scheduler, TaskOwner& owner, const Scope* outer, W&& work, const SpawnOptions& options,
    std::source_location where) -> TaskHandle<WorkResult<W>> {
    using T = WorkResult<W>;
    if (options.executor != nullptr) throw_executor_of_coroutine();
    NewTask<T> made = options.loop == nullptr || options.loop == &scheduler.loop
                          ? make_task(scheduler, std::forward<W>(work), where)
                          : make_task_elsewhere(scheduler, *options.loop, std::forward<W>(work), where);
    made.node->start(*made.root, owner, outer, options);
    return TaskHandle<T>(std::move(made.keep));
}

}  // namespace internal

/// Starts some work as a task of its own on this loop, which owns it: it runs until it ends, or the loop shuts down.
///
/// It has its first turn after what is ready now. An error that nobody joins goes to the loop's exception handler.
/// Prefer a `TaskGroup`, which cannot forget a task. @throws LoopError outside of a loop.
/// Source: asyncio.create_task.
template<Work W>
auto spawn(W&& work, SpawnOptions options = {}, std::source_location where = std::source_location::current())
    -> TaskHandle<internal::WorkResult<W>> {
    if constexpr (internal::check_work<W>()) {
        auto& loop = this_loop();
        return internal::spawn_under(
            loop.scheduler(), loop.background(), nullptr, std::forward<W>(work), options, where);
    } else {
        return internal::refused<TaskHandle<internal::WorkResult<W>>>();
    }
}

/// Says what is wrong with something that is no work.
template<internal::NoWork W>
auto spawn(W&&, SpawnOptions = {}, std::source_location = std::source_location::current()) {
    static_cast<void>(internal::check_work<W>());
    return internal::refused<TaskHandle<typename internal::RefusedResult<W>::Type>>();
}

}  // namespace gyre

#pragma once

#include <gyre/core/task_handle.hpp>
#include <gyre/core/timer_heap.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

namespace gyre {

/// When `wait` returns.
enum class ReturnWhen : std::uint8_t {
    all_completed,    ///< All have ended.
    first_completed,  ///< One has ended, however it ended.
    first_exception,  ///< One has ended with an error (to be cancelled is none), or all have ended.
};

/// How long `wait` and `as_completed` wait.
struct WaitOptions {
    AnyDuration timeout = Duration::max();  ///< From the call; zero or less: only what has ended already counts.
};

/// What `wait` gives: every handle that it was given, each in the order in which it came.
template<class T>
struct WaitSets {
    std::vector<TaskHandle<T>> done;
    std::vector<TaskHandle<T>> pending;
};

namespace internal {

/// Waits for some of many tasks.
class TasksWait : public Wait, private Timer {
public:
    TasksWait(TasksWait&& other) noexcept
        : Wait(static_cast<Wait&&>(other)), timeout_(other.timeout_), when_(other.when_) {}
    auto operator=(TasksWait&&) -> TasksWait& = delete;

    void await_suspend(std::coroutine_handle<>);
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

protected:
    TasksWait(ReturnWhen when, Duration timeout) noexcept : timeout_(timeout), when_(when) {}
    ~TasksWait();

    void open(std::size_t count);
    /// @throws InvalidStateError for the task that waits, and for tasks of other loops.
    void watch(TaskNode& task);
    [[nodiscard]] auto ready() const noexcept -> bool;

private:
    class Watcher final : public JoinListener {
    public:
        Watcher() noexcept = default;
        Watcher(const Watcher&) = delete;
        auto operator=(const Watcher&) -> Watcher& = delete;
        ~Watcher() {
            if (linked()) task->joiners.remove(*this);
        }
        void task_ended() noexcept override { owner->one_ended(*task); }

        TasksWait* owner = nullptr;
        TaskNode* task = nullptr;
    };

    void fire() noexcept override;
    void one_ended(const TaskNode& task) noexcept;
    void count(const TaskNode& task) noexcept;
    [[nodiscard]] auto enough() const noexcept -> bool;

    std::unique_ptr<Watcher[]> watchers_;
    std::size_t count_ = 0;
    std::size_t running_ = 0;
    Duration timeout_;
    Time deadline_ = Time::max();
    ReturnWhen when_;
    bool failed_ = false;
    bool over_ = false;  ///< It has its wake-up, or was asked to stop.
};

template<class T>
class [[nodiscard("co_await it")]] WaitAwaiter final : public TasksWait {
public:
    WaitAwaiter(std::vector<TaskHandle<T>> handles, ReturnWhen when, Duration timeout)
        : TasksWait(when, timeout), handles_(std::move(handles)) {}

    auto await_ready() -> bool {
        open(handles_.size());
        for (const auto& handle : handles_) watch(handle.node("wait"));
        return ready();
    }
    auto await_resume() -> WaitSets<T> {
        WaitSets<T> sets;
        for (auto& handle : handles_) {
            auto& set = handle.done() ? sets.done : sets.pending;
            set.push_back(std::move(handle));
        }
        return sets;
    }

private:
    std::vector<TaskHandle<T>> handles_;
};

}  // namespace internal

/// Waits until the tasks of `handles` have ended as `when` says, or the time is up, and sorts them. Nothing is cancelled,
/// nothing is thrown for how they ended, and no result counts as taken.
///
/// @return the handles of those that have ended, and of the others. Given twice, a handle comes back twice.
/// @throws std::invalid_argument if there are no handles; InvalidStateError for the caller's own task, one of another loop, or
/// an empty handle.
/// On cancel: the caller stops waiting; the tasks go on. Source: asyncio.wait.
template<class T>
[[nodiscard]] auto wait(
    std::vector<TaskHandle<T>> handles, ReturnWhen when = ReturnWhen::all_completed, WaitOptions options = {}) {
    return internal::WaitAwaiter<T>(std::move(handles), when, options.timeout);
}

}  // namespace gyre

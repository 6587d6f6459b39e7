#pragma once

#include <gyre/core/dropped_work.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/wait.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

template<class T>
class AsCompleted;

namespace internal {

class NextCompletedWait;

/// The tasks of one `as_completed`, and those of them that have ended and were not read yet.
///
/// Belongs to its `AsCompleted`; when that is dropped, to itself until the last task has ended.
class CompletionQueue final : private Timer, private DroppedWork {
public:
    CompletionQueue(std::size_t count, Duration timeout, std::source_location where);

    /// Takes on a task that has not had its first turn.
    void add(TaskNode& task);
    /// Cancels what runs. The queue deletes itself when all of it has ended.
    void drop() noexcept;

    [[nodiscard]] auto remaining() const noexcept -> std::size_t { return count_ - taken_; }
    [[nodiscard]] auto last_index() const noexcept -> std::size_t { return last_; }

private:
    friend class NextCompletedWait;
    class Watcher final : public JoinListener {
    public:
        Watcher(CompletionQueue& owner, TaskNode& task) noexcept : task_(task), owner_(&owner) {}
        Watcher(Watcher&& other) noexcept : JoinListener(), task_(std::move(other.task_)), owner_(other.owner_) {}
        auto operator=(Watcher&&) -> Watcher& = delete;
        ~Watcher() {
            if (linked()) task_.get()->joiners.remove(*this);
        }
        void task_ended() noexcept override { owner_->one_ended(*this); }
        [[nodiscard]] auto task() const noexcept -> TaskNode& { return *task_.get(); }

    private:
        TaskPointer task_;
        CompletionQueue* owner_;
    };

    ~CompletionQueue();
    void one_ended(Watcher& watcher) noexcept;
    void fire() noexcept override;
    /// The next that has ended, or null.
    [[nodiscard]] auto take() noexcept -> TaskNode*;
    [[noreturn]] void throw_timeout() const;

    Scheduler& scheduler_;
    std::vector<Watcher> watchers_;
    std::vector<std::size_t> ended_;  ///< Indices, in the order in which they ended.
    NextCompletedWait* reader_ = nullptr;
    std::size_t count_;
    std::size_t taken_ = 0;
    std::size_t running_ = 0;
    std::size_t last_ = 0;
    Duration timeout_;
    std::source_location where_;
    bool expired_ = false;
    bool dropped_ = false;
};

/// Waits for the next task that ends.
class NextCompletedWait : public Wait {
public:
    NextCompletedWait(NextCompletedWait&& other) noexcept : Wait(static_cast<Wait&&>(other)), queue_(other.queue_) {}
    auto operator=(NextCompletedWait&&) -> NextCompletedWait& = delete;

    [[nodiscard]] auto await_ready() -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {WaitKind::wait, &queue_, "as_completed"};
    }

    void wake() noexcept { scheduler().wake(*frame_); }
    /// The reader's object was dropped by somebody else.
    void abandon() noexcept;

protected:
    explicit NextCompletedWait(CompletionQueue& queue) noexcept : queue_(queue) {}
    ~NextCompletedWait() = default;

    /// The task whose result is given; null if there are no more. @throws TimeoutError; InvalidStateError.
    [[nodiscard]] auto take() -> TaskNode*;

private:
    CompletionQueue& queue_;
    bool abandoned_ = false;
};

template<class T>
class [[nodiscard("co_await it")]] NextCompletedAwaiter final : public NextCompletedWait {
public:
    explicit NextCompletedAwaiter(CompletionQueue& queue) noexcept : NextCompletedWait(queue) {}

    auto await_resume() -> MaybeResult<T> {
        TaskNode* task = take();
        if (task == nullptr) return {};
        task->received = true;
        auto& node = static_cast<TypedTaskNode<T>&>(*task);
        if constexpr (std::is_void_v<T>) {
            node.take();
            return true;
        } else if constexpr (std::is_reference_v<T>) {
            return std::addressof(node.take());
        } else {
            return node.take();
        }
    }
};

}  // namespace internal

/// Results in the order in which they come; see `as_completed`. Movable; lives on one loop.
template<class T>
class AsCompleted {
public:
    AsCompleted(AsCompleted&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
    auto operator=(AsCompleted&& other) noexcept -> AsCompleted& {
        std::swap(queue_, other.queue_);
        return *this;
    }
    /// Cancels what was not finished; the scope in which this happens ends only after it has.
    ~AsCompleted() {
        if (queue_ != nullptr) queue_->drop();
    }

    /// Waits for the next result.
    /// @return an optional, empty after the last; for work without a value a bool, false after the last.
    /// @throws the error of that one: the next call gives the next; TimeoutError when the time is up and nothing more has
    ///         ended; InvalidStateError if two tasks read at once, or one of another loop, or if it was moved from.
    /// On cancel: nothing was taken.
    [[nodiscard]] auto next() { return internal::NextCompletedAwaiter<T>(queue()); }

    /// How many results were not read yet.
    [[nodiscard]] auto remaining() const -> std::size_t { return queue().remaining(); }
    /// Which of the works, counted from 0, the last result came from, also if it was an error.
    [[nodiscard]] auto index() const -> std::size_t { return queue().last_index(); }

protected:
    AsCompleted(std::size_t count, Duration timeout, std::source_location where)
        : queue_(new internal::CompletionQueue(count, timeout, where)) {}

    template<class W>
    void add(W&& work, std::source_location where) {
        auto& loop = this_loop();
        auto handle = internal::spawn_under(
            loop.scheduler(), loop.background(), nullptr, std::forward<W>(work), {}, where);
        queue_->add(handle.node("as_completed"));
    }

private:
    [[nodiscard]] auto queue() const -> internal::CompletionQueue& {
        if (queue_ == nullptr) internal::throw_moved_from("AsCompleted");
        return *queue_;
    }

    internal::CompletionQueue* queue_;
};

/// Runs all works at once and gives their results in the order in which they end: `while (auto r = co_await all.next())`.
///
/// The works are arguments with results of one type, or a vector; a vector may be followed by `WaitOptions`, whose `timeout`
/// counts from here, ends only the reading, and cancels nothing. They are tasks of their own, whose first turn comes after
/// what is ready now. What was not finished when the object is dropped is cancelled, and the scope in which it is dropped
/// waits for that. A handle is only waited for: its task goes on.
///
/// It is called like a function and is a class, whose constructor can note the place of the call behind any number of works.
/// @throws LoopError outside of a loop. Source: asyncio.as_completed.
template<class T, class... W>
class as_completed final : public AsCompleted<T> {  // NOLINT(readability-identifier-naming)
public:
    [[nodiscard]] explicit as_completed(W&&... work, std::source_location where = std::source_location::current())
        : AsCompleted<T>(sizeof...(W), Duration::max(), where) {
        (this->add(std::forward<W>(work), where), ...);
    }
};

/// `as_completed` of a vector.
template<class T, class W>
class as_completed<T, std::vector<W>> final : public AsCompleted<T> {
public:
    [[nodiscard]] explicit as_completed(
        std::vector<W> work, WaitOptions options = {}, std::source_location where = std::source_location::current())
        : AsCompleted<T>(work.size(), options.timeout, where) {
        for (auto& one : work) this->add(std::move(one), where);
    }
};

template<Work First, Work... More>
    requires(std::same_as<internal::WorkResult<First>, internal::WorkResult<More>> && ...)
as_completed(First&&, More&&...) -> as_completed<internal::WorkResult<First>, First, More...>;
template<Work W>
as_completed(std::vector<W>, WaitOptions = {}, std::source_location = {})
    -> as_completed<internal::WorkResult<W>, std::vector<W>>;

}  // namespace gyre

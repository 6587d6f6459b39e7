#pragma once

#include <gyre/core/result.hpp>
#include <gyre/core/started.hpp>
#include <gyre/core/task_handle.hpp>

#include <exception>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

/// What a group throws when several of its tasks failed.
enum class Errors : std::uint8_t {
    first,    ///< The first error, unchanged. Later ones are in `TaskGroup::errors` and go to the exception handler.
    collect,  ///< All of them in an ExceptionGroup, also if there is only one.
};

/// How a group behaves.
struct GroupOptions {
    Errors errors = Errors::first;
    std::string_view name = {};  ///< Shown in dumps and errors; must outlive the group.
};

namespace internal {
class GroupWait;
template<class F>
class StartAwaiter;
}  // namespace internal

/// A set of tasks that belong together: `task_group` returns only when all of them have ended, however they end.
///
/// The first error cancels the body and the other tasks. A task that is cancelled by its own handle is no error.
/// Lives as long as `task_group` runs. Thread: its loop's. Source: asyncio.TaskGroup, trio.Nursery.
class TaskGroup {
public:
    explicit TaskGroup(internal::GroupWait& wait) noexcept : wait_(&wait) {}
    TaskGroup(const TaskGroup&) = delete;
    auto operator=(const TaskGroup&) -> TaskGroup& = delete;

    /// Starts some work as a task of the group. It has its first turn after what is ready now; in a group that is being
    /// cancelled it ends before its first step. @throws InvalidStateError if the group has ended.
    template<Work W>
    auto spawn(W&& work, SpawnOptions options = {}, std::source_location where = std::source_location::current())
        -> TaskHandle<internal::WorkResult<W>>;
    /// Says what is wrong with something that is no work.
    template<internal::NoWork W>
    auto spawn(W&&, SpawnOptions = {}, std::source_location = std::source_location::current()) {
        static_cast<void>(internal::check_work<W>());
        return internal::refused<TaskHandle<typename internal::RefusedResult<W>::Type>>();
    }

    /// Starts a task of the group and waits until it says that it is ready: `function(started)` is a callable with a parameter
    /// `Started<T>& started`, which it calls with a value.
    ///
    /// Until then the task is a part of this wait, and afterwards of the group alone.
    /// @return the value. @throws the task's error, if it ended before; InvalidStateError if it ended without `started()`, or
    ///         if the group has ended; CancelledError if the group was cancelled meanwhile, and the caller not.
    /// On cancel: the task is cancelled too, and waited for until it ends or says that it has started. Then the value counts;
    ///         the task, which belongs to the group now, ends at its next wait. Source: trio's Nursery.start.
    template<class F>
    [[nodiscard]] auto start(
        F&& function, SpawnOptions options = {}, std::source_location where = std::source_location::current()) {
        return internal::StartAwaiter<std::decay_t<F>>(*wait_, std::forward<F>(function), options, where);
    }

    /// Cancels the body and every task of the group. Not a suspension point; idempotent.
    void cancel(std::string reason = {}, std::source_location where = std::source_location::current());

    /// How many of its tasks have not ended.
    [[nodiscard]] auto size() const noexcept -> std::size_t;
    /// The errors so far, in the order in which they happened.
    [[nodiscard]] auto errors() const noexcept -> std::span<const std::exception_ptr>;

private:
    internal::GroupWait* wait_;
};

namespace internal {

/// The wait for the end of a group: its scope, its body and its tasks.
class GroupWait : public Wait, public Strand, public TaskOwner {
public:
    GroupWait(GroupWait&& other) noexcept : Wait(static_cast<Wait&&>(other)), options_(other.options_) {}
    auto operator=(GroupWait&&) -> GroupWait& = delete;

    void await_suspend(std::coroutine_handle<>) const noexcept {}

    void cancel() noexcept override;
    void interrupt() noexcept override;
    void left_behind(bool begun) noexcept override;
    [[nodiscard]] auto scope_of_tasks() noexcept -> Scope* override { return &*scope_; }
    [[nodiscard]] auto in_place_of() const noexcept -> Frame* override { return frame_; }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;
    [[nodiscard]] auto strand_at(std::size_t index) const noexcept -> const Strand* override {
        return index == 0 ? this : nullptr;
    }
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;
    void task_ended(TaskNode& task) noexcept override;

    /// @throws InvalidStateError if the group has ended; LoopError as `check_thread`.
    void check_open(std::string_view operation) const;
    /// @throws LoopError if its loop runs on another thread.
    void check_thread(std::string_view operation) const;
    void cancel_all(std::string reason, std::source_location where, CancelKind kind = CancelKind::request);
    [[nodiscard]] auto scope() noexcept -> Scope& { return *scope_; }
    [[nodiscard]] auto running() const noexcept -> std::size_t { return task_count; }
    [[nodiscard]] auto errors() const noexcept -> const std::vector<std::exception_ptr>& { return errors_; }

protected:
    explicit GroupWait(GroupOptions options) noexcept : options_(options) {}
    ~GroupWait() = default;

    void open();
    /// Starts the body. @return true if the whole group has ended.
    auto enter(Frame& body) noexcept -> bool;
    /// The body was an ordinary callable and has returned. @return true if the whole group has ended.
    auto body_returned() noexcept -> bool;
    void add_error(const std::exception_ptr& error) noexcept;
    /// Throws what the group has to throw; later errors that nobody receives go to the handler.
    void finish();

    /// Moves the result of the body out of its frame, which is destroyed.
    virtual void take_body(Frame& body) noexcept = 0;

    std::optional<InnerScope> scope_;
    bool body_stopped_ = false;

private:
    [[nodiscard]] auto all_ended() const noexcept -> bool {
        return body_done_ && task_count == 0 && !scope_->has_left_behind();
    }
    [[nodiscard]] auto outcome() const noexcept -> Next;
    [[nodiscard]] auto unwinds() const noexcept -> bool;

    GroupOptions options_;
    std::vector<std::exception_ptr> errors_;
    bool body_done_ = false;
    bool task_stopped_ = false;  ///< A task was cancelled with the group, not by its own handle.
};

template<class Body>
struct GroupBodyType {
    using Type = std::invoke_result_t<Body&, TaskGroup&>;
    static constexpr bool plain = !Awaitable<Type>;
};

template<class Body, bool Plain = GroupBodyType<Body>::plain>
struct GroupResult {
    using Type = void;
};
template<class Body>
struct GroupResult<Body, false> {
    using Type = WorkResult<Body, TaskGroup>;
};

template<class Body>
class [[nodiscard("co_await it")]] GroupAwaiter final : public GroupWait {
public:
    static constexpr bool plain = GroupBodyType<Body>::plain;
    using Result = typename GroupResult<Body>::Type;

    GroupAwaiter(GroupOptions options, Body body) : GroupWait(options), body_(std::move(body)) {}
    /// Before it has begun: a group is work like any other, for `timeout` and its kind.
    GroupAwaiter(GroupAwaiter&& other) noexcept(std::is_nothrow_move_constructible_v<Body>)
        : GroupWait(std::move(other)), body_(std::move(other.body_)) {}
    auto operator=(GroupAwaiter&&) -> GroupAwaiter& = delete;
    ~GroupAwaiter() = default;

    auto await_ready() -> bool {
        open();
        group_.emplace(static_cast<GroupWait&>(*this));
        if constexpr (plain) {
            try {
                body_(*group_);
            } catch (...) {
                add_error(std::current_exception());
            }
            return body_returned();
        } else {
            Frame* body = nullptr;
            try {
                body = &begin_work(body_, *group_).release();
            } catch (...) {  // it may have spawned already
                add_error(std::current_exception());
            }
            return body != nullptr ? enter(*body) : body_returned();
        }
    }

    auto await_resume() -> Result {
        finish();
        if constexpr (!std::is_void_v<Result>) {
            if (body_stopped_) throw CancelledError(scope_->cause);
            return std::move(*outcome_).value();
        }
    }

private:
    void take_body(Frame& body) noexcept override {
        if constexpr (plain) {
            body.destroy();
        } else {
            take_outcome_into(outcome_, body);
            if (outcome_->is_error()) add_error(outcome_->error());
        }
    }

    Body body_;
    std::optional<TaskGroup> group_;
    std::optional<Outcome<Result>> outcome_;
};

/// `TaskGroup::start`.
template<class F>
class [[nodiscard("co_await it")]] StartAwaiter final : public StartWaitOf<StartedValue<F>> {
public:
    using Value = StartedValue<F>;

    StartAwaiter(GroupWait& group, F function, const SpawnOptions& options, std::source_location where)
        : group_(group), function_(std::move(function)), options_(options), where_(where) {}

    auto await_ready() -> bool {
        group_.check_open("TaskGroup::start");
        if (this->cancelled_before()) return false;
        options_.start = Start::queued;  // its first turn comes when this wait is there to hear of it
        Scope& scope = group_.scope();
        options_.start = Start::queued;  // its words reach this wait only when it waits
        auto handle = spawn_under(*scope.scheduler, group_, &scope,
            StartWork<F, Value>(std::move(function_), static_cast<StartWaitOf<Value>&>(*this)), options_, where_);
        this->begin_with(handle.node("TaskGroup::start"));
        return false;
    }

private:
    GroupWait& group_;
    F function_;
    SpawnOptions options_;
    std::source_location where_;
};

template<class Body>
concept GroupBody = std::invocable<std::decay_t<Body>&, TaskGroup&>;

}  // namespace internal

template<Work W>
auto TaskGroup::spawn(W&& work, SpawnOptions options, std::source_location where)
    -> TaskHandle<internal::WorkResult<W>> {
    if constexpr (internal::check_work<W>()) {
        wait_->check_open("TaskGroup::spawn");
        auto& scope = wait_->scope();
        return internal::spawn_under(*scope.scheduler, *wait_, &scope, std::forward<W>(work), options, where);
    } else {
        return internal::refused<TaskHandle<internal::WorkResult<W>>>();
    }
}

/// Runs `body(group)`, and waits until it and every task that was spawned into the group have ended.
///
/// @return what the body gives, after the last task. The body is a coroutine, or an ordinary callable that only spawns.
/// @throws the first error of the body or a task, unchanged, after everything else was cancelled and has ended;
///         CancelledError if the group cancelled its own body and so there is no value to give.
/// On cancel: everything inside is cancelled; an error of a task counts more than the cancellation.
template<internal::GroupBody Body>
[[nodiscard]] auto task_group(Body&& body) {
    return internal::GroupAwaiter<std::decay_t<Body>>(GroupOptions{}, std::forward<Body>(body));
}

/// `task_group` with options.
template<internal::GroupBody Body>
[[nodiscard]] auto task_group(GroupOptions options, Body&& body) {
    return internal::GroupAwaiter<std::decay_t<Body>>(options, std::forward<Body>(body));
}

}  // namespace gyre

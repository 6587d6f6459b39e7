#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/scope_state.hpp>
#include <gyre/core/spawn_options.hpp>
#include <gyre/core/task_clock.hpp>
#include <gyre/core/work.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gyre::internal {

class TaskNode;
struct Sender;

/// Whoever waits for spawned tasks: a group, or the loop itself. Nothing that was spawned is without one.
class TaskOwner : public ListLink<TaskOwner> {
public:
    TaskOwner() = default;
    TaskOwner(const TaskOwner&) = delete;
    auto operator=(const TaskOwner&) -> TaskOwner& = delete;

    /// The scope that its tasks are in; null for those of the loop itself.
    [[nodiscard]] virtual auto scope_of_tasks() noexcept -> Scope* { return nullptr; }
    /// A task has ended; it is in no list any more.
    virtual void task_ended(TaskNode& task) noexcept = 0;

    IntrusiveList<TaskNode> tasks;
    std::size_t task_count = 0;  ///< Of `tasks`.

protected:
    ~TaskOwner() { unlink(); }
};

/// Someone who waits for a task to end.
class JoinListener : public ListLink<JoinListener> {
public:
    virtual void task_ended() noexcept = 0;

protected:
    ~JoinListener() = default;
};

/// A spawned task: its strand, its scope, its outcome. Counted by its owner while it runs, and by its handles.
///
/// There may be millions: what few of them have is in `Extra`, and what is needed at different times shares its place.
class TaskNode : public Strand, public ListLink<TaskNode>, public Scope, public Pooled {
public:
    enum class State : std::uint8_t { pending, value, error, cancelled };

    TaskNode(Scheduler& scheduler, std::source_location where) noexcept
        : Scope(scheduler, Kind::task), location_(where) {}

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ != 0) return;
        if (watchers_ == 0) {
            delete this;
        } else {
            outlive_result();
        }
    }
    /// From now on the task is there to be named also when its result has gone. @return false: too many do so already.
    [[nodiscard]] auto watch() noexcept -> bool {
        if (watchers_ == most_watchers) return false;
        ++watchers_;
        return true;
    }
    void unwatch() noexcept {
        if (--watchers_ == 0 && references_ == 0) delete this;
    }

    /// Puts the task under `owner` and into the ready queue; `outer` is the scope it inherits cancellation from.
    /// @throws std::bad_alloc; the frame is gone then.
    void start(Frame& frame, TaskOwner& owner, const Scope* outer, const SpawnOptions& options) {
        const bool plain = options.name.empty() && options.deadline == Time::max() &&
                           options.priority == Priority::normal;
        admit(frame);
        if (!plain || scheduler->notes_tasks) [[unlikely]]
            prepare(frame, options);
        if (outer != nullptr) inherit(*outer);
        frame.continue_with(static_cast<Strand&>(*this));
        frame.scope = this;
        root = &frame;
        owner_ = &owner;
        ++owner.task_count;
        owner.tasks.push_back(*this);
        retain();
        if (options.start == Start::eager) [[unlikely]]
            return scheduler->start_eagerly(frame);
        scheduler->start_queued(frame);
    }

    [[nodiscard]] auto done() const noexcept -> bool { return state != State::pending; }
    [[nodiscard]] auto name() const noexcept -> std::string_view {
        const Extra* extra = known_extra();
        return extra != nullptr ? std::string_view(extra->name) : "";
    }
    /// Name, or where it was spawned.
    [[nodiscard]] auto title() const -> std::string;
    /// "'watch' (main.cpp:20)", or where it was spawned.
    [[nodiscard]] auto full_title() const -> std::string;
    /// Null unless the loop has measured it exactly since it was spawned; see `Scheduler::exact`.
    [[nodiscard]] auto clock() noexcept -> TaskClock* { return is_measured() ? &extra_->clock : nullptr; }
    [[nodiscard]] auto stats() const noexcept -> TaskStats;
    /// Whether `stats` has figures.
    [[nodiscard]] auto is_measured() const noexcept -> bool {
        const Extra* extra = known_extra();
        if (extra == nullptr || extra->measured == 0) return false;
        return done() || (scheduler->exact && extra->measured == scheduler->exact_since);
    }
    /// When it was spawned, to the turn; `Time{}` for a task without options, unless the loop measures exactly.
    [[nodiscard]] auto born() const noexcept -> Time {
        const Extra* extra = known_extra();
        return extra != nullptr ? extra->born : Time{};
    }
    /// Whether it is cancelled at a point in time.
    [[nodiscard]] auto deadline() const noexcept -> Time {
        const Extra* extra = known_extra();
        return extra != nullptr && extra->deadline ? extra->until : Time::max();
    }
    /// For whom on another loop it works; mostly null.
    [[nodiscard]] virtual auto sender() const noexcept -> const Sender* { return nullptr; }
    /// As long as it is pending.
    [[nodiscard]] auto owner() const noexcept -> TaskOwner* { return owner_; }
    [[nodiscard]] auto priority() const noexcept -> Priority {
        const Extra* extra = known_extra();
        return extra != nullptr ? extra->priority : Priority::normal;
    }
    /// @throws std::bad_alloc.
    void set_priority(Priority priority);
    /// The task-local values that it sees.
    [[nodiscard]] auto context() const noexcept -> const ContextPointer&;
    /// The same, to be set. @throws std::bad_alloc.
    [[nodiscard]] auto own_context() -> ContextPointer&;

    auto ended() noexcept -> Next final;
    auto stopped() noexcept -> Next final;

    /// The error, for whoever receives it; null if there is none.
    [[nodiscard]] auto error() const noexcept -> std::exception_ptr {
        return state == State::error ? error_ : std::exception_ptr();
    }

    /// Throws the error, or CancelledError.
    [[noreturn]] void throw_failure() const;

    // Beside the flags of `Scope`, in the room that is left there.
    State state : 2 = State::pending;
    bool received : 1 = false;  ///< Somebody has taken the result or the error.
    bool starting : 1 = false;  ///< `TaskGroup::start` waits for it, and gets its error.

private:
    static constexpr std::uint32_t most_watchers = 63;

    bool has_extra_ : 1 = false;
    std::uint32_t references_ : 26 = 1;
    std::uint32_t watchers_ : 6 = 0;

public:
    CompactList<JoinListener> joiners;

    /// Of the spawn. A signal handler may find none, while the place is being moved.
    [[nodiscard]] auto location() const noexcept -> std::source_location {
        if (!has_extra_) return location_;
        const Extra* extra = known_extra();
        return extra != nullptr ? extra->location : std::source_location();
    }

protected:
    virtual ~TaskNode() {
        if (state == State::error || has_extra_) [[unlikely]]
            drop_rest();
    }
    /// Moves the outcome out of the root frame, destroys that, and drops the callable.
    virtual void collect(Frame& ended_root) noexcept = 0;
    /// Nobody can ask for the result any more.
    virtual void drop_result() noexcept {}
    /// The task was cancelled, and its frames are gone: drops the callable.
    virtual void drop_work() noexcept {}
    void set_error(std::exception_ptr error) noexcept;
    /// It ends with TimeoutError, since its own deadline cancelled it.
    void set_timeout() noexcept;

private:
    friend class DebugLayout;

    /// Cancels the task at a point in time.
    struct Deadline final : Timer, Pooled {
        explicit Deadline(TaskNode& owner) noexcept : task(owner) {}
        void fire() noexcept override { task.Scope::cancel(cause); }
        TaskNode& task;
        CausePointer cause;
    };
    struct Extra : Pooled {
        explicit Extra(std::source_location where) noexcept : location(where) {}
        std::source_location location;
        std::string name;
        TaskClock clock;
        Time born{};
        Time until = Time::max();  ///< Its deadline.
        std::uint32_t measured = 0;  ///< `Scheduler::exact_since` of its spawn; 0: it was not measured, or not to the end.
        Priority priority = Priority::normal;
        ContextPointer context;
        std::unique_ptr<Deadline> deadline;
    };
    auto extra() -> Extra&;
    /// Null if there is none; for a signal handler also while it is put there.
    [[nodiscard]] auto known_extra() const noexcept -> Extra* { return has_extra_ ? extra_ : nullptr; }
    /// These two destroy `frame` if they throw. @throws std::bad_alloc.
    void prepare(Frame& frame, const SpawnOptions& options);
    void fill_extra(const SpawnOptions& options);
    void admit(Frame& frame) {
        if (!scheduler->try_admit()) admit_slowly(frame);
    }
    void admit_slowly(Frame& frame);
    void finish(TaskOwner& owner) noexcept;
    void outlive_result() noexcept;
    void note_end() noexcept;
    /// Drops `Extra`, and the error, of which it tells the loop's handler if nobody received it.
    void drop_rest() noexcept;

    union {
        TaskOwner* owner_ = nullptr;  ///< As long as it is pending.
        std::exception_ptr error_;    ///< If it has ended with one.
        Duration took_;               ///< From its cancellation to its end, if it was cancelled.
    };
    union {
        std::source_location location_;
        Extra* extra_;  ///< For tasks with options, for all if the loop measures exactly or has task-locals.
    };
};

/// The one after `task`, which is `owner`'s, among all that live on the loop; or null. Thread: the loop's.
[[nodiscard]] auto next_task(Scheduler& scheduler, TaskOwner& owner, TaskNode& task) noexcept -> TaskNode*;

inline auto Scope::task() const noexcept -> TaskNode* {
    auto* self = const_cast<Scope*>(this);
    return kind_ == Kind::task ? static_cast<TaskNode*>(self) : static_cast<InnerScope*>(self)->task_;
}

/// Keeps one reference to a task.
class TaskPointer {
public:
    struct Adopt {};

    TaskPointer() noexcept = default;
    explicit TaskPointer(TaskNode& node) noexcept : node_(&node) { node.retain(); }
    /// Takes over the reference that `node` was made with.
    TaskPointer(TaskNode& node, Adopt) noexcept : node_(&node) {}
    TaskPointer(const TaskPointer& other) noexcept : node_(other.node_) {
        if (node_ != nullptr) node_->retain();
    }
    TaskPointer(TaskPointer&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    auto operator=(TaskPointer other) noexcept -> TaskPointer& {
        std::swap(node_, other.node_);
        return *this;
    }
    ~TaskPointer() {
        if (node_ != nullptr) node_->release();
    }
    [[nodiscard]] auto get() const noexcept -> TaskNode* { return node_; }

private:
    TaskNode* node_ = nullptr;
};

/// Keeps what a task is called beyond its end, and not its result, in which this may be.
class TaskMark {
public:
    TaskMark() noexcept = default;
    /// @param task null: nobody.
    explicit TaskMark(TaskNode* task) noexcept : node_(task != nullptr && task->watch() ? task : nullptr) {}
    TaskMark(TaskMark&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    auto operator=(TaskMark&& other) noexcept -> TaskMark& {
        TaskMark old(std::move(*this));
        node_ = std::exchange(other.node_, nullptr);
        return *this;
    }
    ~TaskMark() {
        if (node_ != nullptr) node_->unwatch();
    }
    [[nodiscard]] auto get() const noexcept -> TaskNode* { return node_; }

private:
    TaskNode* node_ = nullptr;
};

/// A task with a result of type T.
template<class T>
class TypedTaskNode : public TaskNode {
public:
    TypedTaskNode(Scheduler& scheduler, std::source_location where) noexcept : TaskNode(scheduler, where) {}

    /// Moves the value out. @throws the error, or CancelledError. The task has ended.
    auto take() -> T {
        if (this->state != TaskNode::State::value) [[unlikely]]
            this->throw_failure();
        return StoredResult<T>::take(value_);
    }
    [[nodiscard]] auto outcome() -> Outcome<T> {
        if (this->state == TaskNode::State::error) return Outcome<T>::from_error(this->error());
        if (this->state == TaskNode::State::cancelled) return Outcome<T>::from_cancelled(this->cause);
        if constexpr (std::is_reference_v<T>) {
            return Outcome<T>::from_value(value_);
        } else {
            return Outcome<T>::from_value(take());
        }
    }

protected:
    ~TypedTaskNode() override {
        if (this->state == TaskNode::State::value) std::destroy_at(&value_);
    }
    void collect(Frame& ended_root) noexcept override {
        FrameGuard guard(ended_root);
        auto& promise = promise_of<T>(ended_root);
        if (ended_root.state == Frame::State::error) return this->set_error(promise.error());
        try {
            ::new (static_cast<void*>(&value_)) Stored(std::move(promise.stored()));
            this->state = TaskNode::State::value;
        } catch (...) {  // the move of the value threw
            this->set_error(std::current_exception());
        }
    }
    void drop_result() noexcept override {
        if (this->state != TaskNode::State::value) return;
        this->state = TaskNode::State::cancelled;  // it has ended, and has no value
        std::destroy_at(&value_);
    }

private:
    using Stored = typename StoredResult<T>::Type;

    union {
        Stored value_;
    };
};

template<>
class TypedTaskNode<void> : public TaskNode {
public:
    using TaskNode::TaskNode;

    void take() const {
        if (this->state != TaskNode::State::value) [[unlikely]]
            this->throw_failure();
    }
    [[nodiscard]] auto outcome() const -> Outcome<void> {
        if (state == State::error) return Outcome<void>::from_error(error());
        if (state == State::cancelled) return Outcome<void>::from_cancelled(cause);
        return Outcome<void>::from_value({});
    }

protected:
    ~TypedTaskNode() override = default;
    void collect(Frame& ended_root) noexcept override {
        FrameGuard guard(ended_root);
        if (ended_root.state == Frame::State::error) {
            set_error(promise_of<void>(ended_root).error());
        } else {
            state = State::value;
        }
    }
};

/// A task that came from an awaitable, which is in the root frame, or is it.
template<class T>
class PlainTaskNode final : public TypedTaskNode<T> {
public:
    using TypedTaskNode<T>::TypedTaskNode;

private:
    ~PlainTaskNode() override = default;
};

/// A task that keeps the callable it came from as long as it runs.
template<class T, class W>
class CallableTaskNode final : public TypedTaskNode<T> {
public:
    CallableTaskNode(Scheduler& scheduler, std::source_location where, W work)
        : TypedTaskNode<T>(scheduler, where), work_(std::move(work)) {}

    /// Makes the root frame. @throws what the callable throws.
    [[nodiscard]] auto begin() -> Task<T> { return begin_work(*work_); }

private:
    ~CallableTaskNode() override = default;
    void collect(Frame& ended_root) noexcept override {
        TypedTaskNode<T>::collect(ended_root);
        work_.reset();
    }
    void drop_work() noexcept override { work_.reset(); }

    std::optional<W> work_;
};

/// A task that has not started yet: `start` follows.
template<class T>
struct NewTask {
    TypedTaskNode<T>* node;  ///< Kept by `keep`.
    TaskPointer keep;
    Frame* root;
};

/// Makes a task of some work. @throws what a callable throws; InvalidStateError for an empty Task.
template<class W>
auto make_task(Scheduler& scheduler, W&& work, std::source_location where) -> NewTask<WorkResult<W>> {
    using T = WorkResult<W>;
    using Kept = std::decay_t<W>;
    if constexpr (Awaitable<Kept>) {
        Kept owned(std::forward<W>(work));
        Task<T> task = begin_work(owned);
        auto* node = new PlainTaskNode<T>(scheduler, where);
        TaskPointer keep(*node, TaskPointer::Adopt{});
        Frame& root = task.release();
        return {node, std::move(keep), &root};
    } else {
        auto* node = new CallableTaskNode<T, Kept>(scheduler, where, std::forward<W>(work));
        TaskPointer keep(*node, TaskPointer::Adopt{});
        Frame& root = node->begin().release();
        return {node, std::move(keep), &root};
    }
}

}  // namespace gyre::internal

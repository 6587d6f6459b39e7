#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/scope_state.hpp>
#include <gyre/core/task_clock.hpp>
#include <gyre/core/work.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::internal {

class TaskNode;

/// Whoever waits for spawned tasks: a group, or the loop itself. Nothing that was spawned is without one.
class TaskOwner {
public:
    TaskOwner() = default;
    TaskOwner(const TaskOwner&) = delete;
    auto operator=(const TaskOwner&) -> TaskOwner& = delete;

    /// A task starts under this owner.
    virtual void task_started() noexcept = 0;
    /// A task has ended; it is in no list any more.
    virtual void task_ended(TaskNode& task) noexcept = 0;

    IntrusiveList<TaskNode> tasks;

protected:
    ~TaskOwner() = default;
};

/// Someone who waits for a task to end.
class JoinListener : public ListLink<JoinListener> {
public:
    virtual void task_ended() noexcept = 0;

protected:
    ~JoinListener() = default;
};

/// A spawned task: its strand, its scope, its outcome. Counted by its owner while it runs, and by its handles.
class TaskNode : public Strand, public ListLink<TaskNode>, public Pooled {
public:
    enum class State : std::uint8_t { pending, value, error, cancelled };

    TaskNode(Scheduler& scheduler, std::source_location where) noexcept
        : scope(scheduler, this, *this), location(where) {}

    void retain() noexcept { ++references_; }
    void release() noexcept {
        if (--references_ == 0) delete this;
    }

    /// Puts the task under `owner` and into the ready queue; `outer` is the scope it inherits cancellation from.
    void start(Frame& frame, TaskOwner& owner, const Scope* outer, std::string_view name);

    [[nodiscard]] auto done() const noexcept -> bool { return state != State::pending; }
    [[nodiscard]] auto name() const noexcept -> std::string_view {
        return extra_ ? std::string_view(extra_->name) : "";
    }
    /// Name, or where it was spawned.
    [[nodiscard]] auto title() const -> std::string;
    /// Only when the loop measures exactly; see `Scheduler::exact`.
    [[nodiscard]] auto clock() noexcept -> TaskClock& { return extra_->clock; }
    [[nodiscard]] auto stats() const noexcept -> TaskStats;

    auto ended() noexcept -> Next final;
    auto stopped() noexcept -> Next final;

    /// The error, for whoever receives it; null if there is none.
    [[nodiscard]] virtual auto error() const noexcept -> std::exception_ptr = 0;

    Scope scope;
    IntrusiveList<JoinListener> joiners;
    std::source_location location;  ///< Of the spawn.
    State state = State::pending;
    bool received = false;  ///< Somebody has taken the result or the error.
    bool starting = false;  ///< `TaskGroup::start` waits for it, and gets its error.

protected:
    virtual ~TaskNode() = default;
    /// Moves the result out of the root frame, which is destroyed, and drops the callable.
    virtual void take(Frame& ended_root) noexcept = 0;
    virtual void set_cancelled() noexcept = 0;
    /// Tells the loop's handler of an error that nobody received.
    void report_lost_error() noexcept;

private:
    struct Extra : Pooled {
        std::string name;
        TaskClock clock;
        bool measured = false;
    };
    void finish() noexcept;

    TaskOwner* owner_ = nullptr;
    std::unique_ptr<Extra> extra_;  ///< For named tasks, and for all when the loop measures exactly.
    std::uint32_t references_ = 1;
};

/// Keeps one reference to a task.
class TaskPointer {
public:
    explicit TaskPointer(TaskNode& node) noexcept : node_(&node) { node.retain(); }
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
    TaskNode* node_;
};

/// A task with a result of type T.
template<class T>
class TypedTaskNode : public TaskNode {
public:
    using TaskNode::TaskNode;

    [[nodiscard]] auto error() const noexcept -> std::exception_ptr final {
        return outcome_ ? outcome_->error() : nullptr;
    }
    [[nodiscard]] auto outcome() noexcept -> Outcome<T>& { return *outcome_; }

protected:
    ~TypedTaskNode() override {
        if (!received && state == State::error) report_lost_error();
    }
    void set_cancelled() noexcept override { outcome_.emplace(Outcome<T>::from_cancelled(scope.cause)); }
    void take_from(Frame& ended_root) noexcept { take_outcome_into(outcome_, ended_root); }

private:
    std::optional<Outcome<T>> outcome_;
};

/// A task that keeps the callable it came from as long as it runs.
template<class T, class W>
class TaskNodeOf final : public TypedTaskNode<T> {
public:
    TaskNodeOf(Scheduler& scheduler, std::source_location where, W work)
        : TypedTaskNode<T>(scheduler, where), work_(std::move(work)) {}

    /// Makes the root frame. @throws what the callable throws.
    [[nodiscard]] auto begin() -> Task<T> { return begin_work(*work_); }

private:
    ~TaskNodeOf() override = default;
    void take(Frame& ended_root) noexcept override {
        this->take_from(ended_root);
        work_.reset();
    }
    void set_cancelled() noexcept override {
        work_.reset();
        TypedTaskNode<T>::set_cancelled();
    }

    std::optional<W> work_;
};

}  // namespace gyre::internal

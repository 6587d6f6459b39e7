#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/work.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <utility>

/// Work that is sent to a loop from elsewhere. It travels as a post (`Errand`), runs there as a task (`RemoteTask`), and
/// what came of it goes back to the sender through the `RemoteCall` that both hold. Work and its callable are destroyed on
/// the loop, before the sender hears of the end: what they refer to may belong to the sender.
namespace gyre::internal {

/// What the sender of some work and the loop that does it share. Each member has one owner at a time; the posts between
/// them hand it over.
class RemoteCall {
public:
    /// @param is_awaited the sender is a task, which asks for a cancellation itself when it is cancelled.
    explicit RemoteCall(bool is_awaited) noexcept : awaited(is_awaited) {}
    RemoteCall(const RemoteCall&) = delete;
    auto operator=(const RemoteCall&) -> RemoteCall& = delete;

    /// The sender asks the work to stop. Thread: the loop's.
    void cancel(const CausePointer& why) noexcept;
    /// The work will never run, or never end: its loop is gone. Thread: the loop's, or whose post was refused.
    void refuse() noexcept;
    /// It has ended. Tells the sender. Thread: as `refuse`.
    virtual void settled() noexcept = 0;
    /// @throws LoopError if the loop closed and did not do the work. Thread: the sender's, when it was told.
    void check(const char* operation) const;

    const bool awaited;
    TaskNode* task = nullptr;  ///< While it runs. Thread: the loop's.
    CausePointer asked;        ///< Why the sender wanted it to stop.
    bool cancelled = false;    ///< It ended cancelled.
    bool refused = false;

protected:
    ~RemoteCall() = default;
};

template<class T>
class TypedRemoteCall : public RemoteCall {
public:
    using RemoteCall::RemoteCall;

    /// The value, once. @throws the error; CancelledError; LoopError as `check`.
    auto take(const char* operation) -> T {
        check(operation);
        auto taken = std::move(*outcome);
        outcome.reset();
        return std::move(taken).value();
    }

    std::optional<Outcome<T>> outcome;

protected:
    ~TypedRemoteCall() = default;
};

/// A task that does what another thread asked for.
class RemoteTaskBase : public TaskNode {
public:
    RemoteTaskBase(Scheduler& scheduler, std::source_location where, std::shared_ptr<RemoteCall> call) noexcept
        : TaskNode(scheduler, where), call_(std::move(call)) {}

    /// As long as it is pending.
    [[nodiscard]] auto call() const noexcept -> RemoteCall& { return *call_; }
    /// It has ended: the sender is told. Handles and marks may keep the task beyond that, and what the sender got may hold
    /// them, so nothing of the sender's stays here.
    void settle() noexcept {
        const auto call = std::move(call_);
        call->settled();
    }

protected:
    ~RemoteTaskBase() override = default;

private:
    std::shared_ptr<RemoteCall> call_;
};

template<class T, class W>
class RemoteTask final : public RemoteTaskBase {
public:
    RemoteTask(Scheduler& scheduler, std::source_location where, std::shared_ptr<TypedRemoteCall<T>> call, W work)
        : RemoteTaskBase(scheduler, where, call), typed_(*call), work_(std::move(work)) {}

    /// Makes the root frame. @throws what the callable throws.
    [[nodiscard]] auto begin() -> Task<T> { return begin_work(*work_); }

private:
    ~RemoteTask() override = default;
    void collect(Frame& ended_root) noexcept override {
        typed_.task = nullptr;
        take_outcome_into(typed_.outcome, ended_root);
        state = State::value;  // also for an error: that is the sender's, and nothing of it stays here
        work_.reset();
    }
    void drop_work() noexcept override {
        typed_.task = nullptr;
        work_.reset();
        typed_.cancelled = true;
        typed_.outcome.emplace(Outcome<T>::from_cancelled(cause));
    }

    TypedRemoteCall<T>& typed_;  ///< As long as it is pending.
    std::optional<W> work_;
};

/// Some work on its way to a loop. Wherever it is dropped without having arrived, its sender is told.
template<class T, class W>
class Errand {
public:
    Errand(std::shared_ptr<TypedRemoteCall<T>> call, W work, std::source_location where)
        : call_(std::move(call)), work_(std::move(work)), where_(where) {}
    Errand(Errand&&) noexcept = default;
    auto operator=(Errand&&) -> Errand& = delete;
    Errand(const Errand&) = delete;
    auto operator=(const Errand&) -> Errand& = delete;
    ~Errand() {
        if (call_ == nullptr) return;
        work_.reset();
        call_->refuse();
    }

    /// Starts the work. Thread: the loop's.
    void operator()() {
        const auto call = std::move(call_);
        try {
            if (!call->asked) {
                begin(call);
                work_.reset();
                return;
            }
            call->outcome.emplace(Outcome<T>::from_cancelled(call->asked));
            call->cancelled = true;
        } catch (...) {
            call->outcome.emplace(Outcome<T>::from_error(std::current_exception()));
        }
        work_.reset();
        call->settled();
    }

private:
    void begin(const std::shared_ptr<TypedRemoteCall<T>>& call) {
        EventLoop& loop = this_loop();
        auto* node = new RemoteTask<T, W>(loop.scheduler(), where_, call, std::move(*work_));
        const TaskPointer keep(*node, TaskPointer::Adopt{});
        node->start(node->begin().release(), loop.guests(), nullptr, {});
        call->task = node;
    }

    std::shared_ptr<TypedRemoteCall<T>> call_;
    std::optional<W> work_;
    std::source_location where_;
};

}  // namespace gyre::internal

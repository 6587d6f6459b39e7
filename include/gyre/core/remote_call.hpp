#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/sent_work.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/work.hpp>

#include <atomic>
#include <cstdint>
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

    /// Notes who sends it and where to, before it leaves. Thread: the sender's.
    void leaves(const TaskNode* from, std::size_t from_loop, std::size_t to_loop, std::source_location where) noexcept;
    /// Thread: the sender's, also in a signal handler there.
    [[nodiscard]] auto progress() const noexcept -> SentWork;
    /// Null if that is not a task. Thread: the loop's.
    [[nodiscard]] auto sender() const noexcept -> const Sender* { return sender_.task != 0 ? &sender_ : nullptr; }

    /// It runs as `node` from now on. Thread: the loop's.
    void begin(TaskNode& node) noexcept {
        task = &node;
        stage_.store(reinterpret_cast<std::uintptr_t>(&node), std::memory_order_relaxed);
    }
    /// It does no more, or never did. Thread: as `refuse`.
    void end() noexcept {
        task = nullptr;
        stage_.store(over, std::memory_order_relaxed);
    }

    const bool awaited;
    TaskNode* task = nullptr;  ///< While it runs. Thread: the loop's.
    CausePointer asked;        ///< Why the sender wanted it to stop.
    bool cancelled = false;    ///< It ended cancelled.
    bool refused = false;

protected:
    ~RemoteCall() = default;

private:
    static constexpr std::uintptr_t under_way = 0;
    static constexpr std::uintptr_t over = 1;  // no address of a task

    // Written before it leaves, which hands it over, and only read from then on.
    Sender sender_;
    std::size_t loop_ = 0;
    std::source_location where_;
    /// `under_way`, then the address of `task` while that runs, then `over`. The loop writes it, and the sender's loop reads it, as
    /// a number alone: nothing else hangs on it, so its order among other writes does not matter.
    std::atomic<std::uintptr_t> stage_{under_way};
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
    [[nodiscard]] auto sender() const noexcept -> const Sender* final {
        return call_ != nullptr ? call_->sender() : nullptr;
    }
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
        typed_.end();
        take_outcome_into(typed_.outcome, ended_root);
        state = State::value;  // also for an error: that is the sender's, and nothing of it stays here
        work_.reset();
    }
    void drop_work() noexcept override {
        typed_.end();
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
        call->end();
        call->settled();
    }

private:
    void begin(const std::shared_ptr<TypedRemoteCall<T>>& call) {
        EventLoop& loop = this_loop();
        auto* node = new RemoteTask<T, W>(loop.scheduler(), where_, call, std::move(*work_));
        const TaskPointer keep(*node, TaskPointer::Adopt{});
        node->start(node->begin().release(), loop.guests(), nullptr, {});
        call->begin(*node);
    }

    std::shared_ptr<TypedRemoteCall<T>> call_;
    std::optional<W> work_;
    std::source_location where_;
};

}  // namespace gyre::internal

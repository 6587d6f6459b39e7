#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/task_node.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <string>
#include <string_view>

/// What every object is made of that tasks of one loop share and wait for. Not for users.
namespace gyre::internal {

class TaskNode;
class WaitList;

/// A wait in a `WaitList`.
class ListedWait : public Wait, public ListLink<ListedWait> {
public:
    ListedWait(ListedWait&& other) noexcept : Wait(static_cast<Wait&&>(other)), list_(other.list_) {}
    auto operator=(ListedWait&&) -> ListedWait& = delete;

    /// It has what it waited for, and is in no list any more.
    virtual void granted() noexcept { scheduler().wake(*frame_); }
    /// It will never have what it waits for, and is in no list any more. @return false if it has to have it.
    [[nodiscard]] virtual auto refuse() noexcept -> bool { return false; }
    /// Leaves the list: it has got nothing.
    void cancel() noexcept override;

    /// The task that waits.
    [[nodiscard]] auto task() const noexcept -> TaskNode* { return frame_->scope->task(); }

protected:
    explicit ListedWait(WaitList& list) noexcept : list_(&list) {}
    ~ListedWait() = default;

    /// Joins the end of the list, unless the scope is cancelled already. @return whether it waits now.
    auto enlist() noexcept -> bool;

    WaitList* list_;
};

/// Those who wait for an object, in the order in which they came; its name; and the loop whose tasks alone may use it.
class WaitList {
public:
    /// @param kind what the object is: "lock".
    WaitList(std::string_view kind, std::string_view name) : kind_(kind), name_(name) {}
    WaitList(const WaitList&) = delete;
    auto operator=(const WaitList&) -> WaitList& = delete;
    ~WaitList();

    [[nodiscard]] auto name() const noexcept -> std::string_view { return name_; }
    /// "lock 'journal'", or "lock" if it has no name.
    [[nodiscard]] auto title() const -> std::string;

    /// The first loop that uses the object keeps it. Two loops that race for it cannot both get it.
    [[nodiscard]] auto belongs_to(const Scheduler& scheduler) const noexcept -> bool {
        return home_.load(std::memory_order_relaxed) == &scheduler;
    }
    /// @throws InvalidStateError, which names `operation`, if another loop has used the object before.
    void use_on(Scheduler& scheduler, const char* operation) {
        if (!belongs_to(scheduler)) [[unlikely]] {
            bind(scheduler, operation);
        }
    }
    /// `use_on` the loop that runs on this thread. @throws LoopError if there is none.
    void use_here(const char* operation);
    /// For what wakes others: @throws InvalidStateError if somebody waits on a loop that does not run on this thread.
    void check_here(const char* operation) const;

    [[nodiscard]] auto empty() const noexcept -> bool { return size_ == 0; }
    [[nodiscard]] auto size() const noexcept -> std::size_t { return size_; }
    [[nodiscard]] auto front() noexcept -> ListedWait* { return waits_.front(); }
    void push_back(ListedWait& wait) noexcept {
        waits_.push_back(wait);
        ++size_;
    }
    void remove(ListedWait& wait) noexcept {
        wait.unlink();
        --size_;
    }
    /// Null if nobody waits.
    [[nodiscard]] auto pop_front() noexcept -> ListedWait* {
        if (size_ == 0) return nullptr;
        --size_;
        return waits_.pop_front();
    }
    /// Everybody who waits has what they waited for.
    void grant_all() noexcept {
        while (ListedWait* wait = pop_front()) wait->granted();
    }

private:
    void bind(Scheduler& scheduler, const char* operation);
    [[noreturn]] void throw_other_loop(const char* operation) const;

    std::atomic<Scheduler*> home_{nullptr};
    IntrusiveList<ListedWait> waits_;
    std::size_t size_ = 0;
    const std::string_view kind_;
    std::string name_;
};

inline void ListedWait::cancel() noexcept {
    list_->remove(*this);
    scheduler().stop(*frame_);
}

inline auto ListedWait::enlist() noexcept -> bool {
    if (!begin()) return false;
    list_->push_back(*this);
    return true;
}

/// The task whose code runs on this thread; null in callbacks, and while a cancelled task is unwound.
[[nodiscard]] auto running_task() noexcept -> TaskNode*;

/// "task 'reader'", or "no task".
[[nodiscard]] auto task_text(const TaskNode* task) -> std::string;

/// The strand that `frame` belongs to together with everything that waits for it: its task, or a branch of a `gather` or
/// `race`, beside which others run.
[[nodiscard]] auto line_of(const Frame& frame) noexcept -> const Strand&;

/// Whether nothing else of its task can run while `frame` waits: in a branch, if the others have ended.
[[nodiscard]] auto runs_alone(const Frame& frame) noexcept -> bool;

}  // namespace gyre::internal

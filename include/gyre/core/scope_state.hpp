#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/frame.hpp>

#include <cstdint>

namespace gyre::internal {

class TaskNode;

/// A part of the program that is cancelled as one: a spawned task, the inside of a `timeout`, a group.
///
/// Cancellation is level-triggered: `cancelled` stays set, and each later wait inside ends at once.
class Scope {
public:
    Scope(const Scope&) = delete;
    auto operator=(const Scope&) -> Scope& = delete;

    /// Takes the state of the surrounding scope, as a scope does when it is opened inside one that is cancelled.
    void inherit(const Scope& outer) noexcept {
        if (outer.cancelled) receive(outer.cause);
    }

    /// Somebody asks for this scope to be cancelled. The first cause is kept. Idempotent.
    void cancel(CausePointer why) noexcept;

    /// The surrounding scope was cancelled, and this one with it.
    void receive(const CausePointer& why) noexcept;

    /// Work was dropped inside that still has to clean up: the scope does not end before it has.
    void left_behind() noexcept;
    /// Some of it has ended; `last`: nothing is left.
    void left_behind_ended(bool last) noexcept;
    [[nodiscard]] auto has_left_behind() const noexcept -> bool { return waits_; }
    /// Whether `strand`, which has ended or was stopped, has to wait for that; then it is told later that it has.
    [[nodiscard]] auto holds(const Strand& strand, bool stopped) noexcept -> bool {
        return waits_ && hold(strand, stopped);
    }

    /// The spawned task that this scope belongs to. Defined in task_node.hpp.
    [[nodiscard]] inline auto task() const noexcept -> TaskNode*;

    Scheduler* scheduler;
    CausePointer cause;      ///< Who cancelled it, where, why and when.
    bool cancelled = false;  ///< It or a scope around it was cancelled.
    bool asked = false;      ///< It was itself.

protected:
    enum class Kind : std::uint8_t { task, strand, wait };

    Scope(Scheduler& home, Kind kind) noexcept : scheduler(&home), kind_(kind) {}
    ~Scope() = default;

    Kind kind_ : 2;

private:
    enum class Held : std::uint8_t { no, ended, stopped };

    auto hold(const Strand& strand, bool stopped) noexcept -> bool;

    bool waits_ : 1 = false;    ///< For work that was dropped inside.
    Held held_ : 2 = Held::no;  ///< How its strand ended, which nobody has been told yet.

    /// `cancelled` has just been set: asks what is inside to stop.
    void interrupt() noexcept;
};

/// A scope inside a task.
class InnerScope final : public Scope {
public:
    /// A scope with one strand, inside `outer` but not cancelled by it: see `inherit`.
    InnerScope(const Scope& outer, Strand& strand) noexcept;
    /// A scope whose strands `wait` knows.
    InnerScope(const Scope& outer, Wait& wait) noexcept;

    /// Asks the strands inside to stop; called by the scheduler, once for each time `cancelled` gets set.
    void interrupt_strands() noexcept;

    /// For a scope that goes from one task to another with what it is around: it belongs to `task` now.
    void move_to(TaskNode* task) noexcept { task_ = task; }
    /// It was cancelled, and what is inside goes on all the same.
    void reopen() noexcept {
        cause = {};
        cancelled = asked = false;
    }

    InnerScope* next_interrupted = nullptr;  ///< Work list of the scheduler.

private:
    friend class Scope;

    TaskNode* task_;
    union {
        Strand* strand_;
        Wait* wait_;
    };
};

}  // namespace gyre::internal

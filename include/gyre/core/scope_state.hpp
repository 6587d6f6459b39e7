#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/frame.hpp>

namespace gyre::internal {

class TaskNode;

/// A part of the program that is cancelled as one: a spawned task, the inside of a `timeout`, a group.
///
/// Cancellation is level-triggered: `cancelled` stays set, and each later wait inside ends at once.
class Scope {
public:
    /// A scope with one strand.
    Scope(Scheduler& home, TaskNode* owning_task, Strand& strand) noexcept
        : scheduler(&home), task(owning_task), owner_(reinterpret_cast<std::uintptr_t>(&strand)) {}
    /// A scope whose strands `wait` knows.
    Scope(Scheduler& home, TaskNode* owning_task, Wait& wait) noexcept
        : scheduler(&home), task(owning_task), owner_(reinterpret_cast<std::uintptr_t>(&wait) | 1) {}
    Scope(const Scope&) = delete;
    auto operator=(const Scope&) -> Scope& = delete;
    ~Scope() = default;

    /// Takes the state of the surrounding scope, as a scope does when it is opened inside one that is cancelled.
    void inherit(const Scope& outer) noexcept {
        if (outer.cancelled) receive(outer.cause);
    }

    /// Somebody asks for this scope to be cancelled. The first cause is kept. Idempotent.
    void cancel(CausePointer why) noexcept;

    /// The surrounding scope was cancelled, and this one with it.
    void receive(const CausePointer& why) noexcept;

    /// Asks the strands inside to stop; called by the scheduler, once for each time `cancelled` gets set.
    void interrupt_strands() noexcept;

    Scheduler* scheduler;
    TaskNode* task;                     ///< The spawned task that this scope belongs to; null outside of any.
    CausePointer cause;                 ///< Who cancelled it, where, why and when.
    Scope* next_interrupted = nullptr;  ///< Work list of the scheduler.
    bool cancelled = false;             ///< It or a scope around it was cancelled.
    bool asked = false;                 ///< It was itself.

private:
    std::uintptr_t owner_;  ///< Strand*, or Wait* | 1.
};

}  // namespace gyre::internal

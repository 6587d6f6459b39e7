#include <gyre/core/cancel_request.hpp>

#include <gyre/core/task_node.hpp>

#include <new>
#include <utility>

namespace gyre::internal {

auto make_cause(CancelKind kind, std::string reason, std::source_location where, Time when, std::string who) noexcept
    -> CausePointer {
    auto* shared = new (std::nothrow) SharedCause;
    if (shared == nullptr) return plain_cause();
    CausePointer cause(shared);
    shared->cause.kind = kind;
    shared->cause.reason = std::move(reason);
    shared->cause.where = where;
    shared->cause.when = when;
    shared->cause.who = std::move(who);
    return cause;
}

auto plain_cause() noexcept -> const CausePointer& {
    static SharedCause shared;
    // Never the last: the record's own first reference stays.
    static const CausePointer cause((shared.references.fetch_add(1), &shared));
    return cause;
}

namespace {

auto same_place(const std::source_location& left, const std::source_location& right) -> bool {
    return left.line() == right.line() && left.column() == right.column() && left.file_name() == right.file_name();
}

}  // namespace

auto cancel_request(Scheduler& scheduler, std::string_view reason, std::source_location where, CancelKind kind) noexcept
    -> CausePointer {
    // Who cancels many at once does it for one reason: they share the record.
    const TaskNode* task = scheduler.current != nullptr ? scheduler.current->scope->task() : nullptr;
    auto& last = scheduler.last_request;
    if (last.cause && last.task == task && last.cause->when == scheduler.stamp && last.cause->kind == kind &&
        last.cause->reason == reason && same_place(last.cause->where, where)) {
        return last.cause;
    }
    try {
        last.cause = make_cause(
            kind, std::string(reason), where, scheduler.stamp, task != nullptr ? task->title() : std::string());
    } catch (...) {  // no memory for the texts
        return plain_cause();
    }
    last.task = task;
    return last.cause;
}

}  // namespace gyre::internal

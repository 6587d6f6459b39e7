#include <gyre/core/cancel_request.hpp>

#include <gyre/core/task_node.hpp>

#include <utility>

namespace gyre::internal {

auto cancel_request(const Scheduler& scheduler, std::string reason, std::source_location where) -> CausePointer {
    auto cause = std::make_shared<CancelCause>();
    cause->reason = std::move(reason);
    cause->where = where;
    cause->when = scheduler.stamp;
    if (scheduler.current != nullptr) {
        if (const TaskNode* task = scheduler.current->scope->task) cause->who = task->title();
    }
    return cause;
}

}  // namespace gyre::internal

#include "obs/at_work.hpp"

namespace gyre::obs {

auto AtWork::is_at_work(const TaskInfo& task, const Stack& stack) -> bool {
    seen_ = {task.id};
    to_see_.clear();
    if (follow(task, stack)) return true;
    while (!to_see_.empty()) {
        const TaskInfo& next = *to_see_.back();
        to_see_.pop_back();
        if (looks_.stands(next) < long_ || follow(next, next.stack)) return true;
    }
    return false;
}

/// Notes the tasks that the ends of a chain wait for. @return whether one of the ends is at work itself.
auto AtWork::follow(const TaskInfo& task, const Stack& stack) -> bool {
    bool is_at_work = false;
    for_each_end(stack, task.spawned, [&](const Stack& end, const Place&) {
        if (!end.wait) return;
        const WaitInfo& wait = *end.wait;
        if (wait.kind == WaitKind::signal || (wait.kind == WaitKind::socket && wait.action == "accept")) {
            is_at_work = true;
        } else if (wait.kind == WaitKind::join) {
            note(looks_.find(wait.owner_id));
        } else if (wait.kind == WaitKind::group) {
            find_children();
            const auto [first, last] = children_.equal_range(task.id);
            for (auto child = first; child != last; ++child) note(child->second);
        }
    });
    return is_at_work;
}

void AtWork::note(const TaskInfo* task) {
    if (task != nullptr && seen_.insert(task->id).second) to_see_.push_back(task);
}

void AtWork::find_children() {
    if (has_children_) return;
    has_children_ = true;
    for (const TaskInfo& task : looks_.last().tasks) {
        if (task.parent != 0) children_.emplace(task.parent, &task);
    }
}

}  // namespace gyre::obs

#include <gyre/core/task_local.hpp>

#include <gyre/core/loop.hpp>

namespace gyre {

namespace internal {

auto ContextPlace::current() -> ContextPlace {
    Scheduler& scheduler = this_loop().scheduler();
    ContextPlace place(scheduler);
    if (TaskNode* task = scheduler.current_task()) place.task_.emplace(*task);
    return place;
}

auto ContextPlace::find(const void* variable) noexcept -> const std::shared_ptr<const void>* {
    EventLoop* loop = current_loop();
    if (loop == nullptr) return nullptr;
    Scheduler& scheduler = loop->scheduler();
    TaskNode* task = scheduler.current_task();
    return (task != nullptr ? task->context() : scheduler.context).find(variable);
}

auto ContextPlace::set(const void* variable, std::shared_ptr<const void> value) const -> std::shared_ptr<const void> {
    scheduler_->use_contexts();
    ContextPointer& context = task_ ? task_->get()->own_context() : scheduler_->context;
    return context.set(variable, std::move(value));
}

}  // namespace internal

void TaskLocalRestore::restore() noexcept {
    if (const void* variable = std::exchange(variable_, nullptr)) place_.set(variable, std::move(before_));
}

}  // namespace gyre

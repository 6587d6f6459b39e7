#include <gyre/core/task_local.hpp>

#include <gyre/core/loop.hpp>

namespace gyre {

namespace internal {

namespace {

/// The values of the code that runs now; null where there can be none.
auto values_here() noexcept -> const ContextPointer* {
    EventLoop* loop = current_loop();
    if (loop == nullptr) {
        const ThreadContext* thread = ThreadContext::current();
        return thread != nullptr ? &thread->values() : nullptr;
    }
    Scheduler& scheduler = loop->scheduler();
    const TaskNode* task = scheduler.current_task();
    return task != nullptr ? &task->context() : &scheduler.context;
}

}  // namespace

auto ContextPlace::current() -> ContextPlace {
    if (current_loop() == nullptr && ThreadContext::current() != nullptr) return ContextPlace(nullptr);
    Scheduler& scheduler = this_loop().scheduler();
    ContextPlace place(&scheduler);
    if (TaskNode* task = scheduler.current_task()) place.task_.emplace(*task);
    return place;
}

auto ContextPlace::find(const void* variable) noexcept -> const std::shared_ptr<const void>* {
    const ContextPointer* values = values_here();
    return values != nullptr ? values->find(variable) : nullptr;
}

auto ContextPlace::snapshot() -> ContextSnapshot {
    const ContextPointer* values = values_here();
    if (values == nullptr || !*values) return nullptr;
    return std::make_shared<const ContextPointer>(values->copy());
}

void ContextPlace::adopt(const ContextSnapshot& values) {
    if (values == nullptr) return;
    Scheduler& scheduler = this_loop().scheduler();
    scheduler.use_contexts();
    scheduler.current_task()->own_context() = values->copy();
}

auto ContextPlace::set(const void* variable, std::shared_ptr<const void> value) const -> std::shared_ptr<const void> {
    if (scheduler_ == nullptr) {
        // The job that set it may be over: then its values are gone, too.
        ThreadContext* thread = ThreadContext::current();
        return thread != nullptr ? thread->own_values().set(variable, std::move(value)) : nullptr;
    }
    scheduler_->use_contexts();
    ContextPointer& context = task_ ? task_->get()->own_context() : scheduler_->context;
    return context.set(variable, std::move(value));
}

}  // namespace internal

void TaskLocalRestore::restore() noexcept {
    if (const void* variable = std::exchange(variable_, nullptr)) place_.set(variable, std::move(before_));
}

}  // namespace gyre

#include <gyre/sync/wait_list.hpp>

#include <gyre/core/circle.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_node.hpp>

#include <cassert>

namespace gyre::internal {

WaitList::~WaitList() { assert(size_ == 0 && "an object of gyre::sync is destroyed while tasks wait for it"); }

auto WaitList::title() const -> std::string {
    std::string text(kind_);
    if (!name_.empty()) text.append(" '").append(name_).append("'");
    return text;
}

void WaitList::bind(Scheduler& scheduler, const char* operation) {
    Scheduler* home = nullptr;
    if (!home_.compare_exchange_strong(home, &scheduler, std::memory_order_relaxed)) throw_other_loop(operation);
}

void WaitList::use_here(const char* operation) { use_on(this_loop().scheduler(), operation); }

void WaitList::check_here(const char* operation) const {
    const Scheduler* home = home_.load(std::memory_order_relaxed);
    if (home == nullptr) return;
    EventLoop* loop = current_loop();
    if (loop != nullptr ? &loop->scheduler() != home : size_ > 0) throw_other_loop(operation);
}

void WaitList::throw_other_loop(const char* operation) const {
    throw InvalidStateError(std::string(operation) + ": " + title() + " belongs to another loop, which used it first");
}

auto running_task() noexcept -> TaskNode* {
    EventLoop* loop = current_loop();
    const Frame* frame = loop != nullptr ? loop->scheduler().current : nullptr;
    return frame != nullptr ? frame->scope->task() : nullptr;
}

auto task_text(const TaskNode* task) -> std::string {
    return task != nullptr ? "task '" + task->title() + "'" : "no task";
}

auto line_of(const Frame& frame) noexcept -> const Strand& {
    const Frame* root = &frame;
    for (;;) {
        while (const Frame* parent = root->parent()) root = parent;
        const Strand& strand = *root->strand();
        root = strand.in_place_of();
        if (root == nullptr) return strand;
    }
}

auto runs_alone(const Frame& frame) noexcept -> bool {
    const Strand* task = frame.scope->task();
    for (const Frame* root = &frame; root != nullptr;) {
        while (const Frame* parent = root->parent()) root = parent;
        const Strand& strand = *root->strand();
        if (&strand == task) return true;
        root = frame_behind(strand);
    }
    return false;
}

}  // namespace gyre::internal

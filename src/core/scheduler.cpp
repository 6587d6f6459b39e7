#include <gyre/core/scheduler.hpp>

#include <gyre/core/loop.hpp>
#include <gyre/core/task_node.hpp>

#include <utility>

namespace gyre::internal {

void Scope::cancel(CausePointer why) noexcept {
    if (asked) return;
    asked = true;
    if (cancelled) return;  // a scope around it was first: its strands have been told, and its cause stays
    cause = std::move(why);
    cancelled = true;
    scheduler->interrupt(*this);
}

void Scope::receive(const CausePointer& why) noexcept {
    if (cancelled) return;
    cause = why;
    cancelled = true;
    scheduler->interrupt(*this);
}

void Scope::interrupt_strands() noexcept {
    if ((owner_ & 1) != 0) {
        reinterpret_cast<Wait*>(owner_ & ~std::uintptr_t{1})->interrupt();
    } else {
        Scheduler::interrupt(*reinterpret_cast<Strand*>(owner_));
    }
}

void Scheduler::enqueue(Frame& frame) noexcept {
    frame.queued = true;
    if (exact) {
        if (stale) {
            stamp = loop.read_clock();
            stale = false;
        }
        if (TaskNode* task = frame.scope->task) task->clock().queued(stamp);
    }
    ready.push(frame);
}

void Scheduler::resume_next(Frame& frame) noexcept {
    if (next_ == nullptr && ended_ == nullptr) {
        next_ = &frame;
    } else {
        enqueue(frame);
    }
}

void Scheduler::frame_ended(Frame& frame) noexcept {
    if (Frame* parent = frame.parent()) {
        resume_next(*parent);
    } else {
        ended_ = &frame;
    }
}

auto Scheduler::take_next() noexcept -> Next {
    if (ended_ != nullptr) return std::exchange(ended_, nullptr)->strand()->ended();
    return {std::exchange(next_, nullptr), false};
}

// Leaf first and in a loop: a deep chain needs no native stack, and inner locals go before outer ones.
auto Scheduler::unwind(Frame& leaf) noexcept -> Next {
    Frame* frame = &leaf;
    for (;;) {
        Frame* parent = frame->parent();
        Strand* strand = frame->strand();
        if (parent == nullptr) {
            strand->root = nullptr;
        } else {
            parent->child_link()->child = nullptr;
        }
        frame->destroy();
        if (parent == nullptr) return strand->stopped();
        frame = parent;
    }
}

void Scheduler::run(Frame& frame) noexcept {
    // Cancelled before its first step: its body never starts.
    const bool skipped = frame.state == Frame::State::unstarted && frame.scope->cancelled && frame.parent() == nullptr;
    Next next{&frame, frame.stopping || skipped};
    while (next.frame != nullptr) {
        if (next.stop) {
            next = unwind(*next.frame);
            continue;
        }
        next.frame->wait_on_nothing();
        next.frame->state = Frame::State::running;
        current = next.frame;
        next.frame->handle().resume();
        current = nullptr;
        next = take_next();
    }
}

void Scheduler::run_one() noexcept {
    if (order != nullptr) ready.choose(order->choose(ready.size()));
    auto entry = ready.pop();
    if (entry.frame == nullptr) return loop.run_callback(*entry.callback);
    entry.frame->queued = false;
    TaskNode* task = exact ? entry.frame->scope->task : nullptr;
    if (task == nullptr) return run(*entry.frame);
    // The end of one slice is the start of the next: one stamp for each resume.
    TaskPointer keep(*task);
    task->clock().resumed(stamp);
    run(*entry.frame);
    stamp = loop.read_clock();
    task->clock().suspended(stamp);
}

void Scheduler::interrupt(Scope& scope) noexcept {
    scope.next_interrupted = interrupted_;
    interrupted_ = &scope;
    if (interrupting_) return;
    interrupting_ = true;
    while (interrupted_ != nullptr) {
        Scope* next = std::exchange(interrupted_, interrupted_->next_interrupted);
        next->interrupt_strands();
    }
    interrupting_ = false;
}

void Scheduler::interrupt(Strand& outermost) noexcept {
    Strand* strand = &outermost;
    while (strand != nullptr) {
        Frame* frame = strand->root;
        while (frame != nullptr && frame->child_link() != nullptr) frame = frame->child_link()->child;
        if (frame == nullptr || frame->queued || frame->wait() == nullptr) return;
        Wait& wait = *frame->wait();
        strand = wait.strand_inside();
        if (strand == nullptr) wait.cancel();
    }
}

}  // namespace gyre::internal

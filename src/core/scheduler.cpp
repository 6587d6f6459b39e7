#include <gyre/core/scheduler.hpp>

#include "core/tape.hpp"

#include <gyre/core/branches.hpp>
#include <gyre/core/generator_state.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_node.hpp>

#include <algorithm>
#include <cassert>
#include <exception>
#include <utility>

namespace gyre::internal {

namespace {

constexpr Duration long_slice = std::chrono::milliseconds(1);
constexpr std::size_t most_noted = 8;  // of tasks that never started

/// Keeps a slice that is clearly longer than the one before: to write it down takes memory, which must not happen often.
void note_slice(
    LongestSlice& longest, Duration length, const TaskNode& task, const std::source_location& after) noexcept {
    if (length < long_slice || length < longest.length + longest.length / 8) return;
    try {
        longest.task = task.title();
        longest.task_id = reinterpret_cast<std::uintptr_t>(&task);
        longest.after = after;
        longest.length = length;
    } catch (...) {  // no memory: the histogram has its length
    }
}

/// How many of `DropsTakenWork` live on this thread. Not the scheduler's: work is also dropped where no loop runs.
[[gnu::noinline]] auto taken_drops() noexcept -> int& {
    constinit static thread_local int count = 0;
    return count;
}

}  // namespace

DropsTakenWork::DropsTakenWork() noexcept { ++taken_drops(); }
DropsTakenWork::~DropsTakenWork() { --taken_drops(); }

void drop_unstarted(Frame& root) noexcept {
    if (EventLoop* loop = current_loop()) loop->scheduler().note_never_started(root);
    root.destroy();
}

InnerScope::InnerScope(const Scope& outer, Strand& strand) noexcept
    : Scope(*outer.scheduler, Kind::strand), task_(outer.task()), strand_(&strand) {}

InnerScope::InnerScope(const Scope& outer, Wait& wait) noexcept
    : Scope(*outer.scheduler, Kind::wait), task_(outer.task()), wait_(&wait) {}

void Scope::cancel(CausePointer why) noexcept {
    if (asked) return;
    asked = true;
    if (cancelled) return;  // a scope around it was first: its strands have been told, and its cause stays
    cause = std::move(why);
    cancelled = true;
    if (scheduler->tape != nullptr) [[unlikely]]
        scheduler->tape->cancelled(*this);
    interrupt();
}

void Scope::receive(const CausePointer& why) noexcept {
    if (cancelled) return;
    cause = why;
    cancelled = true;
    interrupt();
}

void Scope::left_behind() noexcept {
    waits_ = true;
    if (kind_ == Kind::wait) static_cast<InnerScope*>(this)->wait_->left_behind(true);
}

void Scope::left_behind_ended(bool last) noexcept {
    if (last) waits_ = false;
    if (kind_ == Kind::wait) return static_cast<InnerScope*>(this)->wait_->left_behind(false);
    if (!last || held_ == Held::no) return;
    Strand& strand = kind_ == Kind::task ? static_cast<Strand&>(*task()) : *static_cast<InnerScope*>(this)->strand_;
    Scheduler& home = *scheduler;  // the strand may take this scope along
    const bool stopped = held_ == Held::stopped;
    held_ = Held::no;
    home.go_on(stopped ? strand.stopped() : strand.ended());
}

auto Scope::hold(const Strand& strand, bool stopped) noexcept -> bool {
    if (kind_ == Kind::wait) return false;  // the wait counts
    const Strand* own = kind_ == Kind::task ? static_cast<Strand*>(task()) : static_cast<InnerScope*>(this)->strand_;
    if (own != &strand) return false;  // a guest, as in `as_outcome`
    held_ = stopped ? Held::stopped : Held::ended;
    return true;
}

void Scope::interrupt() noexcept {
    if (kind_ == Kind::task) {
        scheduler->interrupt_task(static_cast<TaskNode&>(*this));
    } else {
        scheduler->interrupt(static_cast<InnerScope&>(*this));
    }
}

void InnerScope::interrupt_strands() noexcept {
    if (kind_ == Kind::wait) {
        wait_->interrupt();
    } else {
        Scheduler::interrupt(*strand_);
    }
}

void Scheduler::enqueue_specially(Frame& frame) noexcept {
    TaskNode* task = frame.scope->task();  // null for a dropped generator that no task waits for
    if (exact && task != nullptr) {
        if (stale) {
            stamp = loop.read_clock();
            stale = false;
        }
        if (TaskClock* clock = task->clock()) clock->queued(stamp);
    }
    if (tape != nullptr && task != nullptr) tape->woken(*task, frame.turn == Frame::Turn::stop);
    if (task != nullptr && ready.has_priorities()) {
        ready.push(frame, task->priority());
    } else {
        ready.push(frame);
    }
}

void Scheduler::note_never_started(const Frame& root) noexcept {
    if (unwinding != nullptr || taken_drops() != 0 || std::uncaught_exceptions() != 0) return;
    ++never_started_count;
    if (never_started.size() == most_noted) return;
    try {
        const TaskNode* task = current_task();
        never_started.push_back({root.location(), task != nullptr ? task->title() : std::string()});
    } catch (...) {  // no memory: it is counted
    }
}

auto Scheduler::cancellation_ended(const CancelCause& cause) noexcept -> Duration {
    const Duration took = cause.when == Time{} ? Duration::zero() : std::max(Duration::zero(), stamp - cause.when);
    CancelCount& of_kind = cancelled[static_cast<std::size_t>(cause.kind)];
    ++of_kind.count;
    of_kind.total += took;
    of_kind.longest = std::max(of_kind.longest, took);
    return took;
}

auto Scheduler::current_task() const noexcept -> TaskNode* {
    return current != nullptr ? current->scope->task() : nullptr;
}

auto Scheduler::here() const noexcept -> Scope* {
    if (unwinding != nullptr) return unwinding;
    if (ending != nullptr) return ending->scope_of_tasks();
    return current != nullptr ? current->scope : nullptr;
}

auto Scheduler::inherited_context() const noexcept -> ContextPointer {
    TaskNode* task = current_task();
    return task != nullptr ? task->context() : context;
}

void Scheduler::start_eagerly(Frame& root) noexcept {
    if (depth_ >= inline_depth_limit || root.scope->cancelled) return start_queued(root);
    TaskNode* const spawner = current_task();
    Frame* const outer = std::exchange(current, &root);
    TaskNode& task = *root.scope->task();
    if (notes_tasks) begin_eager(spawner, task);
    const bool ended = start_inline(root);
    current = outer;
    if (!ended) check_suspended(root);
    if (ended) {
        Strand& strand = *root.strand();
        if (!task.holds(strand, false))
            static_cast<void>(strand.ended());  // a task's owner and joiners hear of it through the ready queue
    } else if (notes_tasks) {
        pause_eager(task, root);
    }
    if (notes_tasks) end_eager(spawner);
}

void Scheduler::begin_eager(TaskNode* spawner, TaskNode& task) noexcept {
    if (exact) {
        stamp = loop.read_clock();
        TaskClock* outer = spawner != nullptr ? spawner->clock() : nullptr;
        if (outer != nullptr) outer->suspended(stamp);
        if (TaskClock* clock = task.clock()) static_cast<void>(clock->resumed(stamp));
    }
    if (tape == nullptr) return;
    if (spawner != nullptr) tape->paused(*spawner, nullptr);
    tape->runs(task, Tape::Run::eager);
}

void Scheduler::pause_eager(TaskNode& task, const Frame& root) noexcept {
    if (exact) {
        stamp = loop.read_clock();
        if (TaskClock* clock = task.clock()) clock->suspended(stamp);
    }
    if (tape != nullptr) tape->paused(task, &root);
}

void Scheduler::end_eager(TaskNode* spawner) noexcept {
    if (spawner == nullptr) {
        if (tape != nullptr) tape->rests();
        return;
    }
    TaskClock* clock = exact ? spawner->clock() : nullptr;
    if (clock != nullptr) clock->continued(stamp);
    if (tape != nullptr) tape->runs(*spawner, Tape::Run::continued);
}

void Scheduler::resume_next(Frame& frame) noexcept {
    if (next_ == 0) {
        next_ = reinterpret_cast<std::uintptr_t>(&frame);
        return;
    }
    if (frame.state == Frame::State::unstarted) frame.turn = Frame::Turn::start;
    enqueue(frame);
}

void Scheduler::frame_ended(Frame& frame) noexcept {
    if (Frame* parent = frame.parent()) return resume_next(*parent);
    const std::uintptr_t before = std::exchange(next_, reinterpret_cast<std::uintptr_t>(&frame) | 1);
    if (before != 0) resume_next(*reinterpret_cast<Frame*>(before));
}

inline auto Scheduler::take_next() noexcept -> Next {
    const std::uintptr_t word = std::exchange(next_, 0);
    if (word == 0) return {};  // `current` is suspended
    current = nullptr;         // what runs now is the end of a strand, and that frame goes
    auto* frame = reinterpret_cast<Frame*>(word & ~std::uintptr_t{1});
    if ((word & 1) == 0) return {frame, false};
    Strand& strand = *frame->strand();
    return frame->scope->holds(strand, false) ? Next{} : strand.ended();
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
        Scope& scope = *frame->scope;
        current = frame;  // for what the destructors of its locals do
        unwinding = &scope;
        frame->destroy();
        unwinding = nullptr;
        current = nullptr;
        if (parent == nullptr) return scope.holds(*strand, true) ? Next{} : strand->stopped();
        frame = parent;
    }
}

void Scheduler::run_on(Next next) noexcept {
    while (next.frame != nullptr) {
        if (next.stop) {
            next = unwind(*next.frame);
            continue;
        }
        next.frame->wait_on_nothing();
        next.frame->state = Frame::State::running;
        current = next.frame;
        next.frame->handle().resume();
        next = take_next();
    }
}

// What does not go on where it was suspended: it starts, or it is unwound. @return whether there is nothing left to run.
auto Scheduler::prepare(Frame& frame) noexcept -> bool {
    const bool starts = frame.turn == Frame::Turn::start;
    frame.turn = Frame::Turn::resume;
    // Cancelled before its first step: its body never starts.
    const bool skipped = starts && frame.scope->cancelled && frame.parent() == nullptr;
    if (starts && !skipped) {
        frame.state = Frame::State::running;
        return false;
    }
    run_on({&frame, true});
    return true;
}

[[gnu::always_inline]] inline void Scheduler::run_frame(Frame& frame) noexcept {
    frame.queued = false;
    if (frame.turn != Frame::Turn::resume && prepare(frame)) return;
    frame.wait_on_nothing();
    current = &frame;
    frame.handle().resume();
    if (next_ != 0) run_on(take_next());
}

void Scheduler::run_watched(Frame& frame) noexcept {
    // The end of one slice is the start of the next: one stamp for each resume.
    TaskPointer keep(*frame.scope->task());
    TaskNode& task = *keep.get();
    TaskClock* clock = exact ? task.clock() : nullptr;
    const Duration delay = clock != nullptr ? clock->resumed(stamp) : Duration::zero();
    const Time began = stamp;
    const bool was_exact = exact;
    if (tape != nullptr) tape->runs(task, Tape::Run::resumed);
    const auto after = frame.location();
    run_frame(frame);
    // Both may have been switched in the slice.
    if (tape != nullptr) tape->paused(task, current);
    if (!exact) return;
    stamp = loop.read_clock();
    if (TaskClock* still = task.clock()) still->suspended(stamp);
    if (histograms == nullptr || !was_exact) return;
    if (clock != nullptr) histograms->delay.record(delay);
    histograms->slice.record(stamp - began);
    note_slice(longest_slice, stamp - began, task, after);
}

void Scheduler::run_callback_watched(Callback& callback) noexcept {
    if (tape != nullptr) tape->source = Tape::By::callback;
    loop.run_callback(callback);
    if (tape != nullptr) tape->source = Tape::By::io;
}

void Scheduler::run_carefully() noexcept {
    if (tape != nullptr) tape->slices_over(current);
    if (order_ != nullptr) ready.choose(order_->choose(ready.size()));
    const auto entry = ready.pop();
    if (!entry.is_frame()) {
        current = nullptr;
        return run_callback_watched(entry.callback());
    }
    if ((exact || tape != nullptr) && entry.frame().scope->task() != nullptr) {
        run_watched(entry.frame());
    } else {
        run_frame(entry.frame());
    }
    if (current != nullptr) check_suspended(*current);
    current = nullptr;
}

void Scheduler::refuse_lost_wait(const Frame& frame) const noexcept {
    if (next_ != 0) return;                                                      // it may be the one
    if (dynamic_cast<const GeneratorState*>(frame.strand()) != nullptr) return;  // it may stand at a co_yield
    const Frame* leaf = &frame;
    while (const ChildLink* link = leaf->child_link()) leaf = link->child;
    [[maybe_unused]] const bool goes_on = leaf->queued || leaf->wait() != nullptr || leaf->done();
    assert(goes_on && "a task is suspended and has told nobody on what");
}

auto Scheduler::run(int count) noexcept -> bool {
    ReadyRing& ring = ready.normal();
    entries_run += static_cast<std::uint64_t>(count);
    for (; count > 0; --count) {
        if (careful_) [[unlikely]] {
            if (ready.empty()) break;
            run_carefully();
        } else {
            if (ring.empty()) break;
            const auto entry = ring.pop();
            if (entry.is_frame()) [[likely]] {
                run_frame(entry.frame());
                if (current != nullptr) check_suspended(*current);
            } else {
                current = nullptr;
                loop.run_callback(entry.callback());
            }
        }
        if (process.is_of_parent()) [[unlikely]]
            return false;
    }
    entries_run -= static_cast<std::uint64_t>(count);  // that were not there
    if (tape != nullptr) [[unlikely]]
        tape->slices_over(current);
    current = nullptr;
    return !ready.empty();
}

void Scheduler::interrupt(InnerScope& scope) noexcept {
    scope.next_interrupted = interrupted_;
    interrupted_ = &scope;
    if (!interrupting_) interrupt_listed();
}

void Scheduler::interrupt_task(Strand& task) noexcept {
    if (takes_task_) {  // further up the native stack somebody goes on with it
        takes_task_ = false;
        interrupted_task_ = &task;
        return;
    }
    const bool outermost = !interrupting_;
    interrupting_ = true;
    for (Strand* strand = &task; strand != nullptr; strand = std::exchange(interrupted_task_, nullptr)) {
        takes_task_ = true;
        interrupt(*strand);
        takes_task_ = false;
    }
    if (outermost) interrupt_listed();
}

void Scheduler::interrupt_listed() noexcept {
    interrupting_ = true;
    while (interrupted_ != nullptr) {
        InnerScope* next = std::exchange(interrupted_, interrupted_->next_interrupted);
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

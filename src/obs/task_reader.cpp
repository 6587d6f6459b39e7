#include "obs/task_reader.hpp"

#include "obs/task_entry.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/remote_call.hpp>
#include <gyre/core/wait_report.hpp>

#include <cassert>
#include <utility>

namespace gyre::obs {

using internal::Frame;
using internal::Scope;
using internal::Strand;
using internal::TaskNode;
using internal::TaskOwner;
using internal::Wait;

void LoopHead::read(EventLoop& of) noexcept {
    auto& scheduler = of.scheduler();
    loop = of.index();
    backend = of.backend_name();
    timing = of.timing();
    ready = scheduler.ready.size();
    timers = scheduler.timers.size();
    in_flight = of.is_closed() ? 0 : of.backend().in_flight();
    unreceived_errors = of.unreceived_error_count();
    turns = scheduler.turns;
    slices = scheduler.entries_run;
    cancelled = scheduler.cancelled;
    if (const auto* measured = scheduler.histograms.get()) {
        measures = true;
        histograms = *measured;
    }
    task_count = 0;
    for (auto* owner = scheduler.owners.front(); owner != nullptr; owner = scheduler.owners.after(*owner)) {
        task_count += owner->task_count;
    }
    expected_posts = of.expected_posts();
    timers_armed = scheduler.timers.armed_count();
    timers_fired = scheduler.timers.fired_count();
    never_started = scheduler.never_started_count;
    beat = of.beat();
    now = of.now();
    turn_began = of.turn_began();
}

TaskReader::TaskReader(EventLoop& loop, TaskTape& tape, std::size_t most_tasks, ReadAt at) noexcept
    : loop_(loop), tape_(tape), left_(most_tasks), at_(at) {
    auto& owners = loop.scheduler().owners;
    // A group is listed after the one that its task belongs to: it was opened later. So parents come first.
    for (auto* owner = owners.front(); owner != nullptr && task_ == nullptr; owner = owners.after(*owner)) {
        task_ = owner->tasks.front();
        owner_ = owner;
    }
}

auto TaskReader::read(Time until, std::size_t most) -> bool {
    constexpr std::size_t tasks_per_look = 16;  // at the clock
    std::size_t count = 0;
    for (; task_ != nullptr && left_ > 0; --left_, ++count) {
        if (count == most) return false;
        const bool looks = count > 0 && count % tasks_per_look == 0 && until != Time::max();
        if (looks && loop_.now() >= until) return false;
        if (!write_next()) return true;
        step();
    }
    return true;
}

/// @return false if there is no room for it, nor for any other.
auto TaskReader::write_next() -> bool {
    if (!tape_.begin()) return false;
    write(*task_, *owner_, Part::whole);
    if (tape_.end()) return true;
    forget_holders();  // what was written of them is gone
    if (!tape_.begin_in_new_block()) return false;
    write(*task_, *owner_, Part::whole);
    if (tape_.end()) return true;
    // It is longer than a whole block.
    forget_holders();
    static_cast<void>(tape_.begin());
    write(*task_, *owner_, Part::head);
    static_cast<void>(tape_.end());
    return true;
}

void TaskReader::step() noexcept {
    if (TaskNode* next = owner_->tasks.after(*task_)) {
        task_ = next;
        return;
    }
    auto& owners = loop_.scheduler().owners;
    task_ = nullptr;
    for (auto* owner = owners.after(*owner_); owner != nullptr && task_ == nullptr; owner = owners.after(*owner)) {
        task_ = owner->tasks.front();
        owner_ = owner;
    }
}

void TaskReader::pause() noexcept { loop_.scheduler().cursor = task_; }

void TaskReader::resume() noexcept {
    forget_holders();
    task_ = std::exchange(loop_.scheduler().cursor, nullptr);
    if (task_ != nullptr) owner_ = task_->owner();
}

void TaskReader::write(const TaskNode& task, TaskOwner& owner, Part part) noexcept {
    auto& scheduler = loop_.scheduler();
    const auto* scope = owner.scope_of_tasks();
    const CancelCause* cause = task.cancelled ? task.cause.get() : nullptr;
    const Frame* current = scheduler.unwinding == nullptr ? scheduler.current : nullptr;
    EntryHead head;
    head.id = task_id(&task);
    head.parent = scope != nullptr ? task_id(scope->task()) : 0;
    head.spawned = task.location();
    head.born = task.born();
    head.deadline = task.deadline();
    head.priority = task.priority();
    head.measured = task.is_measured();
    head.runs = current != nullptr && current->scope != nullptr && current->scope->task() == &task;
    head.cancelled = cause != nullptr;
    const auto* sender = task.sender();
    head.is_sent = sender != nullptr;
    tape_.put(head);
    tape_.put_text(task.name());
    if (sender != nullptr) tape_.put(*sender);
    if (head.measured) tape_.put(task.stats());
    if (cause != nullptr) write_cause(*cause);
    found_ready_ = false;
    if (part == Part::whole) write_strand(task, task, 0);
    tape_.put(part == Part::whole ? EntryStep::end : EntryStep::too_long);
    tape_.put(found_ready_);
}

void TaskReader::write_cause(const CancelCause& cause) noexcept {
    tape_.put(EntryCause{cause.kind, cause.when, cause.where});
    tape_.put_text(cause.reason);
    tape_.put_text(cause.who);
}

/// Says that what `strand` runs in was cancelled, if it was, and not with what is around it. @return what it runs in.
auto TaskReader::write_scope(const Strand& strand, const Scope& around) noexcept -> const Scope& {
    const Scope* scope = strand.root->scope;
    if (scope == nullptr || scope == &around || strand.root->done()) return around;
    const CancelCause* cause = scope->cancelled ? scope->cause.get() : nullptr;
    if (cause == nullptr || (around.cancelled && around.cause.get() == cause)) return *scope;
    tape_.put(EntryStep::cancelled);
    write_cause(*cause);
    return *scope;
}

void TaskReader::write_strand(const Strand& strand, const Scope& around, int depth) noexcept {
    const Frame* frame = strand.root;
    const Scope* scope = &around;
    while (frame != nullptr) {
        if (!internal::is_wrapper(frame->location())) {
            tape_.put(EntryStep::await);
            tape_.put(frame->location());
        }
        if (const auto* link = frame->child_link()) {
            frame = link->child;
            continue;
        }
        const Wait* wait = frame->wait();
        if (frame->done()) return;               // it has ended, and waits for what it dropped to clean up
        if (wait == nullptr || frame->queued) {  // it runs, or is ready
            found_ready_ = true;
            if (wait != nullptr) {
                tape_.put(EntryStep::woken);
                tape_.put(wait->record().kind);
            }
            // Between two slices every frame is queued, or waits for something.
            const bool is_lost = at_ == ReadAt::rest && !frame->queued && loop_.scheduler().current == nullptr;
            assert(!is_lost && "a task is suspended and has told nobody on what");
            if (is_lost) tape_.put(EntryStep::lost);
            return;
        }
        const Strand* inside = wait->strand_at(0);
        if (inside == nullptr || inside->root == nullptr || inside->in_place_of() != frame) {
            return write_wait(*wait, *scope, depth);
        }
        tape_.put(EntryStep::scope);
        write_record(wait->record());
        scope = &write_scope(*inside, *scope);
        frame = inside->root;
    }
}

void TaskReader::write_wait(const Wait& wait, const Scope& around, int depth) noexcept {
    const WaitRecord record = wait.record();
    tape_.put(EntryStep::wait);
    write_record(record);
    write_holders(wait, record.object);
    const Scope* scope = nullptr;  // that of the branches, which they share
    for (std::size_t i = 0; depth < most_branch_depth && i < most_branches && wait.strand_at(i) != nullptr; ++i) {
        if (wait.strand_at(i)->root == nullptr) continue;
        if (scope == nullptr) scope = &write_scope(*wait.strand_at(i), around);
        tape_.put(EntryStep::branch);
        write_strand(*wait.strand_at(i), *scope, depth + 1);
        tape_.put(EntryStep::end);
    }
}

void TaskReader::write_record(const WaitRecord& record) noexcept {
    tape_.put(record);
    tape_.put_text(record.name);
    if (record.owner != nullptr) {
        tape_.put_text(record.owner->name());
        tape_.put(record.owner->location());
        tape_.put(record.owner->done());
    }
    if (record.remote != nullptr) tape_.put(record.remote->progress());
}

void TaskReader::write_holders(const Wait& wait, const void* object) noexcept {
    auto& known = holders_known_[task_id(object) / alignof(std::max_align_t) % holders_known_.size()];
    if (object != nullptr && known == object) return tape_.put(same_holders);
    std::uint8_t count = 0;
    while (count < most_holders && wait.holder_at(count) != nullptr) ++count;
    tape_.put(count);
    for (std::uint8_t i = 0; i < count; ++i) {
        const TaskNode& holder = *wait.holder_at(i);
        tape_.put(task_id(&holder));
        tape_.put_text(holder.name());
        tape_.put(holder.location());
        tape_.put(holder.done());
    }
    if (count > 0) known = object;
}

}  // namespace gyre::obs

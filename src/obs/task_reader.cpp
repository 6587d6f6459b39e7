#include "obs/task_reader.hpp"

#include "obs/task_entry.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/wait_report.hpp>

#include <utility>

namespace gyre::obs {

using internal::Frame;
using internal::Strand;
using internal::TaskNode;
using internal::TaskOwner;
using internal::Wait;

void LoopHead::read(EventLoop& of) noexcept {
    auto& scheduler = of.scheduler();
    loop = of.index();
    backend = of.backend_name();
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
    beat = of.beat();
    now = of.now();
    stamp = scheduler.stamp;
}

TaskReader::TaskReader(EventLoop& loop, TaskTape& tape, std::size_t most_tasks) noexcept
    : loop_(loop), tape_(tape), left_(most_tasks) {
    auto& owners = loop.scheduler().owners;
    // A group is listed after the one that its task belongs to: it was opened later. So parents come first.
    for (auto* owner = owners.front(); owner != nullptr && task_ == nullptr; owner = owners.after(*owner)) {
        task_ = owner->tasks.front();
        owner_ = owner;
    }
}

auto TaskReader::read(Time until) -> bool {
    constexpr std::size_t tasks_per_look = 16;  // at the clock
    for (std::size_t count = 1; task_ != nullptr && left_ > 0; ++count, --left_) {
        if (!tape_.begin()) return true;
        write(*task_, *owner_, Part::whole);
        if (!tape_.end()) {
            if (!tape_.begin_in_new_block()) return true;
            write(*task_, *owner_, Part::whole);
            if (!tape_.end()) {  // longer than a whole block
                static_cast<void>(tape_.begin());
                write(*task_, *owner_, Part::head);
                static_cast<void>(tape_.end());
            }
        }
        step();
        if (count % tasks_per_look == 0 && until != Time::max() && loop_.now() >= until) {
            --left_;
            return task_ == nullptr || left_ == 0;
        }
    }
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
    head.priority = task.priority();
    head.measured = task.is_measured();
    if (head.measured) head.stats = task.stats();
    head.runs = current != nullptr && current->scope != nullptr && current->scope->task() == &task;
    head.cancelled = cause != nullptr;
    tape_.put(head);
    tape_.put_text(task.name());
    if (cause != nullptr) {
        tape_.put(EntryCause{cause->kind, cause->when, cause->where});
        tape_.put_text(cause->reason);
        tape_.put_text(cause->who);
    }
    found_ready_ = false;
    if (part == Part::whole) write_strand(task, 0);
    tape_.put(part == Part::whole ? EntryStep::end : EntryStep::too_long);
    tape_.put(found_ready_);
}

void TaskReader::write_strand(const Strand& strand, int depth) noexcept {
    const Frame* frame = strand.root;
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
            return;
        }
        const Strand* inside = wait->strand_at(0);
        if (inside == nullptr || inside->root == nullptr || inside->in_place_of() != frame) {
            return write_wait(*wait, depth);
        }
        tape_.put(EntryStep::scope);
        write_record(wait->record());
        frame = inside->root;
    }
}

void TaskReader::write_wait(const Wait& wait, int depth) noexcept {
    tape_.put(EntryStep::wait);
    write_record(wait.record());
    for (std::size_t i = 0; depth < most_branch_depth && i < most_branches && wait.strand_at(i) != nullptr; ++i) {
        if (wait.strand_at(i)->root == nullptr) continue;
        tape_.put(EntryStep::branch);
        write_strand(*wait.strand_at(i), depth + 1);
        tape_.put(EntryStep::end);
    }
}

void TaskReader::write_record(const WaitRecord& record) noexcept {
    tape_.put(record);
    tape_.put_text(record.name);
    if (record.owner == nullptr) return;
    tape_.put_text(record.owner->name());
    tape_.put(record.owner->location());
}

}  // namespace gyre::obs

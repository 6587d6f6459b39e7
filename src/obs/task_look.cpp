#include "obs/task_reader.hpp"

#include <gyre/core/wait_report.hpp>

#include <new>

namespace gyre::obs {

namespace {

// The kernel gives what is written alone.
constexpr std::size_t bytes_of_a_task = 256;  // one with two awaits takes 180
constexpr std::size_t least_bytes = std::size_t{16} * 1024 * 1024;
constexpr Duration time_to_begin = std::chrono::milliseconds(30);  // until the thread has got a core

/// Room for so many tasks, or for some where the machine promises no more memory than it has.
auto room_for(std::size_t most_tasks) -> RawSnapshot {
    if (most_tasks == 0) return RawSnapshot(1);
    if (most_tasks > least_bytes / bytes_of_a_task) {
        try {
            return RawSnapshot(most_tasks * bytes_of_a_task);
        } catch (const std::bad_alloc&) {}
    }
    return RawSnapshot(least_bytes);
}

}  // namespace

TaskLook::TaskLook(EventLoop& loop, std::size_t most_tasks, Duration longest)
    : loop_(loop), most_tasks_(most_tasks), longest_(longest), beat_(loop.beat()), raw_(room_for(most_tasks)) {}

auto TaskLook::look(backend::ThreadProbe& probe) -> bool {
    if ((beat_ & 1) == 0) return false;  // it sleeps, or does not run
    return probe.sample(loop_.thread(), longest_ + time_to_begin, sample_, read, this) && found_;
}

void TaskLook::read(void* self) noexcept {
    auto& me = *static_cast<TaskLook*>(self);
    if (me.loop_.beat() != me.beat_) return;
    me.found_ = true;
    const internal::RecordsWithoutMemory no_memory;
    me.raw_.begin(me.loop_, ReadAt::anywhere);
    TaskReader reader(me.loop_, me.raw_.tape, me.most_tasks_, ReadAt::anywhere);
    static_cast<void>(reader.read(me.raw_.head.now + me.longest_));
    me.raw_.is_complete = reader.is_complete();
}

auto TaskLook::take(const SnapshotOptions& options) const -> Snapshot {
    Snapshot all = decode(raw_, options);
    all.blocked_for = raw_.head.now - raw_.head.turn_began;
    constexpr std::size_t of_the_handler = 2;  // itself, and the kernel's way into it
    for (std::size_t i = of_the_handler; i < sample_.depth; ++i) {
        all.thread_stack.push_back(backend::code_text(sample_.stack[i]));
    }
    return all;
}

auto TaskLook::figures() const -> LoopFigures {
    LoopFigures all = figures_of(raw_.head);
    all.blocked_for = raw_.head.now - raw_.head.turn_began;
    return all;
}

}  // namespace gyre::obs

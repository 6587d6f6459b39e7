#include <gyre/core/circle.hpp>

#include "core/tape.hpp"

#include <gyre/core/branches.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/generator_state.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_report.hpp>

#include <string>
#include <vector>

namespace gyre::internal {

namespace {

constexpr std::size_t most_steps = 1000;  // then it is not worth the time of who waits
constexpr std::size_t most_depth = 64;

/// A task of the circle, and what it waits for.
struct Step {
    const TaskNode* task;
    std::source_location where;
    WaitRecord wait;
};

/// Whether nothing else of its task can run while `frame` waits, and no time limit ends that.
auto waits_for_good(const Frame& frame, const TaskNode& task) -> bool {
    if (task.deadline() != Time::max() || task.cancelled) return false;
    const Frame* at = &frame;
    for (;;) {
        if (at->scope->cancelled) return false;
        while (const Frame* parent = at->parent()) at = parent;
        const Strand& strand = *at->strand();
        if (&strand == &task) return true;
        at = frame_behind(strand);
        if (at == nullptr || at->wait() == nullptr || at->wait()->record().deadline != Time::max()) return false;
    }
}

/// Whether a time limit or a cancellation inside of `task` ends what runs in place of `frame`.
auto is_limited(const Frame& frame, const TaskNode& task) -> bool {
    if (task.deadline() != Time::max() || task.cancelled) return true;
    const Frame* at = &frame;
    for (;;) {
        if (at->scope->cancelled) return true;
        if (at->wait() != nullptr && at->wait()->record().deadline != Time::max()) return true;
        while (const Frame* parent = at->parent()) at = parent;
        const Strand& strand = *at->strand();
        if (&strand == &task) return false;
        at = frame_behind(strand);
        if (at == nullptr) {
            const auto* branch = dynamic_cast<const Branch*>(&strand);
            // The winner of a race may be a time limit; a branch of `gather` ends by itself alone, and then all are waited for.
            if (branch == nullptr || branch->owner->record().kind != WaitKind::gather) return true;
            at = &branch->owner->frame();
        }
    }
}

/// The same around the group that `task` is in, and around those that this one is in. Only for who has found a circle.
auto is_limited_from_above(const TaskNode& task) -> bool {
    const TaskNode* inner = &task;
    for (std::size_t i = 0; i < most_depth; ++i) {
        const auto* group = dynamic_cast<const GroupWait*>(inner->owner());
        if (group == nullptr) return false;  // the loop's own
        const Frame& frame = *group->in_place_of();
        inner = frame.scope->task();
        if (is_limited(frame, *inner)) return true;
    }
    return true;  // nothing is certain so deep
}

/// Looks for a way from one waiting task to another.
class CircleSearch {
public:
    explicit CircleSearch(const TaskNode& goal) noexcept : goal_(goal) {}

    /// Adds the way to `path`, the last step first. @return whether there is one.
    auto leads_from(const TaskNode& task, std::size_t depth) -> bool {
        if (++steps_ > most_steps || depth > most_depth || task.done()) return false;
        const Frame* leaf = last_frame(task);
        if (leaf == nullptr || leaf->queued || leaf->wait() == nullptr || !waits_for_good(*leaf, task)) return false;
        const WaitRecord record = leaf->wait()->record();
        if (record.deadline != Time::max()) return false;
        if (!passes(record, depth)) return false;
        if (is_limited_from_above(task)) {
            path.clear();  // it held the rest of this way, and nothing else
            return false;
        }
        path.push_back({&task, place_of_wait(*leaf), record});
        return true;
    }

    std::vector<Step> path;

private:
    /// The strand inside of its wait without which `frame` cannot go on; null: there is none, or there are several.
    auto only_strand(const Frame& frame) -> const Strand* {
        const Wait* wait = frame.wait();
        if (wait == nullptr) return nullptr;
        // With a branch that runs beside the first one that has not ended, there is no frame behind that.
        for (std::size_t i = 0; steps_ <= most_steps; ++i, ++steps_) {
            const Strand* inside = wait->strand_at(i);
            if (inside == nullptr) break;
            if (inside->root != nullptr) return frame_behind(*inside) == &frame ? inside : nullptr;
        }
        return nullptr;
    }

    /// The last frame of a task that has one alone.
    auto last_frame(const TaskNode& task) -> const Frame* {
        const Frame* frame = task.root;
        while (frame != nullptr) {
            if (const ChildLink* link = frame->child_link()) {
                frame = link->child;
                continue;
            }
            const Strand* inside = only_strand(*frame);
            if (inside == nullptr) return frame;
            frame = inside->root;
        }
        return frame;
    }

    auto passes(const WaitRecord& record, std::size_t depth) -> bool {
        if (record.owner != nullptr) return record.owner == &goal_ || leads_from(*record.owner, depth + 1);
        if (record.kind != WaitKind::group) return false;
        // The body is over, and the group waits for each of its tasks.
        const auto& group = *static_cast<const GroupWait*>(record.object);
        auto& tasks = const_cast<GroupWait&>(group).tasks;  // a list has no view for readers
        for (TaskNode* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
            if (task == &goal_ || leads_from(*task, depth + 1)) return true;
        }
        return false;
    }

    const TaskNode& goal_;
    std::size_t steps_ = 0;
};

auto circle_text(const std::vector<Step>& path) -> std::string {
    std::string text = "deadlock: " + std::to_string(path.size()) + " tasks wait for each other in a circle";
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        text += "\n  task '" + step->task->title() + "' waits at " + place_text(step->where) + " on " +
                wait_text(step->wait);
    }
    return text;
}

}  // namespace

auto frame_behind(const Strand& strand) noexcept -> const Frame* {
    if (const Frame* frame = strand.in_place_of()) return frame;
    if (const auto* branch = dynamic_cast<const Branch*>(&strand)) {
        return branch->owner->running() == 1 ? &branch->owner->frame() : nullptr;
    }
    const auto* generator = dynamic_cast<const GeneratorState*>(&strand);
    return generator != nullptr ? generator->reader() : nullptr;
}

void refuse_circle(const Frame& frame, const WaitRecord& wait, const TaskNode& owner) {
    const TaskNode* task = frame.scope->task();
    if (task == nullptr || task == &owner) return;
    CircleSearch search(*task);
    if (!search.leads_from(owner, 0) || !waits_for_good(frame, *task) || is_limited_from_above(*task)) return;
    search.path.push_back({task, place_of_wait(frame), wait});
    DeadlockError error(circle_text(search.path));
    if (task->scheduler->tape != nullptr) task->scheduler->tape->deadlock_found(error.what());
    if (task->scheduler->on_deadlock == OnDeadlock::raise) throw error;
    task->scheduler->loop.handle_error(
        {std::make_exception_ptr(std::move(error)), ErrorOrigin::deadlock, "found in task '" + task->title() + "'"});
}

}  // namespace gyre::internal

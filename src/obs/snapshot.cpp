#include <gyre/obs/snapshot.hpp>

#include "obs/place.hpp"
#include "obs/sockets.hpp"
#include "obs/wait_info.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/core/wait_report.hpp>

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

namespace gyre::obs {

namespace {

using internal::Frame;
using internal::Strand;
using internal::TaskNode;
using internal::Wait;

constexpr std::size_t most_branches = 256;
constexpr std::size_t most_errors = 8;
constexpr std::size_t most_holders = 8;
constexpr int most_depth = 32;  // of branches within branches: each takes native stack

auto id_of(const TaskNode* task) noexcept -> std::uint64_t { return reinterpret_cast<std::uintptr_t>(task); }

/// What there is to know of one loop.
class Reader {
public:
    Reader(EventLoop& loop, const SnapshotOptions& options) : loop_(loop), options_(options), now_(loop.now()) {}

    auto read() -> Snapshot {
        auto& scheduler = loop_.scheduler();
        Snapshot all;
        all.loop = loop_.index();
        all.backend = loop_.backend_name();
        all.ready = scheduler.ready.size();
        all.timers = scheduler.timers.size();
        all.in_flight = loop_.is_closed() ? 0 : loop_.backend().in_flight();
        all.unreceived_errors = loop_.unreceived_error_count();
        all.cancelled = scheduler.cancelled;
        if (const auto* histograms = scheduler.histograms.get()) {
            all.turn = figures(histograms->turn);
            all.slice = figures(histograms->slice);
            all.delay = figures(histograms->delay);
            for (std::size_t i = 0; i < io_kind_count; ++i) all.io[i] = figures(histograms->io[i]);
        }
        for (auto* owner = scheduler.owners.front(); owner != nullptr; owner = scheduler.owners.after(*owner)) {
            all.task_count += owner->task_count;
        }
        read_rest(all);
        all.tasks.reserve(std::min(all.task_count, options_.most_tasks));
        // A group is listed after the one that its task belongs to: it was opened later. So parents come first.
        for (auto* owner = scheduler.owners.front(); owner != nullptr; owner = scheduler.owners.after(*owner)) {
            for (auto* task = owner->tasks.front(); task != nullptr; task = owner->tasks.after(*task)) {
                if (all.tasks.size() == options_.most_tasks) return all;
                all.tasks.push_back(read_task(*task, *owner));
            }
        }
        return all;
    }

private:
    void read_rest(Snapshot& all) {
        auto& scheduler = loop_.scheduler();
        for (const ErrorContext& error :
            loop_.unreceived_errors().first(std::min(most_errors, loop_.unreceived_errors().size()))) {
            all.errors.push_back(error.text());
        }
        all.taken = now_;
        all.beat = loop_.beat();
        all.expected_posts = loop_.expected_posts();
        all.timers_armed = scheduler.timers.armed_count();
        all.timers_fired = scheduler.timers.fired_count();
        all.never_started_count = scheduler.never_started_count;
        for (const auto& dropped : scheduler.never_started) {
            all.never_started.push_back({make_place(dropped.where), dropped.by});
        }
        const auto& longest = scheduler.longest_slice;
        all.longest_slice = {longest.length, longest.task, longest.task_id, make_place(longest.after)};
        if (!loop_.is_closed()) all.sockets = read_sockets(loop_);
    }

    static auto figures(const Histogram& of) -> Figures {
        return {of.count(), of.quantile(0.5), of.quantile(0.9), of.quantile(0.99), of.longest()};
    }

    auto read_task(const TaskNode& task, internal::TaskOwner& owner) -> TaskInfo {
        TaskInfo info;
        info.id = id_of(&task);
        if (const auto* scope = owner.scope_of_tasks()) info.parent = id_of(scope->task());
        info.name = task.name();
        info.spawned = make_place(task.location());
        info.priority = task.priority();
        if (task.born() != Time{}) info.age = now_ - task.born();
        if (task.is_measured()) info.stats = task.stats();
        if (task.cancelled) {
            info.cancelled = Cancelled{task.cause->kind, task.cause->text(),
                task.cause->when == Time{} ? Duration::zero() : now_ - task.cause->when};
        }
        found_ready_ = false;
        info.stack.limit = task.deadline();
        read_strand(task, info.stack, 0);
        info.state = found_ready_ ? TaskState::ready : TaskState::waiting;
        if (loop_.scheduler().current_task() == &task) info.state = TaskState::running;
        return info;
    }

    /// Looked for once for each object: many may wait for one.
    auto holders_of(const Wait& wait, const WaitRecord& record) -> const std::vector<Holder>& {
        const auto [entry, is_new] = holders_.try_emplace(record.object);
        if (!is_new) return entry->second;
        for (std::size_t i = 0; i < most_holders; ++i) {
            const TaskNode* holder = wait.holder_at(i);
            if (holder == nullptr) break;
            entry->second.push_back({holder->title(), id_of(holder), holder->done()});
        }
        return entry->second;
    }

    void read_strand(const Strand& strand, Stack& stack, int depth) {
        const Frame* frame = strand.root;
        while (frame != nullptr) {
            if (!internal::is_wrapper(frame->location())) stack.awaits.push_back({make_place(frame->location()), {}});
            if (const auto* link = frame->child_link()) {
                frame = link->child;
                continue;
            }
            const Wait* wait = frame->wait();
            if (frame->done()) break;                // it has ended, and waits for what it dropped to clean up
            if (wait == nullptr || frame->queued) {  // it runs, or is ready
                found_ready_ = true;
                stack.yields = wait != nullptr && wait->record().kind == WaitKind::yield;
                // Between two slices every frame is queued, or waits for something.
                stack.lost = !frame->queued && loop_.scheduler().current == nullptr;
                assert(!stack.lost && "a task is suspended and has told nobody on what");
                break;
            }
            const Strand* inside = wait->strand_at(0);
            if (inside == nullptr || inside->root == nullptr || inside->in_place_of() != frame) {
                read_wait(*wait, stack, depth);
                break;
            }
            if (stack.awaits.empty()) stack.awaits.emplace_back();
            add_scope(stack.awaits.back().scope, wait->record(), now_);
            stack.limit = std::min(stack.limit, wait->record().deadline);
            frame = inside->root;
        }
        shorten(stack.awaits, options_.most_awaits);
    }

    void read_wait(const Wait& wait, Stack& stack, int depth) {
        const WaitRecord record = wait.record();
        const TaskNode* owner = record.owner;
        auto info = describe_wait(record, owner != nullptr ? owner->title() : std::string(), id_of(owner), now_);
        info.holders = holders_of(wait, record);
        stack.wait = std::move(info);
        for (std::size_t i = 0; depth < most_depth && i < most_branches && wait.strand_at(i) != nullptr; ++i) {
            if (wait.strand_at(i)->root == nullptr) continue;
            Stack& branch = stack.branches.emplace_back();
            branch.limit = std::min(stack.limit, record.deadline);
            read_strand(*wait.strand_at(i), branch, depth + 1);
        }
    }

    EventLoop& loop_;
    const SnapshotOptions& options_;
    Time now_;
    std::unordered_map<const void*, std::vector<Holder>> holders_;
    bool found_ready_ = false;  ///< A part of the task that is read now.
};

}  // namespace

auto to_string(TaskState state) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"running", "ready", "waiting"};
    return names[static_cast<std::size_t>(state)];
}

auto snapshot(EventLoop& loop, const SnapshotOptions& options) -> Snapshot {
    loop.check_thread("obs::snapshot");
    return Reader(loop, options).read();
}

auto snapshot(const SnapshotOptions& options) -> Snapshot { return snapshot(this_loop(), options); }

}  // namespace gyre::obs

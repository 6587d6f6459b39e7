#include <gyre/core/wait_report.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/remote_call.hpp>
#include <gyre/core/task_node.hpp>

#include <algorithm>
#include <string_view>

namespace gyre::internal {

namespace {

constexpr std::size_t most_tasks = 100;
constexpr std::size_t most_frames = 16;
constexpr std::size_t most_branches = 8;
constexpr int most_depth = 8;  // of branches within branches

auto count_text(std::size_t used, const char* of, std::size_t bound) -> std::string {
    return std::to_string(used) + of + std::to_string(bound);
}

/// How full it is.
auto fill_text(const WaitRecord& record) -> std::string {
    switch (record.kind) {
    case WaitKind::lock:
        return ", which " + std::to_string(record.used) + (record.used == 1 ? " task reads" : " tasks read");
    case WaitKind::group:
        return ", of which " + std::to_string(record.used) + (record.used == 1 ? " task runs" : " tasks run");
    case WaitKind::queue_join:
        return ", of which " + std::to_string(record.used) + " items are not done";
    case WaitKind::barrier:
        return ", where " + count_text(record.used, " of ", record.bound) + " have come";
    case WaitKind::semaphore:
    case WaitKind::limiter:
        return ", of which " + count_text(record.used, " of ", record.bound) + " are taken";
    case WaitKind::queue_get:
    case WaitKind::queue_put:
    case WaitKind::send:
    case WaitKind::receive:
        if (record.bound == 0) return ", with " + std::to_string(record.used) + " items";
        return ", with " + count_text(record.used, " items of ", record.bound);
    default:
        return {};
    }
}

class WaitReport {
public:
    void task(const TaskNode& task) {
        text += "  task '" + task.title() + "'";
        strand(task, 0);
        text += "\n";
    }

    std::string text;

private:
    void strand(const Strand& strand, int depth) {
        const Frame* frame = strand.root;
        for (std::size_t count = 0; frame != nullptr; ++count) {
            if (count < most_frames && !is_wrapper(frame->location())) text += " > " + place_text(frame->location());
            if (const ChildLink* link = frame->child_link()) {
                frame = link->child;
                continue;
            }
            const Wait* wait = frame->wait();
            if (wait == nullptr) return;
            const Strand* inside = wait->strand_at(0);
            if (inside == nullptr || inside->root == nullptr || wait->strand_at(1) != nullptr) return end(*wait, depth);
            frame = inside->root;
        }
    }

    void end(const Wait& wait, int depth) {
        text += ": waits on " + wait_text(wait.record());
        if (depth == most_depth) return;
        for (std::size_t i = 0; i < most_branches && wait.strand_at(i) != nullptr; ++i) {
            if (wait.strand_at(i)->root == nullptr) continue;
            text += "\n    branch";
            strand(*wait.strand_at(i), depth + 1);
        }
    }
};

}  // namespace

namespace {

constinit thread_local bool without_memory = false;

[[gnu::noinline]] void set_without_memory(bool value) noexcept { without_memory = value; }

}  // namespace

RecordsWithoutMemory::RecordsWithoutMemory() noexcept { set_without_memory(true); }
RecordsWithoutMemory::~RecordsWithoutMemory() { set_without_memory(false); }

[[gnu::noinline]] auto records_may_take_memory() noexcept -> bool { return !without_memory; }

auto wait_text(const WaitRecord& record) -> std::string {
    if (record.remote != nullptr) return wait_text(record.remote->progress());
    if (record.owner == nullptr) return wait_text(record, {}, false);
    return wait_text(record, record.owner->title(), record.owner->done());
}

auto wait_text(const WaitRecord& record, std::string_view owner, bool has_ended) -> std::string {
    const bool is_job = record.kind == WaitKind::executor && !record.action.empty();
    std::string text(is_job ? (record.name.empty() ? "job" : "job of pool") : to_string(record.kind));
    // A pipe without a name of its own is called that.
    if (!record.name.empty() && record.name != text) text.append(" '").append(record.name).append("'");
    if (record.kind == WaitKind::join || record.kind == WaitKind::started) {
        if (record.owner != nullptr && record.name.empty()) text.append(" of the task of ").append(owner);
        return text;
    }
    if (!record.action.empty()) text.append(": ").append(record.action);
    if (record.descriptor >= 0) text += " (descriptor " + std::to_string(record.descriptor) + ")";
    if (record.process != 0) text += " (PID " + std::to_string(record.process) + ")";
    if (record.owner != nullptr) {
        text.append(", which task '").append(owner).append(has_ended ? "', which has ended, took" : "' holds");
    }
    if (record.used != 0 || record.bound != 0) text += fill_text(record);
    if (record.waiting > 1) text += "; " + std::to_string(record.waiting) + " wait for it";
    return text;
}

auto is_wrapper(const std::source_location& where) noexcept -> bool {
    return where.line() == 0 || std::string_view(where.file_name()).ends_with("gyre/core/work.hpp");
}

namespace {

/// The folder of the library's sources, as the compiler names it.
auto folder_of_sources() noexcept -> std::string_view {
    constexpr std::string_view here = "core/wait_report.cpp";
    std::string_view path(std::source_location::current().file_name());
    path.remove_suffix(std::min(path.size(), here.size()));
    return path;
}

}  // namespace

auto is_of_library(std::string_view file) noexcept -> bool {
    static const std::string_view sources = folder_of_sources();
    if (file.find("include/gyre/") != std::string_view::npos) return true;
    if (!file.starts_with(sources)) return false;
    file.remove_prefix(sources.size());
    for (const std::string_view room : {"core/", "net/", "os/", "exec/", "http/", "sync/", "testing/", "obs/"}) {
        if (file.starts_with(room)) return true;
    }
    return false;
}

namespace {

auto is_of_program(const Frame& frame) noexcept -> bool {
    const auto where = frame.location();
    return where.line() != 0 && !is_of_library(where.file_name());
}

/// The innermost frame of the program on the chain of a task that waits.
auto last_of_program(const TaskNode& task) noexcept -> const Frame* {
    const Frame* found = nullptr;
    for (const Frame* at = task.root; at != nullptr;) {
        if (is_of_program(*at)) found = at;
        if (const ChildLink* link = at->child_link()) {
            at = link->child;
            continue;
        }
        const Strand* inside = at->wait() != nullptr ? at->wait()->strand_at(0) : nullptr;
        at = inside != nullptr ? inside->root : nullptr;
    }
    return found;
}

}  // namespace

auto caller(const Scheduler& scheduler) noexcept -> Caller {
    const Frame* at = scheduler.unwinding == nullptr ? scheduler.current : nullptr;
    while (at != nullptr) {
        if (is_of_program(*at)) return {at->location(), at->scope->task()};
        const Strand* strand = at->strand();
        const Frame* outer = strand == nullptr ? at->parent() : strand->in_place_of();
        if (outer == nullptr) break;
        at = outer;
    }
    if (at == nullptr) return {};
    // A task of gyre's own, in a group of whoever asked for it.
    const TaskNode* task = at->scope->task();
    for (int steps = 0; task != nullptr && task->owner() != nullptr && steps < most_depth; ++steps) {
        const Scope* group = task->owner()->scope_of_tasks();
        task = group != nullptr ? group->task() : nullptr;
        const Frame* frame = task != nullptr ? last_of_program(*task) : nullptr;
        if (frame != nullptr) return {frame->location(), task};
    }
    return {};
}

auto place_of_wait(const Frame& frame) noexcept -> std::source_location {
    for (const Frame* at = &frame; at != nullptr;) {
        if (!is_wrapper(at->location())) return at->location();
        const Strand* strand = at->strand();
        at = strand == nullptr ? at->parent() : strand->in_place_of();
    }
    return frame.location();
}

auto wait_report(Scheduler& scheduler) -> std::string {
    WaitReport report;
    std::size_t tasks = 0;
    for (TaskOwner* owner = scheduler.owners.front(); owner != nullptr; owner = scheduler.owners.after(*owner)) {
        for (TaskNode* task = owner->tasks.front(); task != nullptr; task = owner->tasks.after(*task)) {
            if (++tasks > most_tasks) return report.text + "  ... and more\n";
            report.task(*task);
        }
    }
    return report.text;
}

}  // namespace gyre::internal

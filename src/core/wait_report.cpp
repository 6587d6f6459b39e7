#include <gyre/core/wait_report.hpp>

#include <gyre/core/duration_text.hpp>
#include <gyre/core/task_node.hpp>

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
    return wait_text(record, record.owner != nullptr ? record.owner->title() : std::string());
}

auto wait_text(const WaitRecord& record, std::string_view owner) -> std::string {
    std::string text(to_string(record.kind));
    if (!record.name.empty()) text.append(" '").append(record.name).append("'");
    if (record.kind == WaitKind::join || record.kind == WaitKind::started) {
        if (record.owner != nullptr && record.name.empty()) text.append(" of the task of ").append(owner);
        return text;
    }
    if (!record.action.empty()) text.append(": ").append(record.action);
    if (record.descriptor >= 0) text += " (descriptor " + std::to_string(record.descriptor) + ")";
    if (record.owner != nullptr) text.append(", which task '").append(owner).append("' holds");
    if (record.used != 0 || record.bound != 0) text += fill_text(record);
    if (record.waiting > 1) text += "; " + std::to_string(record.waiting) + " wait for it";
    return text;
}

auto is_wrapper(const std::source_location& where) noexcept -> bool {
    return where.line() == 0 || std::string_view(where.file_name()).ends_with("gyre/core/work.hpp");
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

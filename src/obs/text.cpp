#include <gyre/core/duration_text.hpp>
#include <gyre/obs/dump.hpp>

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <unordered_map>
#include <utility>

namespace gyre::obs {

namespace {

/// Whether each task has an object of this kind for itself, so that many that wait on one kind say the same.
auto is_private(WaitKind kind) noexcept -> bool {
    switch (kind) {
    case WaitKind::sleep:
    case WaitKind::socket:
    case WaitKind::file:
    case WaitKind::pipe:
    case WaitKind::resolve:
    case WaitKind::process:
    case WaitKind::executor:
    case WaitKind::blocking_call:
    case WaitKind::gather:
    case WaitKind::race:
    case WaitKind::scope:
    case WaitKind::generator:
        return true;
    default:
        return false;
    }
}

/// What two tasks have in common that stand at the same place.
class Likeness {
public:
    explicit Likeness(const TaskInfo& task) {
        place(task.spawned);
        number(static_cast<std::uint64_t>(task.state));
        number(task.cancelled ? 1 + static_cast<std::uint64_t>(task.cancelled->kind) : 0);
        stack(task.stack);
    }
    auto take() -> std::string { return std::move(key_); }

private:
    void number(std::uint64_t value) { key_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    void place(const Place& place) {
        number(reinterpret_cast<std::uintptr_t>(place.file.data()));
        number(place.line);
    }
    void stack(const Stack& stack) {
        for (const Await& await : stack.awaits) place(await.place);
        number(stack.part_cancelled ? 1 + static_cast<std::uint64_t>(stack.part_cancelled->kind) : 0);
        number(stack.branches.size());
        if (stack.wait) {
            number(static_cast<std::uint64_t>(stack.wait->kind));
            key_ += stack.wait->action;
            if (!is_private(stack.wait->kind)) number(reinterpret_cast<std::uintptr_t>(stack.wait->address));
        }
        for (const Stack& branch : stack.branches) this->stack(branch);
    }

    std::string key_;
};

/// Tasks that stand at the same place.
struct Group {
    std::vector<const TaskInfo*> tasks;
};

auto place_of(const Place& place) -> std::string {
    if (place.line == 0) return "an unknown place";
    return std::string(place.file) + ":" + std::to_string(place.line);
}

auto counted(std::size_t count, const char* one) -> std::string {
    return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

class Writer {
public:
    Writer(std::ostream& out, const Snapshot& all, const DumpOptions& options)
        : out_(out), all_(all), options_(options) {
        for (const TaskInfo& task : all.tasks) known_.emplace(task.id, true);
        for (const TaskInfo& task : all.tasks) {
            children_[task.parent != 0 && known_.count(task.parent) != 0 ? task.parent : 0].push_back(&task);
        }
    }

    void write() {
        if (!all_.is_read) {
            out_ << "loop " << all_.loop
                 << " does not answer, and nobody can look: it does not run now, or its thread sleeps in "
                 << "the kernel where nothing interrupts it, or has blocked SIGURG\n";
            return;
        }
        head();
        if (all_.blocked_for) blocked();
        for (const std::string& error : all_.errors) out_ << "  not received: " << error << "\n";
        // Without recursion: tasks may be nested deeply.
        std::vector<Level> levels;
        levels.push_back({groups_of(0), 0});
        while (!levels.empty()) {
            Level& level = levels.back();
            if (level.next == level.groups.size()) {
                levels.pop_back();
                continue;
            }
            const Group& group = level.groups[level.next++];
            if (written_++ == options_.most_groups) return cut();
            write_group(group, std::min(levels.size() - 1, options_.most_depth) * 2);
            if (group.tasks.size() > 1 || children_.count(group.tasks[0]->id) == 0) continue;
            levels.push_back({groups_of(group.tasks[0]->id), 0});
        }
        if (all_.tasks.size() < all_.task_count) {
            out_ << counted(all_.task_count - all_.tasks.size(), "more task") << " not looked at\n";
        }
    }

private:
    struct Level {
        std::vector<Group> groups;
        std::size_t next;
    };

    void head() {
        out_ << "loop " << all_.loop << " (" << all_.backend << "): " << counted(all_.task_count, "task") << ", "
             << all_.ready << " ready, " << counted(all_.timers, "timer") << ", "
             << counted(all_.in_flight, "operation") << " in flight";
        if (all_.unreceived_errors > 0) out_ << ", " << counted(all_.unreceived_errors, "error") << " not received";
        bool first = true;
        for (std::size_t i = 0; i < all_.cancelled.size(); ++i) {
            const CancelCount& of_kind = all_.cancelled[i];
            if (of_kind.count == 0) continue;
            out_ << (first ? "; cancelled until now: " : ", ") << of_kind.count << " by "
                 << to_string(static_cast<CancelKind>(i));
            if (of_kind.longest > Duration::zero()) {
                out_ << " (in up to " << internal::duration_text(of_kind.longest) << ")";
            }
            first = false;
        }
        if (all_.steps > 1) out_ << "; read in " << all_.steps << " steps";
        out_ << "\n";
        write_figures("turns", all_.turn);
        write_figures("slices", all_.slice);
        write_figures("delays", all_.delay);
        for (std::size_t i = 0; i < io_kind_count; ++i) {
            const auto kind = static_cast<IoKind>(i);
            write_figures(
                kind == IoKind::other ? "waits: other I/O" : "waits: " + std::string(to_string(kind)), all_.io[i]);
        }
    }

    void blocked() {
        out_ << "  it does not answer: its turn lasts " << internal::duration_text(*all_.blocked_for) << " already\n";
        if (!all_.thread_stack.empty()) out_ << "  on the thread's stack\n";
        for (const std::string& line : all_.thread_stack) out_ << "    " << line << "\n";
    }

    void write_figures(const std::string& name, const Figures& figures) {
        if (figures.count == 0) return;
        out_ << "  " << name << ": half within " << internal::duration_text(figures.p50) << ", 90 % "
             << internal::duration_text(figures.p90) << ", 99 % " << internal::duration_text(figures.p99)
             << ", longest " << internal::duration_text(figures.longest) << " (of " << figures.count << " measured)\n";
    }

    void cut() { out_ << "... and more: " << all_.task_count << " tasks in all\n"; }

    auto groups_of(std::uint64_t parent) -> std::vector<Group> {
        std::vector<Group> groups;
        std::map<std::string, std::size_t> by_likeness;
        for (const TaskInfo* task : children_[parent]) {
            // One that has tasks inside stands alone.
            std::size_t at = groups.size();
            if (children_.count(task->id) == 0) at = by_likeness.emplace(Likeness(*task).take(), at).first->second;
            if (at == groups.size()) groups.emplace_back();
            groups[at].tasks.push_back(task);
        }
        return groups;
    }

    void write_group(const Group& group, std::size_t indent) {
        const TaskInfo& first = *group.tasks[0];
        const bool is_sent = group.tasks.size() == 1 && first.sender_id != 0;
        out_ << std::string(indent, ' ') << title(group) << (is_sent ? ", for " + first.sender : "") << ", "
             << to_string(first.state) << ages(group);
        if (first.priority != Priority::normal)
            out_ << (first.priority == Priority::high ? ", high" : ", low") << " priority";
        out_ << "\n";
        const std::string inner(indent + 4, ' ');
        if (first.stats && group.tasks.size() == 1) {
            out_ << inner << "ran " << internal::duration_text(Duration(first.stats->process)) << " in "
                 << counted(static_cast<std::size_t>(first.stats->resumes), "slice") << ", was ready "
                 << internal::duration_text(Duration(first.stats->delay)) << ", waited "
                 << internal::duration_text(Duration(first.stats->wait)) << "\n";
        }
        if (first.cancelled) {
            out_ << inner << "cancelled " << internal::duration_text(first.cancelled->since)
                 << " ago: " << first.cancelled->text << "\n";
        }
        write_stack(first.stack, inner, group);
    }

    auto title(const Group& group) const -> std::string {
        const TaskInfo& first = *group.tasks[0];
        if (group.tasks.size() == 1) {
            if (first.name.empty()) return "task of " + place_of(first.spawned);
            return "task '" + first.name + "' (" + place_of(first.spawned) + ")";
        }
        std::string text = counted(group.tasks.size(), "task") + " of " + place_of(first.spawned);
        std::size_t named = 0;
        for (const TaskInfo* task : group.tasks) {
            if (task->name.empty()) continue;
            if (named++ == options_.most_names) return text + "...";
            text += (named == 1 ? ": '" : ", '") + task->name + "'";
        }
        return text;
    }

    static auto ages(const Group& group) -> std::string {
        std::optional<Duration> youngest;
        std::optional<Duration> oldest;
        for (const TaskInfo* task : group.tasks) {
            if (!task->age) continue;
            youngest = youngest ? std::min(*youngest, *task->age) : *task->age;
            oldest = oldest ? std::max(*oldest, *task->age) : *task->age;
        }
        if (!oldest) return {};
        const std::string last = internal::duration_text(*oldest) + " old";
        return youngest == oldest ? ", " + last : ", " + internal::duration_text(*youngest) + " to " + last;
    }

    void write_stack(const Stack& stack, const std::string& indent, const Group& group) {
        for (const Await& await : stack.awaits) {
            out_ << indent;
            if (await.place.line != 0) out_ << "at " << place_of(await.place);
            if (!await.place.function.empty()) out_ << " in " << await.place.function;
            if (!await.scope.empty()) out_ << (await.place.line != 0 ? " [" : "[") << await.scope << "]";
            out_ << "\n";
        }
        if (!stack.wait) return;
        out_ << indent << (group.tasks.size() == 1 ? "waits on " : "each waits on ") << stack.wait->text;
        if (group.tasks.size() > 1 && is_private(stack.wait->kind)) out_ << ", or another such";
        out_ << "\n";
        for (const Stack& branch : stack.branches) {
            out_ << indent << "branch\n";
            write_stack(branch, indent + "  ", group);
        }
    }

    std::ostream& out_;
    const Snapshot& all_;
    const DumpOptions& options_;
    std::unordered_map<std::uint64_t, bool> known_;
    std::unordered_map<std::uint64_t, std::vector<const TaskInfo*>> children_;
    std::size_t written_ = 0;
};

}  // namespace

void write_text(std::ostream& out, const Snapshot& snapshot, const DumpOptions& options) {
    Writer(out, snapshot, options).write();
}

void dump(std::ostream& out, const DumpOptions& options) { write_text(out, snapshot(), options); }

}  // namespace gyre::obs

#include "inspect_views.hpp"

#include "inspected.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace gyre::cli {

namespace {

using obs::TaskInfo;
using obs::WaitInfo;

/// Whether tasks share what they wait for.
auto is_shared(const WaitInfo& wait) noexcept -> bool {
    switch (wait.kind) {
    case WaitKind::lock:
    case WaitKind::condition:
    case WaitKind::semaphore:
    case WaitKind::limiter:
    case WaitKind::barrier:
    case WaitKind::event:
    case WaitKind::future:
    case WaitKind::queue_get:
    case WaitKind::queue_put:
    case WaitKind::queue_join:
    case WaitKind::send:
    case WaitKind::receive:
    case WaitKind::watch:
        return wait.address != nullptr;
    default:
        return false;
    }
}

auto age_text(const TaskInfo& task) -> std::string { return task.age ? ", " + time_text(*task.age) + " old" : ""; }

class TreeWriter {
public:
    explicit TreeWriter(const obs::Snapshot& loop) {
        std::set<std::uint64_t> known;
        for (const TaskInfo& task : loop.tasks) known.insert(task.id);
        for (const TaskInfo& task : loop.tasks) {
            children_[task.parent != 0 && known.count(task.parent) != 0 ? task.parent : 0].push_back(&task);
        }
    }

    void write(std::ostream& out, std::uint64_t parent, const std::string& indent) const {
        const auto found = children_.find(parent);
        if (found == children_.end()) return;
        const auto groups = groups_of(found->second);
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const bool is_last = i + 1 == groups.size();
            const auto& group = groups[i];
            out << indent << (is_last ? "`- " : "|- ") << line(group) << "\n";
            if (group.size() == 1 && indent.size() < deepest) {
                write(out, group.front()->id, indent + (is_last ? "   " : "|  "));
            }
        }
    }

private:
    static constexpr std::size_t deepest = 120;  // columns of indentation

    using Group = std::vector<const TaskInfo*>;

    auto groups_of(const std::vector<const TaskInfo*>& tasks) const -> std::vector<Group> {
        std::vector<Group> groups;
        std::map<std::string, std::size_t> known;
        for (const TaskInfo* task : tasks) {
            if (children_.count(task->id) != 0) {  // its children stand below it
                groups.push_back({task});
                continue;
            }
            const std::string key = place_text(task->spawned) + "|" + place_text(innermost_place(*task)) + "|" +
                                    (task->stack.wait
                                            ? std::string(to_string(task->stack.wait->kind)) + task->stack.wait->object
                                            : std::string(to_string(task->state)));
            const auto [found, is_new] = known.emplace(key, groups.size());
            if (is_new) {
                groups.push_back({task});
            } else {
                groups[found->second].push_back(task);
            }
        }
        return groups;
    }

    static auto line(const Group& group) -> std::string {
        const TaskInfo& first = *group.front();
        const std::string what = ": " + doing_text(first) + ", at " + place_text(innermost_place(first));
        if (group.size() == 1) return task_title(first) + sender_text(first) + age_text(first) + what;
        return std::to_string(group.size()) + " tasks of " + place_text(first.spawned) + what;
    }

    std::unordered_map<std::uint64_t, std::vector<const TaskInfo*>> children_;
};

/// Whether a text like "main.cpp:20" is this place.
auto is_place(const obs::Place& place, std::string_view text) -> bool {
    return place.line != 0 && place_text(place) == text;
}

auto stands_at(const obs::Stack& stack, std::string_view text) -> bool {
    const auto here = [&](const obs::Await& await) { return is_place(await.place, text); };
    const auto inside = [&](const obs::Stack& branch) { return stands_at(branch, text); };
    return std::any_of(stack.awaits.begin(), stack.awaits.end(), here) ||
           std::any_of(stack.branches.begin(), stack.branches.end(), inside);
}

/// What of a loop was not looked at; empty: nothing.
auto not_seen_of(const obs::Snapshot& loop) -> std::string {
    const std::string name = "loop " + std::to_string(loop.loop);
    if (!loop.is_read) return name + " could not be read: nothing is known of its tasks";
    if (loop.tasks.size() >= loop.task_count) return {};
    return name + ": " + std::to_string(loop.tasks.size()) + " of " + std::to_string(loop.task_count) +
           " tasks were looked at";
}

void write_stack(std::ostream& out, const obs::Stack& stack, const std::string& indent) {
    for (const obs::Await& await : stack.awaits) {
        out << indent;
        if (await.place.line != 0) out << "at " << place_text(await.place);
        if (!await.place.function.empty()) out << " in " << await.place.function;
        if (!await.scope.empty()) out << (await.place.line != 0 ? " [" : "[") << await.scope << "]";
        out << "\n";
    }
    if (stack.wait) out << indent << "waits on " << stack.wait->text << "\n";
    for (const obs::Stack& branch : stack.branches) {
        out << indent << "branch\n";
        write_stack(out, branch, indent + "  ");
    }
}

/// Who holds a part of what is waited for, as permits, connections, or a lock for reading.
void write_holders(std::ostream& out, const ProgramSnapshot& all, const WaitInfo& wait, std::string_view indent) {
    constexpr std::size_t most_holders = 10;
    for (std::size_t i = 0; i < std::min(wait.holders.size(), most_holders); ++i) {
        const obs::Holder& holder = wait.holders[i];
        out << indent << "held by task '" << holder.task << "'";
        const TaskInfo* now = holder.ended ? nullptr : all.find(holder.id);
        if (holder.ended) out << ", which has ended and not given it back";
        if (now != nullptr) out << ": " << doing_text(*now) << ", at " << place_text(innermost_place(*now));
        out << "\n";
    }
    if (wait.holders.size() > most_holders) {
        out << indent << "... and " << wait.holders.size() - most_holders << " more hold it\n";
    }
}

auto holders_json(const WaitInfo& wait) -> nlohmann::json {
    nlohmann::json holders = nlohmann::json::array();
    for (const obs::Holder& holder : wait.holders) {
        holders.push_back({{"task", holder.task}, {"task_id", holder.id}, {"ended", holder.ended}});
    }
    return holders;
}

auto json_of(const TaskInfo& task) -> nlohmann::json {
    nlohmann::json row = {{"id", task.id}, {"title", task_title(task)}, {"state", to_string(task.state)},
        {"place", place_text(innermost_place(task))}};
    if (!task.name.empty()) row["name"] = task.name;
    if (task.stack.wait) row["wait"] = task.stack.wait->text;
    each_wait(task.stack, [&](const WaitInfo& wait) {
        for (auto& holder : holders_json(wait)) row["holders"].push_back(std::move(holder));
    });
    if (!task.sender.empty()) row["sender"] = task.sender;
    if (task.cancelled) {
        row["cancelled"] = {{"kind", to_string(task.cancelled->kind)}, {"text", task.cancelled->text},
            {"since", task.cancelled->since.count()}};
    }
    return row;
}

}  // namespace

auto tree_text(const ProgramSnapshot& all) -> std::string {
    std::ostringstream out;
    for (const obs::Snapshot& loop : all.loops()) {
        const std::string not_seen = not_seen_of(loop);
        if (loop.is_read) {
            out << "loop " << loop.loop << " (" << loop.backend << "), " << loop.task_count << " tasks";
        } else {
            out << not_seen;
        }
        if (loop.blocked_for) out << ", does not answer: its turn lasts " << time_text(*loop.blocked_for);
        out << "\n";
        if (loop.is_read && !not_seen.empty()) out << not_seen << "\n";
        TreeWriter(loop).write(out, 0, "");
    }
    return std::move(out).str();
}

auto find_tasks(const ProgramSnapshot& all, std::string_view wanted) -> std::vector<const TaskInfo*> {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), id);
    const bool is_number = error == std::errc() && end == wanted.data() + wanted.size();
    std::vector<const TaskInfo*> found;
    std::set<std::string> some;
    for (const obs::Snapshot& loop : all.loops()) {
        for (const TaskInfo& task : loop.tasks) {
            const bool is_it = task.name == wanted || (is_number && task.id == id) || is_place(task.spawned, wanted) ||
                               stands_at(task.stack, wanted);
            if (is_it) found.push_back(&task);
            if (some.size() < 8) some.insert(task.name.empty() ? place_text(task.spawned) : "'" + task.name + "'");
        }
    }
    if (found.empty()) {
        std::string names;
        for (const std::string& name : some) names += (names.empty() ? "" : ", ") + name;
        std::string not_seen;
        for (const obs::Snapshot& loop : all.loops()) {
            if (const auto of_loop = not_seen_of(loop); !of_loop.empty()) not_seen += of_loop + "; ";
        }
        throw InspectError(not_seen + (not_seen.empty() ? "" : "of those that were looked at ") +
                           "no task is called '" + std::string(wanted) +
                           "', has that number or stands at that line; there are " + (names.empty() ? "none" : names));
    }
    return found;
}

auto not_seen_text(const ProgramSnapshot& all) -> std::string {
    std::string text;
    for (const obs::Snapshot& loop : all.loops()) {
        if (const auto of_loop = not_seen_of(loop); !of_loop.empty()) text += of_loop + "\n";
    }
    return text;
}

auto reason_of(const ProgramSnapshot& all, const TaskInfo& task) -> Reason { return WaitGraph(all).reason_of(task); }

namespace {

/// @param link what the first task is to the one before; empty: there is none.
void write_reason(std::ostream& out, const ProgramSnapshot& all, const Reason& reason, const std::string& link) {
    for (std::size_t i = 0; i < reason.chain.size(); ++i) {
        const TaskInfo& at = *reason.chain[i];
        const bool repeats = reason.is_circle && i + 1 == reason.chain.size();
        out << (i == 0 ? std::string_view(link) : reason.links[i - 1]) << task_title(at);
        if (reason.is_told && i + 1 == reason.chain.size()) {
            out << ": see above\n";
            return;
        }
        if (repeats) {
            out << (reason.ends_by.empty() ? ": a circle, none of these can ever go on"
                                           : ": a circle for now; " + reason.ends_by)
                << "\n";
            break;
        }
        out << " (" << place_text(at.spawned) << ")" << sender_text(at) << ", " << to_string(at.state) << age_text(at)
            << "\n";
        if (at.cancelled) {
            out << "    cancelled " << time_text(at.cancelled->since) << " ago and not ended: " << at.cancelled->text
                << "\n";
        }
        write_stack(out, at.stack, "    ");
    }
    if (!reason.is_circle) {
        each_wait(reason.chain.back()->stack, [&](const WaitInfo& held) { write_holders(out, all, held, ""); });
    }
    const std::string of_branch = "a branch of " + task_title(*reason.chain.back()) + " waits for ";
    for (const Reason& branch : reason.branches) {
        write_reason(out, all, branch, of_branch + (branch.is_held ? "what is held by " : ""));
    }
    if (reason.more_branches > 0) out << "... and " << reason.more_branches << " more of its branches wait for tasks\n";
    const WaitInfo* wait = last_wait(*reason.chain.back());
    if (!reason.is_circle && wait != nullptr && wait->loop && wait->owner_id != 0) {
        out << "the task of loop " << *wait->loop << " that does the work is not among the tasks that were looked at\n";
    } else if (!reason.is_circle && wait != nullptr && wait->owner_id != 0) {
        out << "the owner, '" << wait->owner << "', is not among the tasks "
            << (all.has_all() ? "any more" : "that were looked at") << "\n";
    }
}

auto json_of_reason(const Reason& reason) -> nlohmann::json {
    nlohmann::json chain = nlohmann::json::array();
    for (const TaskInfo* at : reason.chain) chain.push_back(json_of(*at));
    nlohmann::json row = {{"task", json_of(*reason.chain.front())}, {"chain", std::move(chain)},
        {"links", reason.links}, {"circle", reason.is_circle && reason.ends_by.empty()}};
    if (!reason.ends_by.empty()) row["circle_for_now"] = reason.ends_by;
    for (const Reason& branch : reason.branches) row["branches"].push_back(json_of_reason(branch));
    return row;
}

}  // namespace

auto reason_text(const ProgramSnapshot& all, const TaskInfo& task) -> std::string {
    std::ostringstream out;
    write_reason(out, all, reason_of(all, task), "");
    return std::move(out).str();
}

auto reason_json(const ProgramSnapshot& all, const TaskInfo& task) -> nlohmann::json {
    return json_of_reason(reason_of(all, task));
}

void each_wait(const obs::Stack& stack, const std::function<void(const WaitInfo&)>& function) {
    if (stack.wait) function(*stack.wait);
    for (const obs::Stack& branch : stack.branches) each_wait(branch, function);
}

auto waited_for(const ProgramSnapshot& all) -> std::vector<WaitedFor> {
    std::map<std::pair<std::size_t, std::pair<const void*, WaitKind>>, WaitedFor> objects;
    for (const obs::Snapshot& loop : all.loops()) {
        for (const TaskInfo& task : loop.tasks) {
            each_wait(task.stack, [&](const WaitInfo& wait) {
                if (!is_shared(wait)) return;
                WaitedFor& object = objects[{loop.loop, {wait.address, wait.kind}}];
                object.loop = loop.loop;
                if (object.wait == nullptr) object.wait = &wait;
                object.tasks.push_back(&task);
            });
        }
    }
    std::vector<WaitedFor> sorted;
    for (auto& [key, object] : objects) sorted.push_back(std::move(object));
    std::sort(sorted.begin(), sorted.end(), [](const WaitedFor& left, const WaitedFor& right) {
        const auto place = [](const WaitedFor& object) {
            return std::tuple(object.loop, object.wait->address, object.wait->kind);
        };
        if (left.tasks.size() != right.tasks.size()) return left.tasks.size() > right.tasks.size();
        return place(left) < place(right);
    });
    return sorted;
}

auto is_unsure(const ProgramSnapshot& all, const std::vector<const TaskInfo*>& tasks) -> bool {
    // Each loop is looked at at a moment of its own, and one with many tasks at several.
    const bool has_moments = all.loops().size() > 1 || std::any_of(all.loops().begin(), all.loops().end(),
                                                           [](const obs::Snapshot& loop) { return loop.steps > 1; });
    if (!has_moments) return false;
    const WaitGraph graph(all);
    if (tasks.empty()) {
        const auto circles = graph.circles();
        return std::any_of(circles.begin(), circles.end(), [](const Circle& circle) { return circle.is_unsure; });
    }
    return std::any_of(
        tasks.begin(), tasks.end(), [&graph](const TaskInfo* task) { return graph.reason_of(*task).is_unsure; });
}

auto locks_text(const ProgramSnapshot& all) -> std::string {
    constexpr std::size_t most_names = 4;
    std::ostringstream out;
    const auto objects = waited_for(all);
    const std::string not_seen = not_seen_text(all);
    out << not_seen;
    if (objects.empty())
        out << (not_seen.empty() ? "no task" : "of the tasks that were looked at none")
            << " waits for a lock, semaphore, queue, event or the like\n";
    for (const WaitedFor& object : objects) {
        out << object.wait->text << "\n    " << object.tasks.size()
            << (object.tasks.size() == 1 ? " task waits: " : " tasks wait: ");
        for (std::size_t i = 0; i < std::min(object.tasks.size(), most_names); ++i) {
            out << (i == 0 ? "" : ", ") << task_title(*object.tasks[i]) << " at "
                << place_text(innermost_place(*object.tasks[i]));
        }
        out << (object.tasks.size() > most_names ? "...\n" : "\n");
        if (const TaskInfo* owner = all.find(object.wait->owner_id)) {
            out << "    its owner: " << task_title(*owner) << ", " << doing_text(*owner) << ", at "
                << place_text(innermost_place(*owner)) << "\n";
        }
        write_holders(out, all, *object.wait, "    ");
    }
    for (const Circle& circle : WaitGraph(all).circles()) {
        out << (circle.ends_by.empty() ? "deadlock: " : "") << circle.tasks.size()
            << (circle.tasks.size() == 1 ? " task waits for itself" : " tasks wait for each other in a circle")
            << (circle.ends_by.empty() ? "" : ", for now: " + circle.ends_by) << "\n";
        for (const TaskInfo* task : circle.tasks) {
            out << "    " << task_title(*task) << sender_text(*task) << " waits at "
                << place_text(innermost_place(*task)) << " on " << doing_text(*task) << "\n";
        }
    }
    return std::move(out).str();
}

auto locks_json(const ProgramSnapshot& all) -> nlohmann::json {
    nlohmann::json objects = nlohmann::json::array();
    for (const WaitedFor& object : waited_for(all)) {
        nlohmann::json tasks = nlohmann::json::array();
        for (const TaskInfo* task : object.tasks) tasks.push_back(json_of(*task));
        nlohmann::json row = {{"loop", object.loop}, {"kind", to_string(object.wait->kind)},
            {"object", object.wait->object}, {"text", object.wait->text}, {"used", object.wait->used},
            {"bound", object.wait->bound}, {"tasks", std::move(tasks)}};
        if (const TaskInfo* owner = all.find(object.wait->owner_id)) row["owner"] = json_of(*owner);
        if (!object.wait->holders.empty()) row["holders"] = holders_json(*object.wait);
        objects.push_back(std::move(row));
    }
    nlohmann::json for_good = nlohmann::json::array();
    nlohmann::json for_now = nlohmann::json::array();
    for (const Circle& circle : WaitGraph(all).circles()) {
        nlohmann::json tasks = nlohmann::json::array();
        for (const TaskInfo* task : circle.tasks) tasks.push_back(json_of(*task));
        if (circle.ends_by.empty()) {
            for_good.push_back(std::move(tasks));
        } else {
            for_now.push_back({{"tasks", std::move(tasks)}, {"ends_by", circle.ends_by}});
        }
    }
    return {{"objects", std::move(objects)}, {"circles", std::move(for_good)}, {"circles_for_now", std::move(for_now)}};
}

}  // namespace gyre::cli

#include "obs/looks.hpp"

#include "core/loop_turns.hpp"

#include <algorithm>

namespace gyre::obs {

namespace {

auto same_place(const Place& left, const Place& right) noexcept -> bool {
    return left.line == right.line && left.file == right.file;
}

/// Whether a chain stands where it stood before.
auto same_stand(const Stack& now, const Stack& before) -> bool {
    if (now.awaits.size() != before.awaits.size() || now.wait.has_value() != before.wait.has_value()) return false;
    if (now.branches.size() != before.branches.size()) return false;
    if (!now.awaits.empty() && !same_place(now.awaits.back().place, before.awaits.back().place)) return false;
    if (now.wait) {
        if (now.wait->kind != before.wait->kind || now.wait->address != before.wait->address) return false;
        // Another call of the same loop.
        if (now.wait->loop && now.wait->owner_id != 0 && before.wait->owner_id != 0 &&
            now.wait->owner_id != before.wait->owner_id) {
            return false;
        }
        if (now.wait->kind == WaitKind::executor && now.wait->action != before.wait->action) return false;
    }
    for (std::size_t i = 0; i < now.branches.size(); ++i) {
        if (!same_stand(now.branches[i], before.branches[i])) return false;
    }
    return true;
}

/// Whether what is below an await runs in a shield or in clean-up.
auto is_shielded(const Await& await) -> bool {
    return await.scope.find("shield") != std::string::npos || await.scope.find("cleanup") != std::string::npos;
}

}  // namespace

Looks::Looks(std::span<const Snapshot> looks) : looks_(looks) {
    index_.resize(looks.size());
    for (std::size_t i = 0; i < looks.size(); ++i) {
        index_[i].reserve(looks[i].tasks.size());
        for (const TaskInfo& task : looks[i].tasks) {
            index_[i].emplace(task.id, &task);
            if (task.state == TaskState::ready) highest_ready_ = std::max(highest_ready_, task.priority);
        }
    }
    for (std::size_t i = 0; i + 1 < looks.size(); ++i) {
        // Slices are counted some at a time, before they run.
        const std::uint64_t least = looks[i].ready + internal::resumes_per_turn;
        has_turned_over_ = has_turned_over_ && looks[i + 1].slices > looks[i].slices + least;
    }
}

auto Looks::find(std::size_t look, std::uint64_t id) const -> const TaskInfo* {
    const auto found = index_[look].find(id);
    return found == index_[look].end() ? nullptr : found->second;
}

auto Looks::stands(const TaskInfo& task) const -> Duration {
    std::size_t since = looks_.size() - 1;
    for (; since > 0; --since) {
        const TaskInfo* before = find(since - 1, task.id);
        if (before == nullptr || before->state != task.state || !same_place(before->spawned, task.spawned)) break;
        if (before->name != task.name || !same_stand(task.stack, before->stack)) break;
        if (task.stats && before->stats && task.stats->resumes != before->stats->resumes) break;
        // Two sleeps at one place differ in when they end.
        if (task.stack.wait && task.stack.wait->left && before->stack.wait->left &&
            looks_.back().taken + *task.stack.wait->left != looks_[since - 1].taken + *before->stack.wait->left) {
            break;
        }
    }
    return looks_.back().taken - looks_[since].taken;
}

auto Looks::had_turns(const TaskInfo& task) const -> bool {
    return has_turned_over_ && task.priority >= highest_ready_;
}

auto Looks::goes_on(const TaskInfo& task) const -> bool {
    const auto is_turned_away = [](const TaskInfo& then) {
        return then.cancelled && then.state == TaskState::ready && then.stack.woken_from &&
               std::none_of(then.stack.awaits.begin(), then.stack.awaits.end(), is_shielded);
    };
    return looks_.size() >= few_looks && count(task, is_turned_away) == looks_.size() && had_turns(task);
}

auto Looks::count(const TaskInfo& task, bool (*is_such)(const TaskInfo&)) const -> std::size_t {
    std::size_t count = 0;
    for (std::size_t i = 0; i < looks_.size(); ++i) {
        const TaskInfo* then = find(i, task.id);
        if (then != nullptr && is_such(*then)) ++count;
    }
    return count;
}

auto comes_from_outside(WaitKind kind) noexcept -> bool {
    switch (kind) {
    case WaitKind::sleep:
    case WaitKind::yield:
    case WaitKind::socket:
    case WaitKind::blocking_call:
    case WaitKind::resolve:
    case WaitKind::file:
    case WaitKind::pipe:
    case WaitKind::process:
    case WaitKind::signal:
    case WaitKind::executor:
    case WaitKind::loop:
    case WaitKind::other:
        return true;
    default:
        return false;
    }
}

auto counted(std::size_t count, std::string_view one) -> std::string {
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

auto last_line(const Stack& stack, const Place& above) -> Place {
    for (auto await = stack.awaits.rbegin(); await != stack.awaits.rend(); ++await) {
        if (!await->place.is_of_library && await->place.line != 0) return await->place;
    }
    return above;
}

auto title_of(const TaskInfo& task) -> std::string { return task.name.empty() ? text_of(task.spawned) : task.name; }

auto text_of(const Place& place) -> std::string {
    return place.line == 0 ? "an unknown place" : std::string(place.file) + ":" + std::to_string(place.line);
}

auto end_of(const TaskInfo& task) -> Place {
    const Stack* stack = &task.stack;
    Place place = task.spawned;
    for (;;) {
        place = last_line(*stack, place);
        if (stack->branches.size() != 1) return place;
        stack = &stack->branches.front();
    }
}

auto standing_of(const TaskInfo& task) -> std::string {
    const std::string at = " at " + text_of(end_of(task));
    if (task.state == TaskState::running) return "runs, last" + at;
    if (task.state == TaskState::ready || !task.stack.wait) return "is ready" + at;
    const Stack* stack = &task.stack;
    while (stack->branches.size() == 1 && stack->branches.front().wait) stack = &stack->branches.front();
    return "waits on " + stack->wait->text + at;
}

auto unseen_tasks(const Looks& looks) -> std::optional<Finding> {
    const auto lacking = [](const Snapshot& look) {
        return look.task_count - std::min(look.task_count, look.tasks.size());
    };
    const auto part = [](const Snapshot& look) {
        return std::to_string(look.tasks.size()) + " of " + std::to_string(look.task_count) + " tasks";
    };
    Finding finding{Rule::not_all_seen, Severity::note};
    if (lacking(looks.last()) > 0) {
        finding.text = part(looks.last()) + " were looked at: circles of tasks and waits that never end cannot be told";
        finding.advice = "gyre ps groups them by line, which shows what there is so much of";
        return finding;
    }
    const auto all = looks.all();
    const auto least = std::max_element(all.begin(), all.end(),
        [&](const Snapshot& left, const Snapshot& right) { return lacking(left) < lacking(right); });
    if (lacking(*least) == 0) return std::nullopt;
    finding.text = "an earlier look had " + part(*least) + ": of the others it cannot be told what lasts";
    finding.advice = "take looks of one size, with as many tasks as there are";
    return finding;
}

void for_each_end(
    const Stack& stack, const Place& above, const std::function<void(const Stack&, const Place&)>& function) {
    const Place place = last_line(stack, above);
    if (stack.branches.empty()) return function(stack, place);
    for (const Stack& branch : stack.branches) for_each_end(branch, place, function);
}

}  // namespace gyre::obs

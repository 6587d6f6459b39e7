#include "snapshot_reader.hpp"

#include "inspected.hpp"
#include "text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gyre::cli {

namespace {

using Json = nlohmann::json;

constexpr int known_version = 1;

template<class Number>
auto number(const Json& from, const char* name) -> Number {
    const auto found = from.find(name);
    return found == from.end() ? Number{} : found->get<Number>();
}

auto duration(const Json& from, const char* name) -> Duration { return Duration(number<Duration::rep>(from, name)); }

auto maybe_duration(const Json& from, const char* name) -> std::optional<Duration> {
    return from.contains(name) ? std::optional(duration(from, name)) : std::nullopt;
}

/// From outside: nothing in it may steer a terminal.
auto text(const Json& from, const char* name) -> std::string {
    const auto found = from.find(name);
    return found == from.end() ? std::string() : harmless(found->get<std::string>());
}

/// The value of an enumeration whose `to_string` is `name`; the last one if there is none.
template<class Enum>
auto named(const std::string& name, Enum last) -> Enum {
    for (int i = 0; i < static_cast<int>(last); ++i) {
        if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    }
    return last;
}

auto read_figures(const Json& from, const char* name) -> obs::Figures {
    const auto found = from.find(name);
    if (found == from.end()) return {};
    return {number<std::uint64_t>(*found, "count"), duration(*found, "p50"), duration(*found, "p90"),
        duration(*found, "p99"), duration(*found, "longest")};
}

auto is_same(const obs::Place& left, const obs::Place& right) -> bool {
    return left.line == right.line && left.file == right.file;
}

auto is_same(const obs::WaitInfo& left, const obs::WaitInfo& right) -> bool {
    const auto holder = [](const obs::Holder& one, const obs::Holder& other) { return one.id == other.id; };
    return left.kind == right.kind && left.address == right.address && left.owner_id == right.owner_id &&
           std::equal(left.holders.begin(), left.holders.end(), right.holders.begin(), right.holders.end(), holder);
}

/// Whether both stand at the same lines and wait for the same, which the same tasks have.
auto is_same(const obs::Stack& left, const obs::Stack& right) -> bool {
    const auto await = [](const obs::Await& one, const obs::Await& other) { return is_same(one.place, other.place); };
    const auto branch = [](const obs::Stack& one, const obs::Stack& other) { return is_same(one, other); };
    return left.wait.has_value() == right.wait.has_value() && (!left.wait || is_same(*left.wait, *right.wait)) &&
           std::equal(left.awaits.begin(), left.awaits.end(), right.awaits.begin(), right.awaits.end(), await) &&
           std::equal(left.branches.begin(), left.branches.end(), right.branches.begin(), right.branches.end(), branch);
}

/// A number is of another task later.
auto is_same(const obs::TaskInfo& left, const obs::TaskInfo& right) -> bool {
    const bool has_run = left.stats && right.stats && left.stats->resumes != right.stats->resumes;
    return left.name == right.name && left.parent == right.parent && is_same(left.spawned, right.spawned) &&
           left.state == right.state && !has_run && is_same(left.stack, right.stack);
}

}  // namespace

ProgramSnapshot::ProgramSnapshot(const Json& answer) {
    try {
        if (number<int>(answer, "version") != known_version) {
            throw InspectError("the program speaks version " + std::to_string(number<int>(answer, "version")) +
                               " of the control socket, this gyre version " + std::to_string(known_version) +
                               ": use the gyre that the program was built with");
        }
        uptime_ = duration(answer, "uptime_ns");
        for (const Json& loop : answer.at("loops")) loops_.push_back(read_loop(loop));
    } catch (const Json::exception& error) {
        throw InspectError(std::string("the answer of the program cannot be read: ") + error.what());
    }
    for (const obs::Snapshot& loop : loops_) {
        for (const obs::TaskInfo& task : loop.tasks) by_id_.emplace(task.id, &task);
    }
}

auto ProgramSnapshot::find(std::uint64_t id) const -> const obs::TaskInfo* {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

auto ProgramSnapshot::has_all() const -> bool {
    return std::all_of(loops_.begin(), loops_.end(), [](const obs::Snapshot& loop) {
        return loop.is_read && loop.steps == 1 && loop.tasks.size() >= loop.task_count;
    });
}

void ProgramSnapshot::compare_with(const ProgramSnapshot& before) {
    still_.clear();
    for (const obs::Snapshot& loop : loops_) {
        if (loop.steps == 1 && loops_.size() == 1) continue;
        for (const obs::TaskInfo& task : loop.tasks) {
            const obs::TaskInfo* then = before.find(task.id);
            if (then != nullptr && is_same(*then, task)) still_.insert(task.id);
        }
    }
}

auto ProgramSnapshot::keep(const Json& from, const char* name) -> std::string_view {
    auto kept = text(from, name);
    if (kept.empty()) return {};
    return *texts_.insert(std::move(kept)).first;
}

auto ProgramSnapshot::read_loop(const Json& from) -> obs::Snapshot {
    obs::Snapshot all;
    all.loop = number<std::size_t>(from, "loop");
    all.backend = text(from, "backend");
    all.task_count = number<std::size_t>(from, "task_count");
    all.ready = number<std::size_t>(from, "ready");
    all.timers = number<std::size_t>(from, "timers");
    all.in_flight = number<std::size_t>(from, "in_flight");
    all.unreceived_errors = number<std::size_t>(from, "unreceived_errors");
    for (const Json& of_kind : from.value("cancelled", Json::array())) {
        const auto kind = named(text(of_kind, "kind"), CancelKind::deadlock);
        all.cancelled[static_cast<std::size_t>(kind)] = {
            number<std::uint64_t>(of_kind, "count"), duration(of_kind, "total"), duration(of_kind, "longest")};
    }
    for (const Json& error : from.value("errors", Json::array()))
        all.errors.push_back(harmless(error.get<std::string>()));
    read_remarks(from, all);
    for (const Json& socket : from.value("sockets", Json::array())) {
        all.sockets.push_back({number<int>(socket, "descriptor"), text(socket, "name"), read_place(socket.at("opened")),
            text(socket, "opener"), number<int>(socket, "in_use") != 0});
    }
    all.turn = read_figures(from, "turn");
    all.slice = read_figures(from, "slice");
    all.delay = read_figures(from, "delay");
    if (from.contains("io")) {
        for (std::size_t i = 0; i < io_kind_count; ++i) {
            all.io[i] = read_figures(from["io"], std::string(to_string(static_cast<IoKind>(i))).c_str());
        }
    }
    all.blocked_for = maybe_duration(from, "blocked_for_ns");
    all.blocked_by = text(from, "blocked_by");
    all.is_read = from.value("is_read", true);
    all.steps = from.value("steps", std::size_t{1});
    for (const Json& line : from.value("thread_stack", Json::array())) {
        all.thread_stack.push_back(harmless(line.get<std::string>()));
    }
    for (const Json& task : from.at("tasks")) all.tasks.push_back(read_task(task));
    return all;
}

void ProgramSnapshot::read_remarks(const Json& from, obs::Snapshot& all) {
    all.never_started_count = number<std::uint64_t>(from, "never_started_count");
    for (const Json& dropped : from.value("never_started", Json::array())) {
        all.never_started.push_back({read_place(dropped.at("function")), text(dropped, "by")});
    }
    if (!from.contains("longest_slice")) return;
    const Json& slice = from["longest_slice"];
    all.longest_slice = {duration(slice, "length"), text(slice, "task"), number<std::uint64_t>(slice, "task_id"),
        read_place(slice.at("after"))};
}

auto ProgramSnapshot::read_task(const Json& from) -> obs::TaskInfo {
    obs::TaskInfo task;
    task.id = number<std::uint64_t>(from, "id");
    task.parent = number<std::uint64_t>(from, "parent");
    task.name = text(from, "name");
    if (from.contains("spawned")) task.spawned = read_place(from["spawned"]);
    task.state = named(text(from, "state"), obs::TaskState::waiting);
    const auto priority = text(from, "priority");
    if (!priority.empty()) task.priority = priority == "high" ? Priority::high : Priority::low;
    task.age = maybe_duration(from, "age");
    if (from.contains("stats")) {
        const Json& stats = from["stats"];
        task.stats.emplace();
        task.stats->init = number<std::int64_t>(stats, "init");
        task.stats->delay = number<std::int64_t>(stats, "delay");
        task.stats->process = number<std::int64_t>(stats, "process");
        task.stats->wait = number<std::int64_t>(stats, "wait");
        task.stats->resumes = number<std::int64_t>(stats, "resumes");
    }
    if (from.contains("cancelled")) {
        const Json& cancelled = from["cancelled"];
        task.cancelled = obs::Cancelled{named(text(cancelled, "kind"), CancelKind::deadlock), text(cancelled, "text"),
            duration(cancelled, "since")};
    }
    task.sender = text(from, "sender");
    task.sender_id = number<std::uint64_t>(from, "sender_id");
    read_stack(from, task.stack);
    return task;
}

void ProgramSnapshot::read_stack(const Json& from, obs::Stack& stack) {
    for (const Json& await : from.value("awaits", Json::array())) {
        stack.awaits.push_back({read_place(await), text(await, "scope")});
    }
    if (from.contains("wait")) stack.wait = read_wait(from["wait"]);
    if (from.contains("limit_left")) stack.limit = Time{} + duration(from, "limit_left");
    stack.yields = from.value("yields", false);
    stack.lost = from.value("lost", false);
    if (!from.contains("branches")) return;
    for (const Json& branch : from["branches"]) read_stack(branch, stack.branches.emplace_back());
}

auto ProgramSnapshot::read_wait(const Json& from) -> obs::WaitInfo {
    obs::WaitInfo wait;
    wait.kind = named(text(from, "kind"), WaitKind::other);
    wait.object = text(from, "object");
    wait.address = reinterpret_cast<const void*>(number<std::uintptr_t>(from, "address"));  // a name, never followed
    wait.action = keep(from, "action");
    if (from.contains("descriptor")) wait.descriptor = number<int>(from, "descriptor");
    wait.owner = text(from, "owner");
    wait.owner_id = number<std::uint64_t>(from, "owner_id");
    wait.owner_ended = from.value("owner_ended", false);
    if (from.contains("loop")) wait.loop = number<std::size_t>(from, "loop");
    for (const Json& holder : from.value("holders", Json::array())) {
        wait.holders.push_back(
            {text(holder, "task"), number<std::uint64_t>(holder, "task_id"), holder.contains("ended")});
    }
    wait.waiting = number<std::size_t>(from, "waiting");
    wait.used = number<std::size_t>(from, "used");
    wait.bound = number<std::size_t>(from, "bound");
    wait.left = maybe_duration(from, "left");
    wait.text = text(from, "text");
    return wait;
}

auto ProgramSnapshot::read_place(const Json& from) -> obs::Place {
    return {keep(from, "file"), keep(from, "function"), number<std::uint_least32_t>(from, "line"),
        from.value("library", false)};
}

auto place_text(const obs::Place& place) -> std::string {
    if (place.line == 0) return "an unknown place";
    return std::string(place.file) + ":" + std::to_string(place.line);
}

auto task_title(const obs::TaskInfo& task) -> std::string {
    return task.name.empty() ? "task of " + place_text(task.spawned) : "task '" + task.name + "'";
}

auto sender_text(const obs::TaskInfo& task) -> std::string {
    return task.sender.empty() ? std::string() : ", for " + task.sender;
}

auto doing_text(const obs::TaskInfo& task) -> std::string {
    if (task.state != obs::TaskState::waiting) return std::string(to_string(task.state));
    if (!task.stack.wait) return "waiting";
    // Of a `race` or `gather`: what the first of its branches that wait is for.
    const obs::Stack* stack = &task.stack;
    for (;;) {
        const auto inside = std::find_if(stack->branches.begin(), stack->branches.end(),
            [](const obs::Stack& branch) { return branch.wait.has_value(); });
        if (inside == stack->branches.end()) break;
        stack = &*inside;
    }
    if (stack == &task.stack) return task.stack.wait->text;
    return std::string(to_string(task.stack.wait->kind)) + ": " + stack->wait->text;
}

auto innermost_place(const obs::TaskInfo& task) -> obs::Place {
    const auto& awaits = task.stack.awaits;
    const auto of_program = std::find_if(awaits.rbegin(), awaits.rend(),
        [](const obs::Await& await) { return await.place.line != 0 && !await.place.is_of_library; });
    if (of_program != awaits.rend()) return of_program->place;
    const auto any = std::find_if(
        awaits.rbegin(), awaits.rend(), [](const obs::Await& await) { return await.place.line != 0; });
    return any != awaits.rend() ? any->place : task.spawned;
}

}  // namespace gyre::cli

#include "inspect_commands.hpp"

#include "descriptors.hpp"
#include "inspect_views.hpp"
#include "inspected.hpp"
#include "snapshot_reader.hpp"
#include "text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gyre::cli {

namespace {

constexpr int status_failed = 1;

struct InspectArguments {
    InspectArguments() = default;

    std::string target;
    std::string task;
    double long_wait = 1;  ///< Seconds, of `doctor`.
    bool json = false;
};

using Command = std::function<Task<int>(const InspectArguments&, Inspected&)>;

void print(const nlohmann::json& value) { std::cout << harmless_json(value) << "\n"; }

/// What each program in the list does, in one line; of one that does not answer, why.
auto describe(const RunningProgram& program) -> Task<nlohmann::json> {
    nlohmann::json row = {{"pid", program.process}, {"name", program.name}, {"socket", program.socket}};
    try {
        Inspected inspected(program.socket);
        const auto answer = co_await inspected.get_json("/v1/figures", std::chrono::seconds(2));
        row["uptime_ns"] = answer.at("uptime_ns");
        row["loops"] = answer.at("loops").size();
        std::uint64_t tasks = 0;
        bool blocked = false;
        std::size_t unread = 0;
        for (const auto& loop : answer.at("loops")) {
            if (!loop.value("is_read", true)) ++unread;
            tasks += loop.at("task_count").get<std::uint64_t>();
            blocked = blocked || loop.contains("blocked_for_ns");
        }
        row["tasks"] = tasks;
        row["blocked"] = blocked;
        row["unread_loops"] = unread;
    } catch (const std::exception& error) {
        row["error"] = error.what();
    }
    co_return row;
}

auto list_programs(bool json) -> Task<int> {
    nlohmann::json all = nlohmann::json::array();
    for (const RunningProgram& program : running_programs()) {
        auto row = co_await describe(program);
        all.push_back(std::move(row));
    }
    if (json) {
        print(all);
        co_return 0;
    }
    if (all.empty()) {
        std::cout << "no gyre program with a control socket runs here\n";
        co_return 0;
    }
    std::cout << "    PID  NAME              LOOPS   TASKS        UP\n";
    std::map<int, int> runs;
    for (const auto& row : all) ++runs[row["pid"].get<int>()];
    for (const auto& row : all) {
        // Of several runs in one process each is named by its socket.
        const std::string socket = runs[row["pid"].get<int>()] > 1 ? "  " + row["socket"].get<std::string>() : "";
        std::cout << right_aligned(std::to_string(row["pid"].get<int>()), 7) << "  "
                  << left_aligned(row["name"].get<std::string>(), 16);
        if (row.contains("error")) {
            std::cout << "  " << row["error"].get<std::string>() << socket << "\n";
            continue;
        }
        std::cout << "  " << right_aligned(std::to_string(row["loops"].get<std::size_t>()), 5) << "  "
                  << right_aligned(std::to_string(row["tasks"].get<std::uint64_t>()), 6) << "  "
                  << right_aligned(time_text(Duration(row["uptime_ns"].get<std::int64_t>())), 8)
                  << (row["blocked"].get<bool>() ? "  a loop does not answer" : "")
                  << (row["unread_loops"].get<std::size_t>() > 0
                             ? "  a loop could not be read: its tasks are not counted"
                             : "")
                  << socket << "\n";
    }
    co_return 0;
}

auto show_tasks(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    const auto answer = co_await inspected.get_json("/v1/snapshot");
    if (arguments.json) {
        print(answer);
        co_return 0;
    }
    const ProgramSnapshot all(answer);
    std::cout << inspected.title() << ", up " << time_text(all.uptime()) << "\n";
    for (const obs::Snapshot& loop : all.loops()) obs::write_text(std::cout, loop);
    co_return 0;
}

auto snapshot_of(Inspected& inspected, AnyDuration limit = std::chrono::seconds(10))
    -> Task<std::unique_ptr<ProgramSnapshot>> {
    const auto answer = co_await inspected.get_json("/v1/snapshot", limit);
    co_return std::make_unique<ProgramSnapshot>(answer);
}

/// Another look, which can tell what of `first` stood still.
auto second_look(Inspected& inspected, std::unique_ptr<ProgramSnapshot> first)
    -> Task<std::unique_ptr<ProgramSnapshot>> {
    co_await sleep(std::chrono::milliseconds(20));  // what moves has time for it
    auto second = co_await snapshot_of(inspected);
    second->compare_with(*first);
    co_return second;
}

/// Beside JSON, which has only what was seen.
void warn_of_not_seen(const ProgramSnapshot& all) {
    const auto text = not_seen_text(all);
    if (!text.empty()) std::fprintf(stderr, "gyre: not all was looked at:\n%s", text.c_str());
}

auto show_tree(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    if (arguments.json) co_return co_await show_tasks(arguments, inspected);
    const auto all = co_await snapshot_of(inspected);
    std::cout << tree_text(*all);
    co_return 0;
}

auto show_why(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    constexpr std::size_t most_shown = 10;
    auto all = co_await snapshot_of(inspected);
    auto found = find_tasks(*all, arguments.task);
    if (is_unsure(*all, found)) {
        all = co_await second_look(inspected, std::move(all));
        found = find_tasks(*all, arguments.task);
    }
    if (arguments.json) {
        warn_of_not_seen(*all);
        nlohmann::json reasons = nlohmann::json::array();
        for (const obs::TaskInfo* task : found) reasons.push_back(reason_json(*all, *task));
        print(reasons);
        co_return 0;
    }
    std::cout << not_seen_text(*all);
    for (std::size_t i = 0; i < std::min(found.size(), most_shown); ++i) {
        std::cout << (i == 0 ? "" : "\n") << reason_text(*all, *found[i]);
    }
    if (found.size() > most_shown) std::cout << "\n... and " << found.size() - most_shown << " more tasks\n";
    co_return 0;
}

auto stall_text(const nlohmann::json& stall, std::int64_t uptime) -> std::string {
    const auto word = [&stall](const char* name) { return harmless(stall.at(name).get<std::string>()); };
    std::string text = time_text(Duration(uptime - stall.at("at_ns").get<std::int64_t>())) + " ago: loop " +
                       std::to_string(stall.at("loop").get<int>()) + " had not come back for " +
                       time_text(Duration(stall.at("lasted_ns").get<std::int64_t>())) + ": " + word("cause");
    const auto detail = word("detail");
    const auto task = word("task");
    text += (detail.empty() ? "" : " (" + detail + ")") + "\n";
    if (!task.empty()) text += "  in task '" + task + "'\n";
    for (const auto& place : stall.at("awaits")) {
        text += "    at " + harmless(place.at("file").get<std::string>()) + ":" +
                std::to_string(place.at("line").get<int>());
        if (place.contains("function")) text += " in " + harmless(place["function"].get<std::string>());
        text += "\n";
    }
    if (!stall.at("stack").empty()) text += "  on the thread's stack\n";
    for (const auto& line : stall.at("stack")) text += "    " + harmless(line.get<std::string>()) + "\n";
    const auto suppressed = stall.at("suppressed").get<std::size_t>();
    if (suppressed > 0) text += "  " + std::to_string(suppressed) + " more before it were too many to be reported\n";
    return text;
}

/// The loops that are blocked now.
auto blocked_loops(const ProgramSnapshot& all) -> nlohmann::json {
    nlohmann::json blocked = nlohmann::json::array();
    for (const obs::Snapshot& loop : all.loops()) {
        if (!loop.blocked_for) continue;
        nlohmann::json row = {
            {"loop", loop.loop}, {"blocked_for_ns", loop.blocked_for->count()}, {"thread_stack", loop.thread_stack}};
        for (const obs::TaskInfo& task : loop.tasks) {
            if (task.state != obs::TaskState::running) continue;
            row["task"] = task_title(task);
            row["place"] = place_text(innermost_place(task));
        }
        blocked.push_back(std::move(row));
    }
    return blocked;
}

auto show_stalls(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    auto answer = co_await inspected.get_json("/v1/stalls");
    const auto all = co_await snapshot_of(inspected);
    const auto blocked = blocked_loops(*all);
    if (arguments.json) {
        answer["blocked"] = blocked;
        print(answer);
        co_return 0;
    }
    for (const auto& stall : answer.at("stalls"))
        std::cout << stall_text(stall, answer.at("uptime_ns").get<std::int64_t>());
    if (answer.at("stalls").empty()) std::cout << "no stall was reported\n";
    if (answer.at("stall_limit_ns").get<std::int64_t>() == 0) {
        std::cout << "the program does not look for stalls: set RunOptions::stall_limit, to 25ms for instance\n";
    }
    for (const auto& loop : blocked) {
        std::cout << "now: loop " << loop["loop"].get<std::size_t>() << " has not come back for "
                  << time_text(Duration(loop["blocked_for_ns"].get<std::int64_t>())) << "\n";
        if (loop.contains("task")) {
            std::cout << "  in " << loop["task"].get<std::string>() << ", at " << loop["place"].get<std::string>()
                      << "\n";
        }
        for (const auto& line : loop["thread_stack"]) std::cout << "    " << line.get<std::string>() << "\n";
    }
    co_return 0;
}

auto show_locks(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    auto all = co_await snapshot_of(inspected);
    if (is_unsure(*all)) all = co_await second_look(inspected, std::move(all));
    if (arguments.json) {
        warn_of_not_seen(*all);
        print(locks_json(*all));
    } else {
        std::cout << locks_text(*all);
    }
    co_return 0;
}

/// Who has opened the sockets of the program: "opened at main.cpp:20 by task 'x'".
auto openers(const ProgramSnapshot& all) -> std::map<int, std::string> {
    std::map<int, std::string> by_descriptor;
    for (const obs::Snapshot& loop : all.loops()) {
        for (const obs::SocketInfo& socket : loop.sockets) {
            if (socket.opened.line == 0 && socket.opener.empty()) continue;
            std::string& text = by_descriptor[socket.descriptor];
            text = "opened";
            if (socket.opened.line != 0) text += " at " + place_text(socket.opened);
            if (!socket.opener.empty()) text += " by task '" + socket.opener + "'";
        }
    }
    return by_descriptor;
}

/// What tasks do with a descriptor: "task 'x': receive at main.cpp:20".
auto users(const ProgramSnapshot& all) -> std::map<int, std::vector<std::string>> {
    std::map<int, std::vector<std::string>> tasks;
    for (const obs::Snapshot& loop : all.loops()) {
        for (const obs::TaskInfo& task : loop.tasks) {
            each_wait(task.stack, [&](const obs::WaitInfo& wait) {
                if (wait.descriptor < 0) return;
                tasks[wait.descriptor].push_back(task_title(task) +
                                                 (wait.action.empty() ? "" : ": " + std::string(wait.action)) + " at " +
                                                 place_text(innermost_place(task)));
            });
        }
    }
    return tasks;
}

/// @param all null: nothing is known of the program's tasks.
void print_descriptors(const std::vector<OpenDescriptor>& descriptors, const ProgramSnapshot* all, bool json) {
    auto tasks = all != nullptr ? users(*all) : std::map<int, std::vector<std::string>>();
    auto opened = all != nullptr ? openers(*all) : std::map<int, std::string>();
    nlohmann::json rows = nlohmann::json::array();
    for (const OpenDescriptor& open : descriptors) {
        const auto& waiting = tasks[open.number];
        const auto& opener = opened[open.number];
        if (json) {
            rows.push_back({{"descriptor", open.number}, {"kind", open.kind}, {"text", open.text}});
            if (all != nullptr) rows.back()["tasks"] = waiting;
            if (!opener.empty()) rows.back()["opened"] = opener;
            continue;
        }
        std::cout << right_aligned(std::to_string(open.number), 5) << "  " << left_aligned(open.kind, 8) << "  "
                  << open.text << "\n";
        if (!opener.empty()) std::cout << "                   " << opener << "\n";
        for (const std::string& task : waiting) std::cout << "                   " << task << "\n";
    }
    if (json) print(rows);
}

auto show_descriptors(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    const int process = inspected.program().process;
    // One that has no descriptor for this connection is waited for less long: the kernel tells most of it.
    const std::chrono::seconds limit(descriptors_are_out(process) ? 2 : 10);
    std::unique_ptr<ProgramSnapshot> all;
    std::string failure;
    try {
        all = co_await snapshot_of(inspected, limit);
    } catch (const InspectError& error) {
        failure = error.what();
    }
    std::vector<OpenDescriptor> open;
    try {
        open = open_descriptors(process);
    } catch (const InspectError&) {
        if (failure.empty()) throw;
        throw InspectError(failure);
    }
    if (all && arguments.json) warn_of_not_seen(*all);
    if (all && !arguments.json) std::cout << not_seen_text(*all);
    print_descriptors(open, all.get(), arguments.json);
    if (all) co_return 0;
    std::cout.flush();
    std::fprintf(stderr, "gyre: what its tasks do with them is not known: %s\n", failure.c_str());
    co_return status_failed;
}

/// What the program itself finds wrong, in some looks over that time.
auto show_findings(const InspectArguments& arguments, Inspected& inspected) -> Task<int> {
    const std::chrono::milliseconds length(static_cast<std::int64_t>(arguments.long_wait * 1000));
    const std::string path = "/v1/findings?long=" + std::to_string(length.count());
    const auto answer = co_await inspected.get_json(path, length + std::chrono::seconds(20));
    if (arguments.json) {
        print(answer);
        co_return 0;
    }
    for (const auto& finding : answer.at("findings")) {
        const auto text = [&finding](const char* name) { return harmless(finding.value(name, std::string())); };
        const auto place = text("place");
        const auto task = text("task");
        const auto more = finding.value("count", std::size_t{1}) - 1;
        std::cout << text("severity") << " (" << text("rule") << ")" << (place.empty() ? "" : " at " + place)
                  << (task.empty() ? "" : ", task '" + task + "'")
                  << (more == 0 ? "" : " and " + std::to_string(more) + " more") << "\n    " << text("text")
                  << "\n    what to do: " << text("advice") << "\n";
    }
    if (answer.at("findings").empty()) std::cout << "nothing is wrong that can be seen from here\n";
    co_return 0;
}

auto run_command(const InspectArguments& arguments, const Command& command) -> Task<int> {
    if (arguments.target.empty()) {
        const auto status = co_await list_programs(arguments.json);
        co_return status;
    }
    Inspected inspected(arguments.target);
    co_return co_await command(arguments, inspected);
}

auto guarded(const InspectArguments& arguments, const Command& command) -> int {
    try {
        return run([&] { return run_command(arguments, command); });
    } catch (const InspectError& error) {
        std::fprintf(stderr, "gyre: %s\n", error.what());
        return status_failed;
    }
}

auto add(CLI::App& app, int& status, const char* name, const char* what, Command command, bool takes_task = false)
    -> std::pair<CLI::App*, std::shared_ptr<InspectArguments>> {
    auto arguments = std::make_shared<InspectArguments>();
    auto* added = app.add_subcommand(name, what);
    if (takes_task) {
        added->add_option("TASK", arguments->task, "Its name, its number, or a line where it stands: main.cpp:20")
            ->required();
    }
    added->add_option("PROGRAM", arguments->target,
        "A process number, a program's name, or the path of a control socket; without it, the programs that there are");
    added->add_flag("--json", arguments->json, "Print JSON");
    added->callback([arguments, command = std::move(command), &status] { status = guarded(*arguments, command); });
    return {added, arguments};
}

}  // namespace

void add_inspect_commands(CLI::App& app, int& status) {
    add(app, status, "ps", "Shows what every task of a running program does", show_tasks);
    add(app, status, "tree", "Shows the tree of its tasks, a line each", show_tree);
    add(app, status, "why", "Shows what a task waits for, who has that, what they wait for, and so on", show_why, true);
    add(app, status, "stalls", "Shows when its loops did not come back, and why", show_stalls);
    add(app, status, "locks", "Shows locks, queues and the like that tasks wait for, with owners and deadlocks",
        show_locks);
    const auto [doctor, of_doctor] = add(
        app, status, "doctor", "Says what is wrong with it, and what to do", show_findings);
    doctor->add_option("--long", of_doctor->long_wait, "Seconds that it looks for; a wait that lasts longer is long")
        ->check(CLI::Range(0.001, 20.0))
        ->capture_default_str();
    add(app, status, "fds", "Shows its open descriptors, and the tasks that wait on them", show_descriptors);
}

}  // namespace gyre::cli

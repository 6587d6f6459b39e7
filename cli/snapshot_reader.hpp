#pragma once

#include <gyre/obs/dump.hpp>
#include <gyre/obs/snapshot.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gyre::cli {

/// The answer to "/v1/snapshot", as the snapshots that it was made of; `Stack::limit` counts from when they were taken.
class ProgramSnapshot {
public:
    /// @throws InspectError if it is of another version, or something else.
    explicit ProgramSnapshot(const nlohmann::json& answer);
    ProgramSnapshot(const ProgramSnapshot&) = delete;
    auto operator=(const ProgramSnapshot&) -> ProgramSnapshot& = delete;
    ~ProgramSnapshot() = default;

    [[nodiscard]] auto loops() const noexcept -> const std::vector<obs::Snapshot>& { return loops_; }
    [[nodiscard]] auto uptime() const noexcept -> Duration { return uptime_; }
    /// A task of any loop, or null.
    [[nodiscard]] auto find(std::uint64_t id) const -> const obs::TaskInfo*;
    /// False: there are tasks that were not looked at, or may not have been.
    [[nodiscard]] auto has_all() const -> bool;

    /// An earlier one of the same program shows which tasks stood still since: those that were looked at in several steps, or on
    /// several loops, fit together then.
    void compare_with(const ProgramSnapshot& before);
    /// Whether it stood where it stands in the one that this was compared with.
    [[nodiscard]] auto stood_still(const obs::TaskInfo& task) const -> bool { return still_.count(task.id) != 0; }

private:
    [[nodiscard]] auto read_loop(const nlohmann::json& from) -> obs::Snapshot;
    void read_remarks(const nlohmann::json& from, obs::Snapshot& all);
    [[nodiscard]] auto read_task(const nlohmann::json& from) -> obs::TaskInfo;
    void read_stack(const nlohmann::json& from, obs::Stack& stack);
    [[nodiscard]] auto read_wait(const nlohmann::json& from) -> obs::WaitInfo;
    [[nodiscard]] auto read_place(const nlohmann::json& from) -> obs::Place;
    [[nodiscard]] auto keep(const nlohmann::json& from, const char* name) -> std::string_view;

    std::vector<obs::Snapshot> loops_;
    Duration uptime_{};
    std::set<std::string, std::less<>> texts_;  ///< What the snapshots only refer to, each once.
    std::unordered_map<std::uint64_t, const obs::TaskInfo*> by_id_;
    std::unordered_set<std::uint64_t> still_;  ///< Of loops that were looked at in several steps, or of several loops.
};

/// "task 'Plato'", or "task of main.cpp:20".
[[nodiscard]] auto task_title(const obs::TaskInfo& task) -> std::string;
/// "main.cpp:20"
[[nodiscard]] auto place_text(const obs::Place& place) -> std::string;
/// ", for task 'alice' of loop 0", of one that works for a task of another loop; else empty.
[[nodiscard]] auto sender_text(const obs::TaskInfo& task) -> std::string;
/// What it does in one line: "running", "lock 'left fork', which task 'Plato' holds".
[[nodiscard]] auto doing_text(const obs::TaskInfo& task) -> std::string;
/// Where it stands: the innermost of its awaits that is a line of the program, else of gyre; else where it was spawned.
[[nodiscard]] auto innermost_place(const obs::TaskInfo& task) -> obs::Place;

}  // namespace gyre::cli

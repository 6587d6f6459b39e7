#pragma once

#include "snapshot_reader.hpp"
#include "wait_graph.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What is made of a snapshot, by who reads it: nothing of this runs in the program that is looked at.
namespace gyre::cli {

/// The tree of tasks, a line each; tasks that do the same at the same place are one line.
[[nodiscard]] auto tree_text(const ProgramSnapshot& all) -> std::string;

/// The tasks that `wanted` means: a name, a number, or a line where a task stands or was spawned.
/// @throws InspectError if there is none; the text names some that there are.
[[nodiscard]] auto find_tasks(const ProgramSnapshot& all, std::string_view wanted) -> std::vector<const obs::TaskInfo*>;

/// What there is in the program and not in `all`, a line for each loop of which something is; empty: nothing.
[[nodiscard]] auto not_seen_text(const ProgramSnapshot& all) -> std::string;

[[nodiscard]] auto reason_of(const ProgramSnapshot& all, const obs::TaskInfo& task) -> Reason;
[[nodiscard]] auto reason_text(const ProgramSnapshot& all, const obs::TaskInfo& task) -> std::string;
[[nodiscard]] auto reason_json(const ProgramSnapshot& all, const obs::TaskInfo& task) -> nlohmann::json;

/// Something that tasks wait for: a lock, queue, event...
struct WaitedFor {
    WaitedFor() = default;

    std::size_t loop = 0;
    const obs::WaitInfo* wait = nullptr;  ///< Of the first task that waits.
    std::vector<const obs::TaskInfo*> tasks;
};
/// Every object that more than its own task can wait for, those with the most waiting tasks first.
[[nodiscard]] auto waited_for(const ProgramSnapshot& all) -> std::vector<WaitedFor>;
[[nodiscard]] auto locks_text(const ProgramSnapshot& all) -> std::string;
[[nodiscard]] auto locks_json(const ProgramSnapshot& all) -> nlohmann::json;

/// Whether a circle, or that of one of `tasks` if there are any, may be none, as its tasks were looked at at different moments: a
/// second snapshot that is compared with this one can tell.
[[nodiscard]] auto is_unsure(const ProgramSnapshot& all, const std::vector<const obs::TaskInfo*>& tasks = {}) -> bool;

/// Every wait of a task, those in its branches included.
void each_wait(const obs::Stack& stack, const std::function<void(const obs::WaitInfo&)>& function);

}  // namespace gyre::cli

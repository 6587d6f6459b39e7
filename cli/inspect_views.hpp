#pragma once

#include "snapshot_reader.hpp"

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

/// Why a task does not go on: what it waits for, who has that, what they wait for, and so on.
struct Reason {
    Reason() = default;

    std::vector<const obs::TaskInfo*> chain;  ///< The task, who has what it waits for, and so on.
    std::vector<std::string_view> links;  ///< What each is to the one before: "which is held by"; one less than `chain`.
    bool is_circle = false;               ///< The last one was there before.
    std::string ends_by;  ///< Of a circle: the time limit or cancellation that ends it, in words; empty: nothing does.
};
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

/// Tasks that wait for each other.
struct Circle {
    Circle() = default;

    std::vector<const obs::TaskInfo*> tasks;
    std::string ends_by;  ///< As that of `Reason`.
};
/// All such circles, each once.
[[nodiscard]] auto circles(const ProgramSnapshot& all) -> std::vector<Circle>;

/// Every wait of a task, those in its branches included.
void each_wait(const obs::Stack& stack, const std::function<void(const obs::WaitInfo&)>& function);

}  // namespace gyre::cli

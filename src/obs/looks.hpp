#pragma once

#include <gyre/obs/findings.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gyre::obs {

/// How many tasks of a loop each look of an examination from outside has at most: six such looks take some 5 KB for each.
inline constexpr std::size_t most_tasks_examined = 100'000;

/// Below, what comes up again and again cannot be told from what came up twice.
inline constexpr std::size_t few_looks = 3;

/// A few looks at one loop, and what they have in common.
class Looks {
public:
    explicit Looks(std::span<const Snapshot> looks);

    [[nodiscard]] auto all() const noexcept -> std::span<const Snapshot> { return looks_; }
    [[nodiscard]] auto first() const noexcept -> const Snapshot& { return looks_.front(); }
    [[nodiscard]] auto last() const noexcept -> const Snapshot& { return looks_.back(); }
    /// From the first look to the last.
    [[nodiscard]] auto length() const noexcept -> Duration { return last().taken - first().taken; }

    /// The task in that look; null if it was not there.
    [[nodiscard]] auto find(std::size_t look, std::uint64_t id) const -> const TaskInfo*;
    /// The task of the last look.
    [[nodiscard]] auto find(std::uint64_t id) const -> const TaskInfo* { return find(looks_.size() - 1, id); }

    /// How long a task of the last look is known to stand where it does, for the same thing.
    [[nodiscard]] auto stands(const TaskInfo& task) const -> Duration;
    /// Whether a task that was ready in each look must have run between them: the loop ran more than what was ahead of it then. Ready
    /// tasks have their turn in the order in which they were woken, those of a higher priority first.
    [[nodiscard]] auto had_turns(const TaskInfo& task) const -> bool;
    /// Whether a cancelled task caught that and goes on: it had its turns and was ready again in each look, as outside of a shield each
    /// of its waits ends at once.
    [[nodiscard]] auto goes_on(const TaskInfo& task) const -> bool;
    /// In how many looks a task was such.
    [[nodiscard]] auto count(const TaskInfo& task, bool (*is_such)(const TaskInfo&)) const -> std::size_t;

private:
    std::span<const Snapshot> looks_;
    std::vector<std::unordered_map<std::uint64_t, const TaskInfo*>> index_;
    bool has_turned_over_ = true;             ///< Between two looks everything ran that was ready in the first.
    Priority highest_ready_ = Priority::low;  ///< Of all tasks that were ready in a look.
};

/// "1 task", "2 tasks"
[[nodiscard]] auto counted(std::size_t count, std::string_view one) -> std::string;
/// Whether the end of a wait comes from outside of the loop's tasks: from the clock, the kernel or another thread.
[[nodiscard]] auto comes_from_outside(WaitKind kind) noexcept -> bool;
/// Its name, or where it was spawned.
[[nodiscard]] auto title_of(const TaskInfo& task) -> std::string;
/// "main.cpp:20", or "an unknown place".
[[nodiscard]] auto text_of(const Place& place) -> std::string;
/// The innermost line of the program in a chain, or else `above`; gyre's own lines below it say less.
[[nodiscard]] auto last_line(const Stack& stack, const Place& above) -> Place;
/// Where the chain of awaits ends.
[[nodiscard]] auto end_of(const TaskInfo& task) -> Place;
/// "waits on lock 'journal' at main.cpp:20".
[[nodiscard]] auto standing_of(const TaskInfo& task) -> std::string;

/// Calls `function` with each end of a task: its chain, or those of its branches.
void for_each_end(
    const Stack& stack, const Place& above, const std::function<void(const Stack&, const Place&)>& function);

/// One as a JSON object.
void write_json(std::ostream& out, const Finding& finding);

/// A loop whose turn lasts `lasted` already: certain to be wrong if that is `long_wait` or more. Without task and place.
[[nodiscard]] auto blocked_loop(Duration lasted, Duration long_wait, std::string_view cause) -> Finding;
/// The same from a look at it, with the task that runs.
[[nodiscard]] auto blocked_loop(const Snapshot& look, Duration long_wait) -> Finding;

/// The last looks that show the whole loop, after the last one before them that found it blocked: of such a one only the tasks are
/// known, if anything.
[[nodiscard]] auto whole_looks(std::span<const Snapshot> looks) -> std::span<const Snapshot>;

/// That there are tasks which not every look has, and what cannot be told for that.
[[nodiscard]] auto unseen_tasks(const Looks& looks) -> std::optional<Finding>;

/// Circles of tasks, and tasks that nothing can wake. Adds them to `found`.
void find_dead_tasks(const Looks& looks, std::vector<Finding>& found);

/// Tasks that wait for each other, and what is to be said of them.
struct WaitCircle {
    Finding finding;
    std::vector<std::uint64_t> tasks;
};
/// The circles alone.
[[nodiscard]] auto find_circles(const Looks& looks) -> std::vector<WaitCircle>;
/// Those that go over several loops, from looks at each loop of a program, the oldest first. What counts is what stood still between
/// two looks, since each loop was looked at at a moment of its own. Takes from `looks` what it needs.
[[nodiscard]] auto find_circles_across(std::span<std::vector<Snapshot>> looks) -> std::vector<WaitCircle>;

}  // namespace gyre::obs

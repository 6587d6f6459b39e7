#pragma once

#include "snapshot_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gyre::cli {

/// Why a task does not go on: what it waits for, who has that, what they wait for, and so on.
struct Reason {
    Reason() = default;

    std::vector<const obs::TaskInfo*> chain;  ///< The task, who has what it waits for, and so on.
    std::vector<std::string_view> links;  ///< What each is to the one before: "which is held by"; one less than `chain`.
    bool is_circle = false;               ///< The last one was there before.
    std::string ends_by;  ///< Of a circle: the time limit or cancellation that ends it, in words; empty: nothing does.
    bool is_unsure = false;  ///< `ends_by` only says that its tasks were looked at at different moments.

    /// Where the last one waits in several branches: what each task that one of them waits for waits for, and so on.
    std::vector<Reason> branches;
    std::size_t more_branches = 0;  ///< That wait for other tasks and were too many.
    bool is_held = false;  ///< Of a branch: its first task has what is waited for, and is not waited for itself.
    bool is_told = false;  ///< Of a branch: its last task stands in what was told before.
};

/// Tasks that wait for each other.
struct Circle {
    Circle() = default;

    std::vector<const obs::TaskInfo*> tasks;
    std::string ends_by;     ///< As that of `Reason`.
    bool is_unsure = false;  ///< As that of `Reason`.
};

/// What a task waits for: the wait itself, or that of the only branch which has not ended; null: it is of several, or of none.
[[nodiscard]] auto last_wait(const obs::TaskInfo& task) -> const obs::WaitInfo*;

/// From each task to those that hold it up, as far as the snapshot tells. It refers to that.
class WaitGraph {
public:
    explicit WaitGraph(const ProgramSnapshot& all);

    /// If a circle holds the task up, in whichever branch or task of its group that is, the way into it; else as far as its only
    /// wait leads, and from there as far as that of each branch does.
    [[nodiscard]] auto reason_of(const obs::TaskInfo& task) const -> Reason;
    /// Those that nothing ends first. Of circles that share a task one is told.
    [[nodiscard]] auto circles() const -> std::vector<Circle>;

private:
    struct Edge {
        const obs::TaskInfo* to = nullptr;
        std::string_view link;
        const obs::Stack* waits = nullptr;  ///< The branch of the task that waits.
    };
    /// What ends a wait though nobody gives what it is for.
    struct End {
        std::string text;  ///< Empty: nothing does.
        bool is_unsure = false;
    };
    enum class Edges : std::uint8_t { all, for_good };
    using Ring = std::vector<const obs::TaskInfo*>;
    using Tasks = std::unordered_set<const obs::TaskInfo*>;

    /// All that have to go on before the task does; none where any of several would do.
    [[nodiscard]] auto edges_of(const obs::TaskInfo& task, Edges which = Edges::all) const -> std::vector<Edge>;
    void add_edges(
        const obs::TaskInfo& task, const obs::Stack& stack, bool is_one_of_several, std::vector<Edge>& edges) const;
    [[nodiscard]] auto end_of(const obs::TaskInfo& task, const obs::Stack& stack) const -> End;
    [[nodiscard]] auto end_of_group(std::uint64_t opener) const -> const std::string&;
    /// What ends the task for which another loop's one, or its group, does its work; empty: nothing does.
    [[nodiscard]] auto end_of_sender(const obs::TaskInfo& task) const -> std::string;
    /// Of those that are of several loops, the first that may have moved between the moments at which these were looked at.
    [[nodiscard]] auto moved_of(const Ring& ring) const -> const obs::TaskInfo*;
    [[nodiscard]] auto end_of_ring(const Ring& ring) const -> End;
    [[nodiscard]] static auto link(const std::vector<Edge>& edges, const obs::TaskInfo& to) -> const Edge*;

    /// What a search for circles has passed, so that it passes each task once.
    struct Search {
        Tasks visited;
        Tasks in_ring;  ///< Of a circle that was found: of those that share a task one is.
    };
    /// Circles that can be come to from `start` and were not yet.
    void find_rings(const obs::TaskInfo& start, Edges which, Search& search, std::vector<Ring>& found) const;
    [[nodiscard]] auto plain_chain(const obs::TaskInfo& task) const -> Reason;
    /// All that a task waits for, in whichever branch that is; any of them may do.
    void add_edges_of_branches(const obs::TaskInfo& task, const obs::Stack& from, std::vector<Edge>& edges) const;
    /// @param told the tasks that the reason has so far; those of its branches are added.
    void add_branches(Reason& reason, Tasks& told) const;
    /// The shortest way into a circle; an empty chain: there is none.
    [[nodiscard]] auto chain_into_circle(const obs::TaskInfo& task, Edges which) const -> Reason;

    const ProgramSnapshot& all_;
    bool has_senders_ = false;                                       ///< Some task works for one on another loop.
    std::unordered_map<const obs::TaskInfo*, std::size_t> loop_of_;  ///< If there are several.
    std::unordered_set<const obs::TaskInfo*> moved_;  ///< Perhaps, between the moments at which the others were looked at.
    std::unordered_map<std::uint64_t, std::vector<const obs::TaskInfo*>> children_;  ///< The oldest first.
    mutable std::unordered_map<std::uint64_t, std::string> ends_of_groups_;          ///< Many tasks have one parent.
};

}  // namespace gyre::cli

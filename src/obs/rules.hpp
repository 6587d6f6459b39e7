#pragma once

#include "obs/looks.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

inline constexpr std::size_t most_named = 3;  // tasks in one text

/// What every rule reads, and where it puts what it has found.
struct Examined {
    void add(Rule rule, Severity severity, const TaskInfo& task, const Place& place, std::string text,
        std::string_view advice) const;

    const Looks& looks;
    const Snapshot& now;  ///< The last look.
    const FindingOptions& options;
    Duration long_wait;
    std::vector<Finding>& found;
};

/// What tasks wait for that others hold, or have not done: locks, permits, full queues, silent peers, busy threads.
void find_long_waits(const Examined& all);
/// Who was cancelled and does not end, and gathers that wait for one branch.
void find_unended(const Examined& all);
/// Who has no turn, who takes too many, and slices that are too long. After `find_unended`.
void find_unfair_turns(const Examined& all);
/// What was dropped, errors that nobody received, and what there is more and more of.
void find_waste(const Examined& all);

}  // namespace gyre::obs

#pragma once

#include "obs/looks.hpp"

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gyre::obs {

/// Tells a chain of tasks that lives as long as the program wants, as a server does, from one in which something is late.
class AtWork {
public:
    AtWork(const Looks& looks, Duration long_wait) noexcept : looks_(looks), long_(long_wait) {}

    /// Whether what `stack`, a part of `task`, waits for is at work: followed through joins, groups and branches, some end of it
    /// waits for what need never come (a connection to accept, a signal), or some task on the way is not where it was.
    [[nodiscard]] auto is_at_work(const TaskInfo& task, const Stack& stack) -> bool;

private:
    auto follow(const TaskInfo& task, const Stack& stack) -> bool;
    /// Somebody waits for this task.
    void note(const TaskInfo* task);
    void find_children();

    const Looks& looks_;
    Duration long_;
    std::unordered_multimap<std::uint64_t, const TaskInfo*> children_;
    bool has_children_ = false;
    std::unordered_set<std::uint64_t> seen_;  ///< Of one question.
    std::vector<const TaskInfo*> to_see_;
};

}  // namespace gyre::obs

#include "obs/looks.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace gyre::obs {

namespace {

auto waits_for_other_loop(const Stack& stack) -> bool {
    return (stack.wait && stack.wait->kind == WaitKind::loop && stack.wait->owner_id != 0) ||
           std::any_of(stack.branches.begin(), stack.branches.end(), waits_for_other_loop);
}

auto waits_for_other_loop(const Snapshot& look) -> bool {
    return std::any_of(
        look.tasks.begin(), look.tasks.end(), [](const TaskInfo& task) { return waits_for_other_loop(task.stack); });
}

/// The last look at a loop, and one before.
struct Pair {
    Snapshot* before;
    Snapshot* last;
};

/// Of each loop, so that there is a moment between all the looks before and all the last ones; empty: there are no such.
auto pairs_of(std::span<std::vector<Snapshot>> looks) -> std::vector<Pair> {
    Time end = Time::max();
    for (const auto& of_loop : looks) {
        const auto whole = whole_looks(of_loop);
        if (whole.empty() || &whole.back() != &of_loop.back()) return {};
        end = std::min(end, whole.back().taken);
    }
    std::vector<Pair> pairs;
    for (auto& of_loop : looks) {
        auto before = of_loop.rbegin() + 1;
        const auto first = before + static_cast<std::ptrdiff_t>(whole_looks(of_loop).size() - 1);
        while (before != first && before->taken > end) ++before;
        if (before == first) return {};
        pairs.push_back({&*before, &of_loop.back()});
    }
    return pairs;
}

/// Adds the tasks of a loop to those of others.
void add(Snapshot& all, Snapshot&& of_loop) {
    all.tasks.insert(
        all.tasks.end(), std::move_iterator(of_loop.tasks.begin()), std::move_iterator(of_loop.tasks.end()));
    all.task_count += of_loop.task_count;
    all.ready += of_loop.ready;
    all.timers += of_loop.timers;
    all.in_flight += of_loop.in_flight;
    all.expected_posts += of_loop.expected_posts;
    all.steps += of_loop.steps;  // so more than one, for they are of different moments
    all.taken = of_loop.taken;
}

}  // namespace

auto find_circles_across(std::span<std::vector<Snapshot>> looks) -> std::vector<WaitCircle> {
    const bool is_asked = std::any_of(looks.begin(), looks.end(),
        [](const auto& of_loop) { return !of_loop.empty() && waits_for_other_loop(of_loop.back()); });
    if (!is_asked) return {};
    std::unordered_map<std::uint64_t, std::size_t> loop_of;
    std::vector<Snapshot> merged(2);
    for (Snapshot& look : merged) look.steps = 0;
    for (const auto& [before, last] : pairs_of(looks)) {
        for (const TaskInfo& task : last->tasks) loop_of.emplace(task.id, last->loop);
        add(merged.front(), std::move(*before));
        add(merged.back(), std::move(*last));
    }
    auto circles = find_circles(Looks(merged));
    std::erase_if(circles, [&](const WaitCircle& circle) {
        const auto is_of_first = [&](std::uint64_t task) { return loop_of[task] == loop_of[circle.tasks.front()]; };
        return std::all_of(circle.tasks.begin(), circle.tasks.end(), is_of_first);
    });
    return circles;
}

}  // namespace gyre::obs

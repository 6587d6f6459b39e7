#include "wait_graph.hpp"

#include "text.hpp"

#include <algorithm>
#include <utility>

namespace gyre::cli {

namespace {

using obs::TaskInfo;
using obs::WaitInfo;

constexpr int most_depth = 1000;  // of groups in groups

/// Past stacks that only one branch goes on.
auto innermost(const obs::Stack& from) -> const obs::Stack& {
    const obs::Stack* stack = &from;
    while (stack->branches.size() == 1) stack = &stack->branches.front();
    return *stack;
}

/// How long a limit leaves, in words.
auto limit_text(Duration left) -> std::string {
    return left < Duration::zero() ? "has a time limit that has passed"
                                   : "has a time limit, " + time_text(left) + " left";
}

auto waits_for_group(const obs::Stack& stack) -> bool {
    return (stack.wait && stack.wait->kind == WaitKind::group) ||
           std::any_of(stack.branches.begin(), stack.branches.end(), waits_for_group);
}

/// When a limit around a group that a task has opened ends that, as far as can be told: there may be several.
auto limit_of_group(const obs::Stack& stack) -> Time {
    Time limit = stack.limit;
    const bool is_known = waits_for_group(stack);
    for (const obs::Stack& branch : stack.branches) {
        if (!is_known || waits_for_group(branch)) limit = std::min(limit, limit_of_group(branch));
    }
    return limit;
}

/// The same around the wait for the work that another loop's task does.
auto limit_of_call(const obs::Stack& stack, std::uint64_t work) -> Time {
    Time limit = stack.wait && stack.wait->owner_id == work ? stack.limit : Time::max();
    for (const obs::Stack& branch : stack.branches) limit = std::min(limit, limit_of_call(branch, work));
    return limit;
}

constexpr std::string_view
    at_another_moment = "was looked at at another moment than the others, and perhaps it moved: `gyre doctor` can tell";

}  // namespace

auto last_wait(const TaskInfo& task) -> const WaitInfo* {
    const obs::Stack& stack = innermost(task.stack);
    return stack.wait && stack.branches.empty() ? &*stack.wait : nullptr;
}

WaitGraph::WaitGraph(const ProgramSnapshot& all) : all_(all) {
    for (const obs::Snapshot& loop : all.loops()) {
        for (const TaskInfo& task : loop.tasks) {
            if (loop.steps > 1 && !all.stood_still(task)) moved_.insert(&task);
            if (all.loops().size() > 1) loop_of_.emplace(&task, loop.loop);
            has_senders_ = has_senders_ || task.sender_id != 0;
            if (task.parent != 0) children_[task.parent].push_back(&task);
        }
    }
    const auto is_older = [](const TaskInfo* left, const TaskInfo* right) {
        return left->age && right->age && *left->age > *right->age;
    };
    for (auto& [parent, children] : children_) {
        // Only the first is told from the others; those of unknown age are in no order that could be sorted.
        auto oldest = children.begin();
        for (auto at = children.begin(); at != children.end(); ++at) {
            if (is_older(*at, *oldest)) oldest = at;
        }
        std::rotate(children.begin(), oldest, oldest + 1);
    }
}

void WaitGraph::add_edges(
    const TaskInfo& task, const obs::Stack& from, bool is_one_of_several, std::vector<Edge>& edges) const {
    const obs::Stack& stack = innermost(from);
    if (!stack.wait) return;
    const WaitInfo& wait = *stack.wait;
    if (!stack.branches.empty()) {
        if (wait.kind != WaitKind::gather) return;
        for (const obs::Stack& branch : stack.branches) add_edges(task, branch, true, edges);
        return;
    }
    const auto add = [&](const TaskInfo* to, std::string_view link) {
        if (to != nullptr) edges.push_back({to, link, &stack});
    };
    constexpr std::string_view held_for_branch = "a branch of which waits for what is held by ";
    const std::string_view held = is_one_of_several ? held_for_branch : "which is held by ";
    const std::string_view for_task = "a branch of which waits for ";
    if (wait.owner_id != 0) {
        const bool is_task = wait.kind == WaitKind::join || wait.kind == WaitKind::started ||
                             wait.kind == WaitKind::loop;
        const std::string_view is = is_one_of_several ? for_task : "which is ";
        add(all_.find(wait.owner_id), is_task ? is : held);
    } else if (wait.kind == WaitKind::group) {
        // A group ends with the last of its tasks, so each of them holds its opener up.
        const auto children = children_.find(task.id);
        if (children == children_.end()) return;
        const TaskInfo* oldest = children->second.front();
        for (const TaskInfo* child : children->second) {
            const std::string_view in_group = child == oldest ? "whose oldest is " : "one of which is ";
            add(child, is_one_of_several ? for_task : in_group);
        }
    } else if (wait.holders.size() == 1 && wait.used == 1 && !wait.holders.front().ended) {
        add(all_.find(wait.holders.front().id), held);
    }
}

auto WaitGraph::edges_of(const TaskInfo& task, Edges which) const -> std::vector<Edge> {
    std::vector<Edge> edges;
    add_edges(task, task.stack, false, edges);
    if (which == Edges::all) return edges;
    const obs::Stack* known = nullptr;
    bool ends = false;
    const auto passes = [&](const Edge& edge) {
        if (edge.waits != std::exchange(known, edge.waits)) ends = !end_of(task, *edge.waits).text.empty();
        return ends;
    };
    edges.erase(std::remove_if(edges.begin(), edges.end(), passes), edges.end());
    return edges;
}

auto WaitGraph::end_of_group(std::uint64_t opener) const -> const std::string& {
    const auto [known, is_new] = ends_of_groups_.try_emplace(opener);
    if (!is_new) return known->second;
    const TaskInfo* around = all_.find(opener);
    for (int depth = 0; around != nullptr && depth < most_depth; around = all_.find(around->parent), ++depth) {
        const Time limit = limit_of_group(around->stack);
        if (!around->cancelled && limit == Time::max()) continue;
        known->second = "is in a group of " + task_title(*around) + ", which " +
                        (around->cancelled ? "is being cancelled" : limit_text(limit - Time{}));
        break;
    }
    return known->second;
}

auto WaitGraph::end_of_sender(const TaskInfo& task) const -> std::string {
    const TaskInfo* at = &task;
    for (int depth = 0; at != nullptr && depth < most_depth; ++depth) {
        if (at->sender_id == 0) {
            at = all_.find(at->parent);
            continue;
        }
        const TaskInfo* sender = all_.find(at->sender_id);
        if (sender == nullptr) break;
        const std::string works = "works for " + at->sender + ", which ";
        if (sender->cancelled) return works + "is being cancelled";
        const Time limit = limit_of_call(sender->stack, at->id);
        if (limit != Time::max()) return works + limit_text(limit - Time{});
        if (const std::string& of_group = end_of_group(sender->parent); !of_group.empty()) return works + of_group;
        at = sender;
    }
    return {};
}

auto WaitGraph::end_of(const TaskInfo& task, const obs::Stack& stack) const -> End {
    if (task.cancelled) return {"is being cancelled"};
    if (stack.limit != Time::max()) return {limit_text(stack.limit - Time{})};
    if (stack.wait && stack.wait->left) return {limit_text(*stack.wait->left)};
    if (const std::string& of_group = end_of_group(task.parent); !of_group.empty()) return {of_group};
    if (has_senders_) {
        if (auto of_sender = end_of_sender(task); !of_sender.empty()) return {std::move(of_sender)};
    }
    if (moved_.count(&task) != 0) return {std::string(at_another_moment), true};
    if (stack.wait && stack.wait->kind == WaitKind::group) {
        const auto children = children_.find(task.id);
        if (children != children_.end() && stack.wait->used < children->second.size()) {
            return {"has several groups, and it is not known which of their tasks it waits for"};
        }
    }
    return {};
}

auto WaitGraph::link(const std::vector<Edge>& edges, const TaskInfo& to) -> const Edge* {
    const auto found = std::find_if(edges.begin(), edges.end(), [&to](const Edge& edge) { return edge.to == &to; });
    return found == edges.end() ? nullptr : &*found;
}

auto WaitGraph::moved_of(const Ring& ring) const -> const TaskInfo* {
    if (loop_of_.empty()) return nullptr;
    const auto is_of_first = [&](const TaskInfo* task) { return loop_of_.at(task) == loop_of_.at(ring.front()); };
    if (std::all_of(ring.begin(), ring.end(), is_of_first)) return nullptr;
    const auto found = std::find_if(
        ring.begin(), ring.end(), [this](const TaskInfo* task) { return !all_.stood_still(*task); });
    return found == ring.end() ? nullptr : *found;
}

auto WaitGraph::end_of_ring(const Ring& ring) const -> End {
    End unsure;
    for (std::size_t i = 0; i < ring.size(); ++i) {
        const TaskInfo& task = *ring[i];
        const TaskInfo& next = *ring[(i + 1) % ring.size()];
        const auto lasting = edges_of(task, Edges::for_good);
        if (link(lasting, next) != nullptr) continue;  // of two ways to the next one, that which stays
        const auto edges = edges_of(task);
        const Edge* edge = link(edges, next);
        if (edge == nullptr) continue;
        End end = end_of(task, *edge->waits);
        end.text = task_title(task) + " " + end.text;
        if (!end.is_unsure) return end;
        if (unsure.text.empty()) unsure = std::move(end);
    }
    if (const TaskInfo* moved = moved_of(ring); moved != nullptr && unsure.text.empty()) {
        return {task_title(*moved) + " " + std::string(at_another_moment), true};
    }
    return unsure;
}

void WaitGraph::find_rings(const TaskInfo& start, Edges which, Search& search, std::vector<Ring>& found) const {
    struct Step {
        const TaskInfo* task;
        std::vector<Edge> edges;
        std::size_t next = 0;
    };
    std::vector<Step> path;  // no recursion: a chain may be as long as there are tasks
    std::unordered_map<const TaskInfo*, std::size_t> on_path;
    const auto enter = [&](const TaskInfo& task) {
        if (!search.visited.insert(&task).second) return;
        on_path.emplace(&task, path.size());
        path.push_back({&task, edges_of(task, which)});
    };
    const auto is_in_ring = [&](const TaskInfo* task) { return search.in_ring.count(task) != 0; };
    enter(start);
    while (!path.empty()) {
        Step& at = path.back();
        if (at.next == at.edges.size()) {
            on_path.erase(at.task);
            path.pop_back();
            continue;
        }
        const TaskInfo* to = at.edges[at.next++].to;
        const auto begin = on_path.find(to);
        if (begin == on_path.end()) {
            enter(*to);
            continue;
        }
        if (is_in_ring(to) || is_in_ring(at.task)) continue;
        Ring ring;
        for (std::size_t i = begin->second; i < path.size(); ++i) ring.push_back(path[i].task);
        if (std::any_of(ring.begin(), ring.end(), is_in_ring)) continue;
        search.in_ring.insert(ring.begin(), ring.end());
        found.push_back(std::move(ring));
    }
}

auto WaitGraph::circles() const -> std::vector<Circle> {
    std::vector<Ring> rings;
    Search search;
    for (const Edges which : {Edges::for_good, Edges::all}) {
        search.visited.clear();
        for (const obs::Snapshot& loop : all_.loops()) {
            for (const TaskInfo& task : loop.tasks) find_rings(task, which, search, rings);
        }
    }
    std::vector<Circle> all;
    for (Ring& ring : rings) {
        auto end = end_of_ring(ring);
        Circle& circle = all.emplace_back();
        circle.tasks = std::move(ring);
        circle.ends_by = std::move(end.text);
        circle.is_unsure = end.is_unsure;
    }
    return all;
}

void WaitGraph::add_edges_of_branches(const TaskInfo& task, const obs::Stack& from, std::vector<Edge>& edges) const {
    const obs::Stack& stack = innermost(from);
    if (stack.branches.empty()) return add_edges(task, stack, true, edges);
    for (const obs::Stack& branch : stack.branches) add_edges_of_branches(task, branch, edges);
}

void WaitGraph::add_branches(Reason& reason, Tasks& told) const {
    constexpr std::size_t most_told = 30;  // then nobody reads on
    const TaskInfo& last = *reason.chain.back();
    if (reason.is_circle || reason.is_told || last_wait(last) != nullptr) return;
    std::vector<Edge> edges;
    add_edges_of_branches(last, last.stack, edges);
    Tasks known;
    for (const Edge& edge : edges) {
        if (!known.insert(edge.to).second) continue;
        if (told.size() >= most_told) {
            ++reason.more_branches;
            continue;
        }
        Reason branch = plain_chain(*edge.to);
        branch.is_held = edge.link.ends_with("held by ");
        const auto is_told = [&told](const TaskInfo* task) { return told.count(task) != 0; };
        const auto before = std::find_if(branch.chain.begin(), branch.chain.end(), is_told);
        if (before != branch.chain.end()) {
            branch.chain.erase(before + 1, branch.chain.end());
            branch.links.resize(branch.chain.size() - 1);
            branch.is_told = true;
            branch.is_circle = false;
        }
        told.insert(branch.chain.begin(), branch.chain.end());
        add_branches(branch, told);
        reason.branches.push_back(std::move(branch));
    }
}

auto WaitGraph::plain_chain(const TaskInfo& task) const -> Reason {
    Reason reason;
    reason.chain.push_back(&task);
    Tasks passed{&task};
    while (last_wait(*reason.chain.back()) != nullptr) {
        const auto edges = edges_of(*reason.chain.back());
        if (edges.empty()) break;
        reason.chain.push_back(edges.front().to);
        reason.links.push_back(edges.front().link);
        reason.is_circle = !passed.insert(edges.front().to).second;
        if (!reason.is_circle) continue;
        const auto begin = std::find(reason.chain.begin(), reason.chain.end(), reason.chain.back());
        auto end = end_of_ring(Ring(begin, reason.chain.end() - 1));
        reason.ends_by = std::move(end.text);
        reason.is_unsure = end.is_unsure;
        break;
    }
    return reason;
}

auto WaitGraph::chain_into_circle(const TaskInfo& task, Edges which) const -> Reason {
    // All that the task waits for, the nearest first, and from where each was come to.
    std::vector<const TaskInfo*> awaited{&task};
    std::unordered_map<const TaskInfo*, const TaskInfo*> came{{&task, nullptr}};
    for (std::size_t i = 0; i < awaited.size(); ++i) {
        for (const Edge& edge : edges_of(*awaited[i])) {
            if (came.emplace(edge.to, awaited[i]).second) awaited.push_back(edge.to);
        }
    }
    std::vector<Ring> rings;
    Search search;
    for (const TaskInfo* each : awaited) find_rings(*each, which, search, rings);
    const auto entry = std::find_if(
        awaited.begin(), awaited.end(), [&](const TaskInfo* each) { return search.in_ring.count(each) != 0; });
    Reason reason;
    if (entry == awaited.end()) return reason;
    Ring ring;
    for (Ring& each : rings) {
        const auto first = std::find(each.begin(), each.end(), *entry);
        if (first == each.end()) continue;
        std::rotate(each.begin(), first, each.end());
        ring = std::move(each);
        break;
    }
    for (const TaskInfo* at = came[*entry]; at != nullptr; at = came[at]) reason.chain.push_back(at);
    std::reverse(reason.chain.begin(), reason.chain.end());
    reason.chain.insert(reason.chain.end(), ring.begin(), ring.end());
    reason.chain.push_back(*entry);
    for (std::size_t i = 0; i + 1 < reason.chain.size(); ++i) {
        const auto edges = edges_of(*reason.chain[i]);
        const Edge* edge = link(edges, *reason.chain[i + 1]);
        reason.links.push_back(edge != nullptr ? edge->link : "");
    }
    auto end = end_of_ring(ring);
    reason.is_circle = true;
    reason.ends_by = std::move(end.text);
    reason.is_unsure = end.is_unsure;
    return reason;
}

auto WaitGraph::reason_of(const TaskInfo& task) const -> Reason {
    Reason plain = plain_chain(task);
    if (plain.is_circle && plain.ends_by.empty()) return plain;
    if (auto for_good = chain_into_circle(task, Edges::for_good); for_good.is_circle) return for_good;
    if (plain.is_circle) return plain;
    if (auto for_now = chain_into_circle(task, Edges::all); for_now.is_circle) return for_now;
    Tasks told(plain.chain.begin(), plain.chain.end());
    add_branches(plain, told);
    return plain;
}

}  // namespace gyre::cli

#include "obs/looks.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace gyre::obs {

namespace {

constexpr std::size_t most_named = 16;  // of a circle
constexpr int most_steps = 1000;        // from a task to those that it works for

/// What has to happen before one end of a task goes on.
struct End {
    const Stack* stack = nullptr;
    Place place;
    std::vector<std::size_t> wakers;  ///< Tasks, any of which could end the wait...
    bool known = false;               ///< ... and nobody else could.
    bool needs_all = false;           ///< Not any of them, but all together.
    bool goes_on = false;  ///< It goes on by itself: it is ready, has a time limit, or the world ends its wait.
};

/// Who can wake whom, as far as that is known, and so what nobody can wake.
class WaitGraph {
public:
    explicit WaitGraph(const Looks& looks) : looks_(looks), now_(looks.last()) {
        ends_.resize(now_.tasks.size());
        alive_.resize(now_.tasks.size());
        for (std::size_t i = 0; i < now_.tasks.size(); ++i) number_.emplace(now_.tasks[i].id, i);
        for (std::size_t i = 0; i < now_.tasks.size(); ++i) {
            const auto parent = number_.find(now_.tasks[i].parent);
            if (now_.tasks[i].parent != 0 && parent != number_.end()) children_[parent->second].push_back(i);
        }
        find_limits();
        for (std::size_t i = 0; i < now_.tasks.size(); ++i) read(i);
    }

    void find(std::vector<Finding>& found) {
        auto all = circles();
        for (WaitCircle& circle : all) found.push_back(std::move(circle.finding));
        if (now_.tasks.size() < now_.task_count) return;
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            if (!alive_[i] && in_circle_.count(i) == 0) report_dead(i, found);
        }
    }

    auto circles() -> std::vector<WaitCircle> {
        std::vector<WaitCircle> found;
        if (now_.tasks.size() < now_.task_count) return found;  // those that were not looked at may wake the others
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            alive_[i] = std::any_of(ends_[i].begin(), ends_[i].end(), [](const End& end) { return end.goes_on; });
        }
        moves_ = now_.ready + now_.timers + now_.in_flight + now_.expected_posts > 0 ||
                 std::find(alive_.begin(), alive_.end(), true) != alive_.end();
        spread_life();
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            if (!alive_[i]) find_circle(i, found);
        }
        return found;
    }

private:
    /// Whom a time limit or a cancellation around a group ends: it ends what is inside. Of a task that waits elsewhere it is not known
    /// whether its limit is around its group, or around what it does inside of it.
    void find_limits() {
        limited_.resize(now_.tasks.size());
        for (std::size_t i = 0; i < now_.tasks.size(); ++i) {  // parents come before their children
            const TaskInfo& info = now_.tasks[i];
            bool is_limited = info.cancelled.has_value();
            for_each_end(info.stack, info.spawned, [&](const Stack& stack, const Place&) {
                const bool is_around = stack.wait && stack.wait->kind == WaitKind::group;
                is_limited = is_limited || (is_around && stack.limit != Time::max());
            });
            const auto parent = number_.find(info.parent);
            const bool is_inside = info.parent != 0 && parent != number_.end();
            limited_[i] = is_limited || (is_inside && limited_[parent->second]);
            has_senders_ = has_senders_ || number_.count(info.sender_id) != 0;
        }
    }

    [[nodiscard]] auto is_limited_from_above(const TaskInfo& task) const -> bool {
        const auto parent = number_.find(task.parent);
        const bool is_limited = task.parent != 0 && parent != number_.end() && limited_[parent->second];
        return is_limited || (has_senders_ && is_limited_by_sender(task));
    }

    /// What ends the wait of a task on another loop ends the work that it waits for.
    [[nodiscard]] auto is_limited_by_sender(const TaskInfo& task) const -> bool {
        const TaskInfo* at = &task;
        for (int steps = 0; steps < most_steps; ++steps) {
            if (const auto parent = number_.find(at->parent); at->parent != 0 && parent != number_.end()) {
                if (limited_[parent->second]) return true;
                at = &now_.tasks[parent->second];
                continue;
            }
            const auto found = number_.find(at->sender_id);
            if (found == number_.end()) return false;
            const TaskInfo& sender = now_.tasks[found->second];
            bool is_limited = sender.cancelled.has_value();
            for_each_end(sender.stack, sender.spawned, [&](const Stack& stack, const Place&) {
                const bool is_call = stack.wait && stack.wait->owner_id == at->id;
                is_limited = is_limited || (is_call && stack.limit != Time::max());
            });
            if (is_limited) return true;
            at = &sender;
        }
        return true;  // nothing is certain so deep
    }

    /// What another loop does for a wait can be followed where the tasks of that one were looked at as well.
    [[nodiscard]] auto is_from_outside(const WaitInfo& wait) const -> bool {
        const bool is_seen = wait.kind == WaitKind::loop && number_.count(wait.owner_id) != 0;
        return !is_seen && comes_from_outside(wait.kind);
    }

    /// A task is alive if any of its ends can be woken by those that are, or by nobody knows whom while something moves.
    void spread_life() {
        struct Hope {
            std::size_t task;
            std::size_t missing;  ///< How many others have to live for that.
        };
        std::vector<Hope> hopes;
        std::vector<std::vector<std::size_t>> wakes(ends_.size());
        std::vector<std::size_t> living;
        for (std::size_t i = 0; i < ends_.size(); ++i) {
            for (const End& end : ends_[i]) {
                if (!end.known && moves_) alive_[i] = true;
                if (!end.known) continue;
                for (const std::size_t waker : end.wakers) wakes[waker].push_back(hopes.size());
                hopes.push_back({i, end.needs_all ? end.wakers.size() : 1});
            }
            if (alive_[i]) living.push_back(i);
        }
        while (!living.empty()) {
            const std::size_t waker = living.back();
            living.pop_back();
            for (const std::size_t hope : wakes[waker]) {
                auto& [task, missing] = hopes[hope];
                if (alive_[task] || --missing > 0) continue;
                alive_[task] = true;
                living.push_back(task);
            }
        }
    }

    void read(std::size_t task) {
        const TaskInfo& info = now_.tasks[task];
        for_each_end(info.stack, info.spawned, [&](const Stack& stack, const Place& place) {
            End& end = ends_[task].emplace_back();
            end.stack = &stack;
            end.place = place;
            if (stack.lost) return void(end.known = true);
            const bool is_limited = stack.limit != Time::max() || (stack.wait && stack.wait->left);
            end.goes_on = !stack.wait || is_limited || info.cancelled || is_limited_from_above(info) ||
                          is_from_outside(*stack.wait) || may_have_moved(info);
            if (!end.goes_on) find_wakers(task, *stack.wait, end);
        });
    }

    /// Of a look that took several steps: that the parts of it fit each other is known of what stood still since the look before.
    [[nodiscard]] auto may_have_moved(const TaskInfo& task) const -> bool {
        if (now_.steps == 1) return false;
        const auto count = looks_.all().size();
        const TaskInfo* before = count > 1 ? looks_.find(count - 2, task.id) : nullptr;
        if (before == nullptr || looks_.stands(task) == Duration::zero()) return true;
        const auto owner = [](const TaskInfo& info) { return info.stack.wait ? info.stack.wait->owner_id : 0; };
        return owner(task) != owner(*before);
    }

    void find_wakers(std::size_t task, const WaitInfo& wait, End& end) {
        if (wait.owner_id != 0) {
            const auto owner = number_.find(wait.owner_id);
            if (owner == number_.end()) return;  // it has ended or is on another loop: nobody knows
            end.wakers.push_back(owner->second);
            end.known = true;
        } else if (wait.kind == WaitKind::group) {
            end.wakers = children_[task];
            end.known = !end.wakers.empty();
            end.needs_all = end.wakers.size() == wait.used;  // else some are of another group of this task
        } else if (!wait.holders.empty() && wait.holders.size() == wait.used && has_all_taken(wait)) {
            end.needs_all = wait.kind == WaitKind::lock;  // those who read
            for (const Holder& holder : wait.holders) {
                const auto found = number_.find(holder.id);
                if (found != number_.end() && !holder.ended) end.wakers.push_back(found->second);
            }
            end.known = end.wakers.size() == wait.holders.size();
        }
    }

    static auto has_all_taken(const WaitInfo& wait) -> bool {
        return wait.kind == WaitKind::lock || wait.used == wait.bound;
    }

    /// The dead ones that `task` waits for.
    [[nodiscard]] auto awaited_by(std::size_t task) const -> std::vector<std::size_t> {
        std::vector<std::size_t> all;
        for (const End& end : ends_[task]) {
            if (!end.known) continue;
            std::copy_if(end.wakers.begin(), end.wakers.end(), std::back_inserter(all),
                [this](std::size_t waker) { return !alive_[waker]; });
        }
        return all;
    }

    /// Follows the wakers of each dead task until one comes up again. Of circles that share a task one is told.
    void find_circle(std::size_t start, std::vector<WaitCircle>& found) {
        struct Step {
            std::size_t task;
            std::vector<std::size_t> next;
        };
        std::vector<Step> path;
        std::unordered_set<std::size_t> on_path;
        const auto enter = [&](std::size_t task) {
            visited_.insert(task);
            on_path.insert(task);
            path.push_back({task, awaited_by(task)});
            std::reverse(path.back().next.begin(), path.back().next.end());
        };
        if (visited_.count(start) == 0) enter(start);
        while (!path.empty()) {
            auto& next = path.back().next;
            if (next.empty()) {
                on_path.erase(path.back().task);
                path.pop_back();
                continue;
            }
            const std::size_t task = next.back();
            next.pop_back();
            if (visited_.count(task) == 0) {
                enter(task);
                continue;
            }
            if (on_path.count(task) == 0) continue;
            std::vector<std::size_t> circle;
            for (auto step = path.rbegin(); circle.empty() || circle.back() != task; ++step) {
                circle.push_back(step->task);
            }
            const bool is_new = std::none_of(
                circle.begin(), circle.end(), [this](std::size_t member) { return in_circle_.count(member) != 0; });
            std::reverse(circle.begin(), circle.end());
            if (is_new) report_circle(circle, found);
        }
    }

    void report_circle(const std::vector<std::size_t>& circle, std::vector<WaitCircle>& found) {
        std::vector<std::uint64_t> tasks;
        const TaskInfo& first = now_.tasks[circle.front()];
        std::string text = circle.size() == 1
                               ? "it waits for itself"
                               : std::to_string(circle.size()) + " tasks wait for each other, and will for ever";
        bool certain = true;
        std::size_t named = 0;
        for (const std::size_t task : circle) {
            in_circle_.insert(task);
            const TaskInfo& info = now_.tasks[task];
            tasks.push_back(info.id);
            const std::string for_whom = info.sender.empty() ? "" : " for " + info.sender + ",";
            if (++named <= most_named) text += "; '" + title_of(info) + "'" + for_whom + " " + standing_of(info);
            certain = certain && ends_[task].size() == 1 && (!info.stack.wait || info.stack.wait->holders.empty());
        }
        if (named > most_named) text += "; and " + std::to_string(named - most_named) + " more";
        Finding finding = {Rule::wait_circle, certain ? Severity::error : Severity::warning, title_of(first), first.id,
            end_of(first), std::move(text),
            "take locks in one order everywhere, and do not hold what a task needs that you wait for; a timeout around "
            "the "
            "wait turns the circle into an error"};
        found.push_back({std::move(finding), std::move(tasks)});
    }

    /// One that waits for a dead task is only a consequence of it.
    void report_dead(std::size_t task, std::vector<Finding>& found) {
        const TaskInfo& info = now_.tasks[task];
        for (const End& end : ends_[task]) {
            if (end.stack->lost || !end.stack->wait || (end.known && !end.wakers.empty())) continue;
            const WaitInfo& wait = *end.stack->wait;
            std::string
                text = "waits on " + wait.text +
                       ", and nothing can wake it: on this loop no task is ready, no timer runs and no operation is "
                       "in flight";
            found.push_back({Rule::never_woken, Severity::warning, title_of(info), info.id, end.place, std::move(text),
                advice(wait.kind)});
        }
    }

    static auto advice(WaitKind kind) noexcept -> std::string_view {
        switch (kind) {
        case WaitKind::event:
            return "whoever should set the event has ended or failed first: set it on every path, or wait for that "
                   "task too";
        case WaitKind::condition:
            return "the notification came before the wait, or never: wait with a predicate, and change what it reads "
                   "under "
                   "the lock before notifying";
        case WaitKind::semaphore:
        case WaitKind::limiter:
            return "a permit was taken and not given back: keep it in a Permit whose scope ends with the work";
        case WaitKind::queue_get:
        case WaitKind::receive:
        case WaitKind::watch:
            return "nobody is left who sends: let the last sender close its end (or shut the queue down), and hold no "
                   "spare "
                   "sender in the task that receives";
        case WaitKind::queue_put:
        case WaitKind::send:
            return "nobody is left who takes: close the receiving end when its task ends, so that senders get an error";
        case WaitKind::queue_join:
            return "an item was taken and never reported done: call task_done on every path, errors too";
        case WaitKind::barrier:
            return "a party is missing: the number of parties must be that of the tasks which come, also when one "
                   "fails";
        case WaitKind::future:
            return "nobody gives the promise a value: do so on every path, or drop it, which gives an error";
        case WaitKind::lock:
            return "the lock was left held: keep the guard in a scope";
        default:
            return "somebody has to end this wait: look for the code that should, and why it did not run";
        }
    }

    const Looks& looks_;
    const Snapshot& now_;
    std::unordered_map<std::uint64_t, std::size_t> number_;
    std::unordered_map<std::size_t, std::vector<std::size_t>> children_;
    std::vector<std::vector<End>> ends_;
    bool has_senders_ = false;   ///< Of work on other loops, among these tasks.
    std::vector<bool> limited_;  ///< A time limit or a cancellation ends its children.
    std::vector<bool> alive_;
    bool moves_ = false;  ///< Something on the loop can still happen by itself.
    std::unordered_set<std::size_t> visited_;
    std::unordered_set<std::size_t> in_circle_;
};

}  // namespace

void find_dead_tasks(const Looks& looks, std::vector<Finding>& found) { WaitGraph(looks).find(found); }

auto find_circles(const Looks& looks) -> std::vector<WaitCircle> { return WaitGraph(looks).circles(); }

}  // namespace gyre::obs

#include <gyre/obs/findings.hpp>

#include "obs/at_work.hpp"
#include "obs/looks.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/sleep.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <stdexcept>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace gyre::obs {

namespace {

using internal::duration_text;

constexpr std::size_t most_named = 3;  // tasks in one text
constexpr std::size_t few_looks = 3;   // below, what comes up again and again cannot be told from what came up twice
constexpr int looks_of_examine = 5;

auto is_ready(const TaskInfo& task) -> bool { return task.state == TaskState::ready && !task.stack.yields; }
auto yields(const TaskInfo& task) -> bool { return task.state == TaskState::ready && task.stack.yields; }

auto counted(std::size_t count, std::string_view one) -> std::string {
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

/// The rules that look at one thing at a time.
class Rules {
public:
    Rules(const Looks& looks, const FindingOptions& options, std::vector<Finding>& found)
        : looks_(looks),
          now_(looks.last()),
          options_(options),
          long_(options.long_wait),
          works_(looks, long_),
          found_(found) {}

    void apply() {
        for (const TaskInfo& task : now_.tasks) {
            stands_ = looks_.stands(task);
            cancel_ignored(task);
            starved(task);
            self_wake(task);
            slow_branch(task);
            for_each_end(
                task.stack, task.spawned, [&](const Stack& end, const Place& place) { look_at(task, end, place); });
        }
        queues();
        loop_figures();
        timers();
        sees_all() ? growth() : growth_of_many();
        sockets();
        if (auto unseen = unseen_tasks(looks_)) found_.push_back(std::move(*unseen));
    }

private:
    void add(Rule rule, Severity severity, const TaskInfo& task, const Place& place, std::string text,
        std::string_view advice) {
        found_.push_back({rule, severity, title_of(task), task.id, place, std::move(text), advice});
    }

    void look_at(const TaskInfo& task, const Stack& end, const Place& place) {
        if (end.lost) {
            add(Rule::lost_wait, Severity::error, task, place,
                "is suspended and has told nobody on what, so nothing can wake it",
                "an awaitable of the program's own must begin its wait with Wait::begin; else this is a mistake of "
                "gyre");
        }
        if (!end.wait || stands_ < long_) return;
        const WaitInfo& wait = *end.wait;
        switch (wait.kind) {
        case WaitKind::lock:
            return lock_held(task, place, wait);
        case WaitKind::semaphore:
        case WaitKind::limiter:
            return permit_held(task, place, wait);
        case WaitKind::queue_put:
        case WaitKind::send:
            if (wait.bound != 0 && wait.used == wait.bound) full_[wait.address].push_back({&task, place, &wait});
            return;
        case WaitKind::socket:
            if (end.limit == Time::max() && wait.action != "accept") silent_peer(task, place, wait);
            return;
        case WaitKind::executor:
            if (wait.action == "waits for a free thread") {
                add(Rule::threads_busy, Severity::warning, task, place,
                    "its job waits for a free thread since " + duration_text(stands_) +
                        " or longer: all threads of the pool are taken by other jobs",
                    "give work that blocks for long a pool of its own, or more threads; a time limit inside the jobs "
                    "keeps one "
                    "slow partner from taking them all");
            }
            return;
        default:
            return;
        }
    }

    void lock_held(const TaskInfo& task, const Place& place, const WaitInfo& wait) {
        if (!first_of(wait.address)) return;
        const std::string lock = "lock" + (wait.object.empty() ? std::string() : " '" + wait.object + "'");
        if (wait.owner_id != 0) return lock_held_by(wait.owner_id, "holds " + lock, wait);
        for (const Holder& holder : wait.holders) {
            if (!holder.ended) {
                lock_held_by(holder.id, "holds " + lock + " for reading", wait);
                continue;
            }
            add(Rule::lock_held, is_dead(task) ? Severity::error : Severity::warning, task, place,
                "waits on " + wait.text + "; task '" + holder.task + "' took " + lock +
                    " for reading and has ended: " + left_text(task),
                "keep the guard in a variable whose scope ends with the work, not in an object that lives on");
        }
    }

    void lock_held_by(std::uint64_t id, const std::string& what, const WaitInfo& wait) {
        const TaskInfo* owner = looks_.find(id);
        if (owner == nullptr || owner->state != TaskState::waiting) return;
        if (waits_for_a_lock(owner->stack)) return;  // then whoever holds that one is to blame
        const Duration held = looks_.stands(*owner);
        if (held < long_) return;
        add(Rule::lock_held, Severity::warning, *owner, end_of(*owner),
            what + " and " + standing_of(*owner) + " since " + duration_text(held) + " or longer; " +
                counted(wait.waiting, "task") + (wait.waiting == 1 ? " waits" : " wait") + " for the lock",
            "give the lock up before a long wait: take what is needed, release, wait, and lock again to write the "
            "result");
    }

    /// Whether nothing can wake a task: then nobody else has what one that has ended took.
    [[nodiscard]] auto is_dead(const TaskInfo& task) -> bool {
        if (dead_.empty()) {
            for (const Finding& finding : found_) {
                if (finding.rule == Rule::never_woken) dead_.insert(finding.task_id);
            }
            dead_.insert(0);  // no task's: it has been looked for
        }
        return dead_.count(task.id) != 0;
    }

    [[nodiscard]] auto left_text(const TaskInfo& task) -> std::string {
        return is_dead(task) ? "it was not given back" : "it was not given back, or was given to somebody";
    }

    static auto waits_for_a_lock(const Stack& stack) -> bool {
        if (!stack.branches.empty()) return std::all_of(stack.branches.begin(), stack.branches.end(), waits_for_a_lock);
        return stack.wait && stack.wait->kind == WaitKind::lock;
    }

    void permit_held(const TaskInfo& task, const Place& place, const WaitInfo& wait) {
        if (!first_of(wait.address)) return;
        const std::string what = std::string(to_string(wait.kind)) +
                                 (wait.object.empty() ? "" : " '" + wait.object + "'");
        for (const Holder& holder : wait.holders) {
            const TaskInfo* owner = looks_.find(holder.id);
            if (holder.ended) {
                add(Rule::permit_held, is_dead(task) ? Severity::error : Severity::warning, task, place,
                    "waits on " + wait.text + "; task '" + holder.task + "' took one of " + what +
                        " and has ended: " + left_text(task),
                    "keep the permit in a variable whose scope ends with the work, not in an object that lives on");
            } else if (owner != nullptr && owner->state == TaskState::waiting && looks_.stands(*owner) >= long_) {
                add(Rule::permit_held, Severity::warning, *owner, end_of(*owner),
                    "holds one of " + what + " and " + standing_of(*owner) + " since " +
                        duration_text(looks_.stands(*owner)) + " or longer; " + counted(wait.waiting, "task") +
                        (wait.waiting == 1 ? " waits" : " wait") + " for one",
                    "give the permit back before a long wait, or put a time limit around that wait");
            }
        }
        if (wait.holders.empty()) {
            add(Rule::permit_held, Severity::warning, task, place,
                "waits on " + wait.text + " since " + duration_text(stands_) +
                    " or longer, and no task holds a permit: only a call of release() could end this",
                "a permit that was detached has to be released by somebody: look for the path on which that does not "
                "happen");
        }
    }

    void queues() {
        for (const auto& [address, waits] : full_) {
            const auto& first = waits.front();
            std::string text = to_string(first.wait->kind) == "queue: put" ? "queue" : "channel";
            if (!first.wait->object.empty()) text += " '" + first.wait->object + "'";
            text += " is full (" + counted(first.wait->bound, "item") + "), at each look in " +
                    duration_text(looks_.stands(*first.task)) + "; " + counted(waits.size(), "task") +
                    (waits.size() == 1 ? " waits" : " wait") + " for room";
            add(Rule::queue_full, Severity::warning, *first.task, first.place, std::move(text),
                "who takes is too slow, stuck or gone: add consumers, or let the producer drop or fail after a time "
                "limit");
        }
    }

    void silent_peer(const TaskInfo& task, const Place& place, const WaitInfo& wait) {
        add(Rule::silent_peer, Severity::note, task, place,
            "waits on " + wait.text + " since " + duration_text(stands_) +
                " or longer, and no time limit ends that: a peer that is gone without a word is waited for for ever",
            "put a timeout around the exchange");
    }

    void cancel_ignored(const TaskInfo& task) {
        if (!task.cancelled || task.cancelled->since < long_) return;
        add(Rule::cancel_ignored, Severity::warning, task, end_of(task),
            "was cancelled " + duration_text(task.cancelled->since) + " ago and has not ended: it " +
                standing_of(task) + "; " + task.cancelled->text,
            "clean-up that waits (shield, try_finally) needs a time limit of its own, and a blocking call a way to be "
            "stopped");
    }

    void starved(const TaskInfo& task) {
        if (looks_.all().size() < 2 || looks_.length() < long_) return;
        const TaskInfo* before = looks_.find(0, task.id);
        if (before == nullptr) return;
        if (task.stats && before->stats) {
            const auto delay = task.stats->delay - before->stats->delay;
            const auto ran = task.stats->process - before->stats->process;
            if (yields(task) || delay * 2 < looks_.length().count() || ran * 4 > delay) return;
            return report_starved(task, "was ready for " + duration_text(Duration(delay)) + " of the last " +
                                            duration_text(looks_.length()) + ", and ran for " +
                                            duration_text(Duration(ran)));
        }
        if (looks_.all().size() < few_looks || looks_.count(task, is_ready) < looks_.all().size()) return;
        report_starved(task, "was ready at each of " + counted(looks_.all().size(), "look") + " in " +
                                 duration_text(looks_.length()) + ", and waits for its turn");
    }

    void report_starved(const TaskInfo& task, std::string text) {
        if (task.priority == Priority::low) text += "; its priority is low";
        std::size_t busy = 0;
        std::string names;
        for (const TaskInfo& other : now_.tasks) {
            const bool is_busy = yields(other) || other.priority == Priority::high;
            if (&other == &task || !is_busy || ++busy > most_named) continue;
            names += (names.empty() ? "" : ", ") + title_of(other);
        }
        if (busy > 0) text += "; ahead of it: " + names + (busy > most_named ? "..." : "");
        add(Rule::starved, Severity::warning, task, end_of(task), std::move(text),
            "give it a higher priority, or let those ahead of it wait for something instead of yielding");
    }

    void self_wake(const TaskInfo& task) {
        const std::size_t all = looks_.all().size();
        const std::size_t times = looks_.count(task, yields);
        if (all < few_looks || times * 2 <= all || looks_.length() < long_) return;
        std::string text = "made itself ready at " + std::to_string(times) + " of " + counted(all, "look") + " in " +
                           duration_text(looks_.length()) + ": it waits for something by asking again and again";
        const TaskInfo* before = looks_.find(0, task.id);
        if (before != nullptr && before->stats && task.stats) {
            text += "; " + std::to_string(task.stats->resumes - before->stats->resumes) + " resumes meanwhile";
        }
        add(Rule::self_wake, Severity::warning, task, end_of(task), std::move(text),
            "wait for the change itself: an Event, a Condition or a queue; yield_now is for long computations");
    }

    void slow_branch(const TaskInfo& task) {
        if (stands_ < long_ || !task.stack.wait) return;
        const WaitKind kind = task.stack.wait->kind;
        if (kind != WaitKind::gather || task.stack.branches.size() != 1) return;
        const Stack& branch = task.stack.branches.front();
        if (!branch.wait || works_.is_at_work(task, branch)) return;
        const Place place = end_of(task);
        add(Rule::slow_branch, Severity::note, task, place,
            "its gather waits for one branch alone, since " + duration_text(stands_) + " or longer, which waits on " +
                branch.wait->text,
            "give the branch a time limit, or take the results as they come with as_completed");
    }

    void loop_figures() {
        if (const TaskInfo* running = running_all_the_time()) {
            add(Rule::never_yields, Severity::error, *running, end_of(*running),
                "runs since " + duration_text(looks_.length()) +
                    " or longer without a wait: nothing else of this loop can",
                "move the computation to a thread (to_thread), or yield_now in its loop");
        }
        const LongSlice& slice = now_.longest_slice;
        if (slice.length >= options_.long_slice) {
            found_.push_back({Rule::long_slice, Severity::warning, slice.task,
                looks_.find(slice.task_id) != nullptr ? slice.task_id : 0, slice.after,
                "ran for " + duration_text(slice.length) +
                    " without a wait, after this co_await: everything else stood still",
                "move the computation to a thread (to_thread), or yield_now in its loop"});
        } else if (now_.slice.longest >= options_.long_slice) {
            found_.push_back({Rule::long_slice, Severity::note, {}, 0, {},
                "a slice took " + duration_text(now_.slice.longest) + "; Timing::exact or stall_limit would say which",
                "move the computation to a thread (to_thread), or yield_now in its loop"});
        }
        for (const NeverStarted& dropped : now_.never_started) {
            found_.push_back({Rule::never_started, Severity::warning, dropped.by, 0, dropped.function,
                "a Task of " +
                    (dropped.function.function.empty() ? "this function" : std::string(dropped.function.function)) +
                    " was made and dropped: its body never ran",
                "co_await it, or hand it to spawn or a group"});
        }
        for (const std::string& error : now_.errors) {
            found_.push_back(
                {Rule::unreceived_error, Severity::warning, {}, 0, {}, "nobody received this error: " + error,
                    "join the task, spawn it in a group, or set an exception handler"});
        }
        if (now_.errors.empty() && now_.unreceived_errors > 0) {
            found_.push_back({Rule::unreceived_error, Severity::note, {}, 0, {},
                counted(now_.unreceived_errors, "error") + " went to the exception handler",
                "join the task, or spawn it in a group"});
        }
    }

    /// The task whose slice has lasted from the first look to the last.
    [[nodiscard]] auto running_all_the_time() const -> const TaskInfo* {
        if (looks_.all().size() < 2 || looks_.length() < long_ || looks_.first().beat != now_.beat) return nullptr;
        for (const TaskInfo& task : now_.tasks) {
            if (task.state == TaskState::running) return &task;
        }
        return nullptr;
    }

    void timers() {
        const Snapshot& before = looks_.first();
        if (looks_.length() < long_ || looks_.length() == Duration::zero()) return;
        const std::uint32_t armed = now_.timers_armed - before.timers_armed;
        const std::uint32_t fired = now_.timers_fired - before.timers_fired;
        const auto per_second = static_cast<std::int64_t>(armed) * 1'000'000'000 / looks_.length().count();
        if (per_second < static_cast<std::int64_t>(options_.churn) || fired > armed / 10) return;
        std::size_t count = 0;
        const TaskInfo* first = nullptr;
        std::string names;
        for (const TaskInfo& task : now_.tasks) {
            if (!rearms(task)) continue;
            if (first == nullptr) first = &task;
            if (++count <= most_named) names += (names.empty() ? "" : ", ") + title_of(task);
        }
        std::string text = std::to_string(per_second) + " timers a second were armed, and " +
                           std::to_string(armed - fired) + " of " + std::to_string(armed) +
                           " cancelled before they fired";
        if (count > 0) text += "; a new time limit at each look: " + names + (count > most_named ? "..." : "");
        constexpr std::string_view advice = "put one time limit around many short steps, not one around each";
        if (first != nullptr)
            return add(Rule::timer_churn, Severity::note, *first, place_of_limit(*first), std::move(text), advice);
        found_.push_back({Rule::timer_churn, Severity::note, {}, 0, {}, std::move(text), advice});
    }

    /// The await that opened the innermost scope.
    static auto place_of_limit(const TaskInfo& task) -> Place {
        for (auto await = task.stack.awaits.rbegin(); await != task.stack.awaits.rend(); ++await) {
            if (!await->scope.empty()) return await->place;
        }
        return end_of(task);
    }

    /// Whether a task is inside of another time limit than at the look before.
    [[nodiscard]] auto rearms(const TaskInfo& task) const -> bool {
        const std::size_t all = looks_.all().size();
        const TaskInfo* before = looks_.find(all - 2, task.id);
        return before != nullptr && task.stack.limit != Time::max() && before->stack.limit != Time::max() &&
               task.stack.limit != before->stack.limit;
    }

    void growth() {
        if (looks_.all().size() < 2) return;
        using Key = std::pair<std::string_view, std::uint_least32_t>;
        struct Grown {
            std::vector<std::size_t> counts;
            const TaskInfo* last = nullptr;
        };
        std::map<Key, Grown> tasks;
        for (std::size_t i = 0; i < looks_.all().size(); ++i) {
            for (const TaskInfo& task : looks_.all()[i].tasks) {
                Grown& grown = tasks[{task.spawned.file, task.spawned.line}];
                grown.counts.resize(looks_.all().size());
                ++grown.counts[i];
                grown.last = &task;
            }
        }
        for (const auto& [key, grown] : tasks) {
            if (grows(grown.counts)) add_growing(*grown.last, grown.counts);
        }
    }

    /// Each look has every task.
    [[nodiscard]] auto sees_all() const -> bool {
        return std::all_of(looks_.all().begin(), looks_.all().end(),
            [](const Snapshot& look) { return look.tasks.size() >= look.task_count; });
    }

    /// The same where some looks lack tasks: by their number, and the line that has the most of those that are known.
    void growth_of_many() {
        std::vector<std::size_t> counts;
        for (const Snapshot& look : looks_.all()) counts.push_back(look.task_count);
        if (counts.size() < 2 || now_.tasks.empty() || !grows(counts)) return;
        std::map<std::pair<std::string_view, std::uint_least32_t>, std::size_t> lines;
        const TaskInfo* most = nullptr;
        std::size_t its = 0;
        for (const TaskInfo& task : now_.tasks) {
            const std::size_t count = ++lines[{task.spawned.file, task.spawned.line}];
            if (count <= its) continue;
            its = count;
            most = &task;
        }
        add_growing(*most, counts);
    }

    void add_growing(const TaskInfo& last, const std::vector<std::size_t>& counts) {
        const TaskInfo* parent = looks_.find(last.parent);
        const std::string by = parent != nullptr ? " in a group of '" + title_of(*parent) + "'" : "";
        const std::string_view which = sees_all() ? " that were spawned here" : " in all, most of them spawned here";
        add(Rule::growing, Severity::warning, last, last.spawned,
            counted(counts.back(), "task") + std::string(which) + by + ", " +
                std::to_string(counts.back() - counts.front()) + " more than " + duration_text(looks_.length()) +
                " ago: they come faster than they end; the last one " + standing_of(last),
            "limit how many there are: a CapacityLimiter or Semaphore taken before the spawn, or a queue with "
            "workers");
    }

    void sockets() {
        if (looks_.all().size() < 2) return;
        using Key = std::pair<std::string_view, std::uint_least32_t>;
        std::map<Key, std::pair<std::vector<std::size_t>, const SocketInfo*>> lines;
        for (std::size_t i = 0; i < looks_.all().size(); ++i) {
            for (const SocketInfo& socket : looks_.all()[i].sockets) {
                auto& [counts, last] = lines[{socket.opened.file, socket.opened.line}];
                counts.resize(looks_.all().size());
                ++counts[i];
                last = &socket;
            }
        }
        for (const auto& [key, grown] : lines) {
            if (!grows(grown.first)) continue;
            found_.push_back({Rule::growing, Severity::warning, grown.second->opener, 0, grown.second->opened,
                counted(grown.first.back(), "socket") + " that were opened here, " +
                    std::to_string(grown.first.back() - grown.first.front()) + " more than " +
                    duration_text(looks_.length()) + " ago: they are not closed; the last one is " +
                    grown.second->name + " (descriptor " + std::to_string(grown.second->descriptor) + ")",
                "let the scope of a stream end with its use: destroying it closes it"});
        }
    }

    [[nodiscard]] auto grows(const std::vector<std::size_t>& counts) const -> bool {
        return counts.back() >= counts.front() + options_.growth && std::is_sorted(counts.begin(), counts.end());
    }

    /// Whether an object comes up for the first time: many wait for the same.
    auto first_of(const void* object) -> bool { return seen_.insert(object).second; }

    struct Waiting {
        const TaskInfo* task;
        Place place;
        const WaitInfo* wait;
    };

    const Looks& looks_;
    const Snapshot& now_;
    const FindingOptions& options_;
    Duration long_;
    Duration stands_{};  ///< Of the task that is looked at.
    AtWork works_;
    std::vector<Finding>& found_;
    std::map<const void*, std::vector<Waiting>> full_;
    std::unordered_set<const void*> seen_;
    std::unordered_set<std::uint64_t> dead_;  ///< Nothing can wake these.
};

/// The same of many tasks at one place is one finding.
void merge(std::vector<Finding>& found) {
    std::map<std::tuple<Rule, std::string_view, std::uint_least32_t>, std::size_t> known;
    std::vector<Finding> merged;
    for (Finding& finding : found) {
        const bool is_of_many = finding.rule == Rule::silent_peer || finding.rule == Rule::never_woken ||
                                finding.rule == Rule::starved || finding.rule == Rule::self_wake ||
                                finding.rule == Rule::threads_busy || finding.rule == Rule::cancel_ignored ||
                                finding.rule == Rule::lock_held;
        if (is_of_many) {
            const auto [entry, is_new] = known.try_emplace(
                {finding.rule, finding.place.file, finding.place.line}, merged.size());
            if (!is_new) {
                ++merged[entry->second].count;
                continue;
            }
        }
        merged.push_back(std::move(finding));
    }
    found = std::move(merged);
}

}  // namespace

auto to_string(Rule rule) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"wait-circle", "never-woken", "lost-wait", "lock-held", "permit-held",
        "queue-full", "cancel-ignored", "never-yields", "long-slice", "self-wake", "starved", "never-started",
        "unreceived-error", "timer-churn", "growing", "silent-peer", "slow-branch", "threads-busy", "not-all-seen"};
    return names[static_cast<std::size_t>(rule)];
}

auto to_string(Severity severity) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"note", "warning", "error"};
    return names[static_cast<std::size_t>(severity)];
}

auto findings(std::span<const Snapshot> looks, const FindingOptions& options) -> std::vector<Finding> {
    if (looks.empty()) throw std::invalid_argument("obs::findings: there is no look to find something in");
    if (!looks.back().is_read && !looks.back().blocked_for) return {};  // it is closed, or nobody runs it
    std::vector<Finding> found;
    if (looks.back().blocked_for) found.push_back(blocked_loop(looks.back(), options.long_wait));
    const auto whole = whole_looks(looks);
    if (!whole.empty()) {
        const Looks all(whole);
        find_dead_tasks(all, found);
        Rules(all, options, found).apply();
    }
    merge(found);
    std::vector<Finding> sorted;
    for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
        for (Finding& finding : found) {
            if (finding.severity == severity) sorted.push_back(std::move(finding));
        }
    }
    if (sorted.size() > options.most) sorted.resize(options.most);
    return sorted;
}

auto findings(const Snapshot& look, const FindingOptions& options) -> std::vector<Finding> {
    return findings(std::span<const Snapshot>(&look, 1), options);
}

auto examine(FindingOptions options) -> Task<std::vector<Finding>> {
    const Duration step = Duration(options.long_wait) / (looks_of_examine - 1) + std::chrono::milliseconds(1);
    std::vector<Snapshot> looks;
    for (int i = 0; i < looks_of_examine; ++i) {
        co_await sleep(step);  // also before the first: what was just begun gets to its wait
        looks.push_back(snapshot(SnapshotOptions{.most_tasks = 10'000}));
    }
    co_return findings(looks, options);
}

}  // namespace gyre::obs

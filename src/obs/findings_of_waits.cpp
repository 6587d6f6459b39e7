#include "obs/rules.hpp"

#include <gyre/core/duration_text.hpp>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

namespace gyre::obs {

namespace {

using internal::duration_text;

class WaitRules {
public:
    explicit WaitRules(const Examined& all) noexcept : all_(all), looks_(all.looks) {}

    void apply() {
        for (const TaskInfo& task : all_.now.tasks) {
            stands_ = looks_.stands(task);
            for_each_end(
                task.stack, task.spawned, [&](const Stack& end, const Place& place) { look_at(task, end, place); });
        }
        queues();
    }

private:
    void look_at(const TaskInfo& task, const Stack& end, const Place& place) {
        if (end.lost) {
            all_.add(Rule::lost_wait, Severity::error, task, place,
                "is suspended and has told nobody on what, so nothing can wake it",
                "an awaitable of the program's own must begin its wait with Wait::begin; else this is a mistake of "
                "gyre");
        }
        if (!end.wait || stands_ < all_.long_wait) return;
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
            if (end.limit == Time::max()) silent_peer(task, place, wait);
            return;
        case WaitKind::executor:
            if (wait.action == "waits for a free thread") {
                all_.add(Rule::threads_busy, Severity::warning, task, place,
                    "its job waits for a free thread since " + duration_text(stands_) +
                        " or longer: all threads of the pool are taken by other jobs",
                    "give work that blocks for long a pool of its own, or more threads; a time limit inside the jobs "
                    "keeps one slow partner from taking them all");
            }
            return;
        default:
            return;
        }
    }

    void lock_held(const TaskInfo& task, const Place& place, const WaitInfo& wait) {
        if (!first_of(wait.address)) return;
        const std::string lock = "lock" + (wait.object.empty() ? std::string() : " '" + wait.object + "'");
        if (wait.owner_ended) {
            return lock_left(task, place, "waits since " + duration_text(stands_) + " or longer", wait.owner, lock);
        }
        if (wait.owner_id != 0) return lock_held_by(wait.owner_id, "holds " + lock, wait);
        for (const Holder& holder : wait.holders) {
            if (holder.ended) {
                lock_left(task, place, "waits on " + wait.text, holder.task, lock + " for reading");
            } else {
                lock_held_by(holder.id, "holds " + lock + " for reading", wait);
            }
        }
    }

    void lock_left(const TaskInfo& task, const Place& place, const std::string& waits, const std::string& taker,
        const std::string& what) {
        all_.add(Rule::lock_held, is_dead(task) ? Severity::error : Severity::warning, task, place,
            waits + "; task '" + taker + "' took " + what + " and has ended: " + left_text(task),
            "keep the guard in a variable whose scope ends with the work, not in an object that lives on");
    }

    void lock_held_by(std::uint64_t id, const std::string& what, const WaitInfo& wait) {
        const TaskInfo* owner = looks_.find(id);
        if (owner == nullptr || owner->state != TaskState::waiting) return;
        if (waits_for_a_lock(owner->stack)) return;  // then whoever holds that one is to blame
        const Duration held = looks_.stands(*owner);
        if (held < all_.long_wait) return;
        all_.add(Rule::lock_held, Severity::warning, *owner, end_of(*owner),
            what + " and " + standing_of(*owner) + " since " + duration_text(held) + " or longer; " +
                counted(wait.waiting, "task") + (wait.waiting == 1 ? " waits" : " wait") + " for the lock",
            "give the lock up before a long wait: take what is needed, release, wait, and lock again to write the "
            "result");
    }

    /// Whether nothing can wake a task: then nobody else has what one that has ended took.
    [[nodiscard]] auto is_dead(const TaskInfo& task) -> bool {
        if (dead_.empty()) {
            for (const Finding& finding : all_.found) {
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
                all_.add(Rule::permit_held, is_dead(task) ? Severity::error : Severity::warning, task, place,
                    "waits on " + wait.text + "; task '" + holder.task + "' took one of " + what +
                        " and has ended: " + left_text(task),
                    "keep the permit in a variable whose scope ends with the work, not in an object that lives on");
            } else if (owner != nullptr && owner->state == TaskState::waiting &&
                       looks_.stands(*owner) >= all_.long_wait) {
                all_.add(Rule::permit_held, Severity::warning, *owner, end_of(*owner),
                    "holds one of " + what + " and " + standing_of(*owner) + " since " +
                        duration_text(looks_.stands(*owner)) + " or longer; " + counted(wait.waiting, "task") +
                        (wait.waiting == 1 ? " waits" : " wait") + " for one",
                    "give the permit back before a long wait, or put a time limit around that wait");
            }
        }
        if (wait.holders.empty()) {
            all_.add(Rule::permit_held, Severity::warning, task, place,
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
            all_.add(Rule::queue_full, Severity::warning, *first.task, first.place, std::move(text),
                "who takes is too slow, stuck or gone: add consumers, or let the producer drop or fail after a time "
                "limit");
        }
    }

    void silent_peer(const TaskInfo& task, const Place& place, const WaitInfo& wait) {
        // Who accepts has no peer yet, and who receives datagrams has none that would owe it any.
        if (wait.action == "accept" || wait.action == "receive datagram") return;
        const bool sends = wait.action == "send";
        all_.add(Rule::silent_peer, Severity::note, task, place,
            "waits on " + wait.text + " since " + duration_text(stands_) + " or longer, and no time limit ends that: " +
                (sends ? "the peer does not read, or is gone without a word"
                       : "a peer that is gone without a word is waited for for ever"),
            sends ? "put a timeout around what is sent, or let the peer read while it is sent to"
                  : "put a timeout around the exchange");
    }

    /// Whether an object comes up for the first time: many wait for the same.
    auto first_of(const void* object) -> bool { return seen_.insert(object).second; }

    struct Waiting {
        const TaskInfo* task;
        Place place;
        const WaitInfo* wait;
    };

    const Examined& all_;
    const Looks& looks_;
    Duration stands_{};  ///< Of the task that is looked at.
    std::map<const void*, std::vector<Waiting>> full_;
    std::unordered_set<const void*> seen_;
    std::unordered_set<std::uint64_t> dead_;  ///< Nothing can wake these.
};

}  // namespace

void find_long_waits(const Examined& all) { WaitRules(all).apply(); }

}  // namespace gyre::obs

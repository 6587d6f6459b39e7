#include "obs/rules.hpp"

#include <gyre/core/duration_text.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace gyre::obs {

namespace {

using internal::duration_text;

constexpr std::string_view stall_advice =
    "move the computation to a thread (to_thread), or yield_now in its loop; RunOptions::stall_limit tells own code "
    "from a machine that was busy";

constexpr Duration short_delay = std::chrono::milliseconds(1);

auto is_ready(const TaskInfo& task) -> bool { return task.state == TaskState::ready && !task.stack.yields; }
auto yields(const TaskInfo& task) -> bool { return task.state == TaskState::ready && task.stack.yields; }

/// Whether it is ready because its wait was over at once, and nobody else had to do anything for that.
auto woke_itself(const TaskInfo& task) -> bool {
    if (task.state != TaskState::ready || !task.stack.woken_from) return false;
    const WaitKind kind = *task.stack.woken_from;
    return task.stack.yields || kind == WaitKind::sleep || task.cancelled;
}

auto is_woken_from_outside(const TaskInfo& task) -> bool {
    const auto& kind = task.stack.woken_from;
    return task.state == TaskState::ready && kind && *kind != WaitKind::sleep && *kind != WaitKind::yield &&
           comes_from_outside(*kind);
}

class TurnRules {
public:
    explicit TurnRules(const Examined& all) noexcept
        : all_(all), looks_(all.looks), slices_(all.now.slices - std::min(all.now.slices, all.looks.first().slices)) {
        const Snapshot& before = looks_.first();
        std::uint64_t waits = 0;
        for (std::size_t i = 0; i < io_kind_count; ++i) waits += all.now.io[i].count - before.io[i].count;
        events_ = waits + (all.now.timers_fired - before.timers_fired);
    }

    void apply() {
        if (lasts_long()) {
            for (const TaskInfo& task : all_.now.tasks) {
                starved(task);
                self_wake(task);
            }
            busy_loop();
        }
        never_yields();
        long_slice();
    }

private:
    [[nodiscard]] auto count() const -> std::size_t { return looks_.all().size(); }
    [[nodiscard]] auto lasts_long() const -> bool { return count() >= 2 && looks_.length() >= all_.long_wait; }

    [[nodiscard]] auto per_second(std::uint64_t what) const -> std::uint64_t {
        return static_cast<std::uint64_t>(
            static_cast<double>(what) * 1e9 / static_cast<double>(std::max<std::int64_t>(looks_.length().count(), 1)));
    }

    void starved(const TaskInfo& task) {
        const TaskInfo* before = looks_.find(0, task.id);
        if (before == nullptr) return;
        if (task.stats && before->stats) {
            const auto delay = task.stats->delay - before->stats->delay;
            const auto ran = task.stats->process - before->stats->process;
            const auto resumes = task.stats->resumes - before->stats->resumes;
            if (yields(task) || delay * 2 < looks_.length().count() || ran * 4 > delay) return;
            if (delay < resumes * short_delay.count()) return;  // it waits often, and never long
            return report_starved(task, "was ready for " + duration_text(Duration(delay)) + " of the last " +
                                            duration_text(looks_.length()) + ", and ran for " +
                                            duration_text(Duration(ran)));
        }
        if (count() < few_looks || looks_.count(task, is_ready) < count()) return;
        if (looks_.had_turns(task) || !has_others(task)) return;
        report_starved(task, "was ready at each of " + counted(count(), "look") + " in " +
                                 duration_text(looks_.length()) + ", and waits for its turn");
    }

    /// Whether anything else could have had the turns.
    [[nodiscard]] auto has_others(const TaskInfo& task) const -> bool {
        return all_.now.ready > 1 ||
               std::any_of(all_.now.tasks.begin(), all_.now.tasks.end(),
                   [&](const TaskInfo& other) { return other.id != task.id && other.state != TaskState::waiting; });
    }

    void report_starved(const TaskInfo& task, std::string text) {
        if (task.priority == Priority::low) text += "; its priority is low";
        std::size_t busy = 0;
        std::string names;
        for (const TaskInfo& other : all_.now.tasks) {
            const bool is_busy = yields(other) || other.priority == Priority::high;
            if (&other == &task || !is_busy || ++busy > most_named) continue;
            names += (names.empty() ? "" : ", ") + title_of(other);
        }
        if (busy > 0) text += "; ahead of it: " + names + (busy > most_named ? "..." : "");
        all_.add(Rule::starved, Severity::warning, task, end_of(task), std::move(text),
            "give it a higher priority, or let those ahead of it wait for something instead of yielding");
    }

    void self_wake(const TaskInfo& task) {
        const std::size_t times = looks_.count(task, yields);
        const bool asks_again = count() >= few_looks && times * 2 > count();
        if (!asks_again && !spins(task)) return;
        names_a_spinner_ = true;
        if (is_told_as_cancelled(task)) return;
        std::string text;
        if (asks_again) {
            text = "made itself ready at " + std::to_string(times) + " of " + counted(count(), "look") + " in " +
                   duration_text(looks_.length()) + ": it waits for something by asking again and again";
        } else {
            text = "is woken at once by each of its waits: it was ready at each of " + counted(count(), "look") +
                   " in " + duration_text(looks_.length()) +
                   (*spinners_ == 1 ? ", and nothing else was; " : ", and only others like it were; ") +
                   std::to_string(per_second(slices_)) + " slices a second";
        }
        if (looks_.goes_on(task)) text += "; it was cancelled, catches that and goes on";
        const TaskInfo* before = looks_.find(0, task.id);
        if (before != nullptr && before->stats && task.stats) {
            text += "; " + std::to_string(task.stats->resumes - before->stats->resumes) + " resumes meanwhile";
        }
        all_.add(Rule::self_wake, Severity::warning, task, end_of(task), std::move(text),
            "wait for the change itself: an Event, a Condition or a queue; yield_now is for long computations");
    }

    /// Whether a task had its turns, and was ready again each time without anybody's help.
    [[nodiscard]] auto spins(const TaskInfo& task) -> bool {
        constexpr std::uint64_t least_slices = 1000;     // a second
        constexpr std::uint64_t least_of_an_event = 10;  // slices for each thing that came from outside
        if (count() < few_looks || looks_.count(task, woke_itself) < count()) return false;
        if (per_second(slices_) < least_slices || slices_ < events_ * least_of_an_event) return false;
        return looks_.had_turns(task) && all_others_wait();
    }

    /// Whether in no look more was ready than the tasks that woke themselves in all of them.
    [[nodiscard]] auto all_others_wait() -> bool {
        if (!spinners_) {
            spinners_ = static_cast<std::size_t>(std::count_if(all_.now.tasks.begin(), all_.now.tasks.end(),
                [&](const TaskInfo& task) { return looks_.count(task, woke_itself) == count(); }));
        }
        return std::all_of(
            looks_.all().begin(), looks_.all().end(), [&](const Snapshot& look) { return look.ready <= *spinners_; });
    }

    [[nodiscard]] auto is_told_as_cancelled(const TaskInfo& task) const -> bool {
        return task.cancelled && task.cancelled->since >= all_.long_wait && looks_.goes_on(task);
    }

    /// Tasks that wake each other, with next to nothing that came from outside. A busy server has I/O; who computes has long slices.
    void busy_loop() {
        constexpr std::uint64_t least_slices = 20'000;  // a second
        constexpr std::uint64_t least_of_a_turn = 16;   // else the ready queue ran empty, and the loop may have slept
        constexpr std::uint64_t least_of_an_event = 20'000;  // slices for each thing that came from outside
        constexpr std::uint64_t least_of_a_task = 10;        // of those slices: else an event woke many tasks once
        const std::uint64_t turns = all_.now.turns - looks_.first().turns;
        if (names_a_spinner_ || count() < few_looks || per_second(slices_) < least_slices) return;
        if (slices_ < turns * least_of_a_turn || is_fed_from_outside()) return;
        const std::uint64_t own = count();  // the looks have timers too
        const std::uint64_t events = events_ - std::min(events_, own);
        if (slices_ <= events * std::max<std::uint64_t>(least_of_an_event, all_.now.task_count * least_of_a_task))
            return;
        const auto busy = busiest();
        std::string names;
        for (const TaskInfo* task : busy) names += (names.empty() ? "'" : ", '") + title_of(*task) + "'";
        std::string text = "ran " + std::to_string(per_second(slices_)) + " slices a second for " +
                           duration_text(looks_.length()) +
                           ", and timers and I/O began next to none of them: tasks wake each other again and again";
        if (!busy.empty()) text += "; busiest: " + names;
        constexpr std::string_view advice =
            "if that is no work, somebody sets an event or takes an item for no reason: let tasks wait for what "
            "has really changed";
        if (!busy.empty()) {
            return all_.add(
                Rule::busy_loop, Severity::note, *busy.front(), end_of(*busy.front()), std::move(text), advice);
        }
        all_.found.push_back({Rule::busy_loop, Severity::note, {}, 0, {}, std::move(text), advice});
    }

    /// Whether something comes from other threads or the kernel, which is not all counted.
    [[nodiscard]] auto is_fed_from_outside() const -> bool {
        const auto is_fed = [&](const TaskInfo& task) {
            if (looks_.count(task, is_woken_from_outside) > 0) return true;
            const auto& wait = task.stack.wait;
            return wait && wait->kind != WaitKind::sleep && wait->kind != WaitKind::yield &&
                   comes_from_outside(wait->kind) && looks_.stands(task) < looks_.length();
        };
        const bool counts_waits = all_.now.turn.count > 0;
        const bool may_have_io = !counts_waits && all_.now.in_flight > 0;
        return may_have_io || std::any_of(all_.now.tasks.begin(), all_.now.tasks.end(), is_fed);
    }

    /// Those that ran most often, where that is counted, or else were ready most often.
    [[nodiscard]] auto busiest() const -> std::vector<const TaskInfo*> {
        std::vector<std::pair<std::uint64_t, const TaskInfo*>> busy;
        for (const TaskInfo& task : all_.now.tasks) {
            const TaskInfo* before = looks_.find(0, task.id);
            std::uint64_t times = looks_.count(task, is_ready);
            if (before != nullptr && before->stats && task.stats) {
                times = static_cast<std::uint64_t>(task.stats->resumes - before->stats->resumes);
                if (times <= count()) times = 0;
            }
            if (times > 0) busy.emplace_back(times, &task);
        }
        std::sort(busy.begin(), busy.end(), [](const auto& left, const auto& right) {
            return left.first != right.first ? left.first > right.first : left.second < right.second;
        });
        std::vector<const TaskInfo*> first;
        for (std::size_t i = 0; i < std::min(most_named, busy.size()); ++i) first.push_back(busy[i].second);
        return first;
    }

    void never_yields() {
        const TaskInfo* running = running_all_the_time();
        if (running == nullptr) return;
        all_.add(Rule::never_yields, Severity::error, *running, end_of(*running),
            "runs since " + duration_text(looks_.length()) + " or longer without a wait: nothing else of this loop can",
            "move the computation to a thread (to_thread), or yield_now in its loop");
    }

    /// The task whose slice has lasted from the first look to the last.
    [[nodiscard]] auto running_all_the_time() const -> const TaskInfo* {
        if (!lasts_long() || looks_.first().beat != all_.now.beat) return nullptr;
        for (const TaskInfo& task : all_.now.tasks) {
            if (task.state == TaskState::running) return &task;
        }
        return nullptr;
    }

    /// A slice is measured by the clock, which goes on while other programs have the core. Only the stall detector knows more.
    void long_slice() {
        const LongSlice& slice = all_.now.longest_slice;
        if (slice.length >= all_.options.long_slice) {
            all_.found.push_back({Rule::long_slice, Severity::note, slice.task,
                looks_.find(slice.task_id) != nullptr ? slice.task_id : 0, slice.after,
                "took " + duration_text(slice.length) +
                    " by the clock without a wait, after this co_await: everything else of this loop stood still. If "
                    "the machine was busy, it may not have run all that time",
                stall_advice});
        } else if (all_.now.slice.longest >= all_.options.long_slice) {
            all_.found.push_back({Rule::long_slice, Severity::note, {}, 0, {},
                "a slice took " + duration_text(all_.now.slice.longest) +
                    " by the clock; Timing::exact or stall_limit would say which",
                stall_advice});
        }
    }

    const Examined& all_;
    const Looks& looks_;
    std::uint64_t slices_;  ///< Between the first look and the last; they are counted ahead, and then there may be fewer.
    std::uint64_t events_ = 0;      ///< Timers that fired and waits for I/O that ended, meanwhile.
    bool names_a_spinner_ = false;  ///< A finding says already who keeps the loop busy.
    std::optional<std::size_t> spinners_;
};

}  // namespace

void find_unfair_turns(const Examined& all) { TurnRules(all).apply(); }

}  // namespace gyre::obs

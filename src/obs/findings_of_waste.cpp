#include "obs/rules.hpp"

#include <gyre/core/duration_text.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace gyre::obs {

namespace {

using internal::duration_text;

class WasteRules {
public:
    explicit WasteRules(const Examined& all) noexcept : all_(all), looks_(all.looks) {}

    void apply() {
        dropped();
        timers();
        sees_all() ? growth() : growth_of_many();
        sockets();
        if (auto unseen = unseen_tasks(looks_)) all_.found.push_back(std::move(*unseen));
    }

private:
    void timers() {
        const Snapshot& before = looks_.first();
        if (looks_.length() < all_.long_wait || looks_.length() == Duration::zero()) return;
        const std::uint32_t armed = all_.now.timers_armed - before.timers_armed;
        const std::uint32_t fired = all_.now.timers_fired - before.timers_fired;
        const auto per_second = static_cast<std::int64_t>(armed) * 1'000'000'000 / looks_.length().count();
        if (per_second < static_cast<std::int64_t>(all_.options.churn) || fired > armed / 10) return;
        std::size_t count = 0;
        const TaskInfo* first = nullptr;
        std::string names;
        for (const TaskInfo& task : all_.now.tasks) {
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
            return all_.add(Rule::timer_churn, Severity::note, *first, place_of_limit(*first), std::move(text), advice);
        all_.found.push_back({Rule::timer_churn, Severity::note, {}, 0, {}, std::move(text), advice});
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
        if (counts.size() < 2 || all_.now.tasks.empty() || !grows(counts)) return;
        std::map<std::pair<std::string_view, std::uint_least32_t>, std::size_t> lines;
        const TaskInfo* most = nullptr;
        std::size_t its = 0;
        for (const TaskInfo& task : all_.now.tasks) {
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
        all_.add(Rule::growing, Severity::warning, last, last.spawned,
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
            all_.found.push_back({Rule::growing, Severity::warning, grown.second->opener, 0, grown.second->opened,
                counted(grown.first.back(), "socket") + " that were opened here, " +
                    std::to_string(grown.first.back() - grown.first.front()) + " more than " +
                    duration_text(looks_.length()) + " ago: they are not closed; the last one is " +
                    grown.second->name + " (descriptor " + std::to_string(grown.second->descriptor) + ")",
                "let the scope of a stream end with its use: destroying it closes it"});
        }
    }

    [[nodiscard]] auto grows(const std::vector<std::size_t>& counts) const -> bool {
        return counts.back() >= counts.front() + all_.options.growth && std::is_sorted(counts.begin(), counts.end());
    }

    void dropped() {
        for (const NeverStarted& dropped : all_.now.never_started) {
            all_.found.push_back({Rule::never_started, Severity::warning, dropped.by, 0, dropped.function,
                "a Task of " +
                    (dropped.function.function.empty() ? "this function" : std::string(dropped.function.function)) +
                    " was made and dropped: its body never ran",
                "co_await it, or hand it to spawn or a group"});
        }
        for (const std::string& error : all_.now.errors) {
            all_.found.push_back(
                {Rule::unreceived_error, Severity::warning, {}, 0, {}, "nobody received this error: " + error,
                    "join the task, spawn it in a group, or set an exception handler"});
        }
        if (all_.now.errors.empty() && all_.now.unreceived_errors > 0) {
            all_.found.push_back({Rule::unreceived_error, Severity::note, {}, 0, {},
                counted(all_.now.unreceived_errors, "error") + " went to the exception handler",
                "join the task, or spawn it in a group"});
        }
    }

    const Examined& all_;
    const Looks& looks_;
};

}  // namespace

void find_waste(const Examined& all) { WasteRules(all).apply(); }

}  // namespace gyre::obs

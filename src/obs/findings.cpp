#include <gyre/obs/findings.hpp>

#include "obs/rules.hpp"

#include <gyre/core/sleep.hpp>

#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace gyre::obs {

namespace {

constexpr int looks_of_examine = 5;

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

void Examined::add(Rule rule, Severity severity, const TaskInfo& task, const Place& place, std::string text,
    std::string_view advice) const {
    found.push_back({rule, severity, title_of(task), task.id, place, std::move(text), advice});
}

auto to_string(Rule rule) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"wait-circle", "never-woken", "lost-wait", "lock-held", "permit-held",
        "queue-full", "cancel-ignored", "never-yields", "long-slice", "self-wake", "starved", "never-started",
        "unreceived-error", "timer-churn", "growing", "silent-peer", "slow-branch", "threads-busy", "not-all-seen",
        "busy-loop"};
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
        const Examined examined{all, all.last(), options, options.long_wait, found};
        find_unended(examined);
        find_unfair_turns(examined);
        find_long_waits(examined);
        find_waste(examined);
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

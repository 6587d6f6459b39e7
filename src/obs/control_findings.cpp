#include "obs/control_site.hpp"
#include "obs/json_out.hpp"
#include "obs/looks.hpp"
#include "obs/stall_cause.hpp"

#include <gyre/core/sleep.hpp>
#include <gyre/http/server/http_error.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr int looks_of_findings = 5;
// Who waits for whom needs all tasks, and what lasts needs them in every look.
constexpr SnapshotOptions of_a_look{.most_tasks = most_tasks_examined};
constexpr int longest_asked = 20'000;  // milliseconds: the answer has to come within the time of a request

auto long_wait(const http::Request& request) -> Duration {
    const auto asked = request.query_param("long");
    if (!asked) return Duration(FindingOptions().long_wait);
    int length = 0;
    const auto [end, error] = std::from_chars(asked->data(), asked->data() + asked->size(), length);
    if (error != std::errc() || end != asked->data() + asked->size() || length <= 0 || length > longest_asked) {
        throw http::HttpError(400, "long: milliseconds, from 1 to " + std::to_string(longest_asked));
    }
    return std::chrono::milliseconds(length);
}

/// Of each loop by itself, after what several of them have between them. Takes from `looks`.
auto findings_of_all(std::span<std::vector<Snapshot>> looks, Duration length) -> std::vector<Finding> {
    std::vector<Finding> of_loops;
    for (const auto& of_loop : looks) {
        auto found = obs::findings(of_loop, {.long_wait = length});
        std::move(found.begin(), found.end(), std::back_inserter(of_loops));
    }
    std::vector<Finding> all;
    std::unordered_set<std::uint64_t> in_circle;
    for (WaitCircle& circle : find_circles_across(looks)) {
        in_circle.insert(circle.tasks.begin(), circle.tasks.end());
        all.push_back(std::move(circle.finding));
    }
    // That one in a circle holds a lock and waits is only a part of that.
    std::erase_if(of_loops, [&](const Finding& finding) {
        return finding.rule == Rule::lock_held && finding.count == 1 && in_circle.count(finding.task_id) != 0;
    });
    std::move(of_loops.begin(), of_loops.end(), std::back_inserter(all));
    return all;
}

}  // namespace

auto ControlSite::find_causes(std::vector<Snapshot>& seen) -> Task<> {
    constexpr auto look_apart = std::chrono::milliseconds(20);
    std::vector<std::pair<std::size_t, backend::ThreadActivity>> blocked;
    for (std::size_t at = 0; at < seen.size(); ++at) {
        const EventLoop& loop = *loops_.loops()[at];
        const bool is_busy = (loop.beat() & 1) != 0;
        if (seen[at].blocked_for && is_busy) blocked.emplace_back(at, backend::thread_activity(loop.thread().number));
    }
    if (blocked.empty()) co_return;
    const Time began = this_loop().now();
    co_await sleep(look_apart);
    for (const auto& [at, before] : blocked) {
        const auto now = backend::thread_activity(loops_.loops()[at]->thread().number);
        StallReport report;
        find_cause(report, before, now, this_loop().now() - began);
        seen[at].blocked_by = cause_text(report);
    }
}

auto ControlSite::findings(http::Request& request) -> Task<http::Response> {
    const Duration length = long_wait(request);
    std::vector<std::vector<Snapshot>> looks(loops_.loops().size());
    for (int i = 0; i < looks_of_findings; ++i) {
        if (i > 0) co_await sleep(length / (looks_of_findings - 1));
        auto answers = co_await loops_.answers(of_a_look);
        for (std::size_t at = 0; at < answers.size(); ++at) {
            if (answers[at]) looks[at].push_back(std::move(*answers[at]));
        }
    }
    // A loop that has not answered once does not run, or is blocked. One with many tasks has to be looked at twice: what moved
    // while it was read in steps stands elsewhere the second time.
    auto seen = co_await loops_.snapshots(of_a_look);
    co_await find_causes(seen);
    const auto is_once = [&](std::size_t at) { return looks[at].size() < 2 && seen[at].steps > 1; };
    std::vector<std::optional<Snapshot>> again(looks.size());
    bool needs_more = false;
    for (std::size_t at = 0; at < looks.size(); ++at) needs_more = needs_more || is_once(at);
    if (needs_more) again = co_await loops_.answers(of_a_look);
    for (std::size_t at = 0; at < looks.size(); ++at) {
        const bool needs_again = is_once(at);
        if (looks[at].size() < 2 || seen[at].blocked_for) looks[at].push_back(std::move(seen[at]));
        if (needs_again && again[at]) looks[at].push_back(std::move(*again[at]));
    }
    const auto found = findings_of_all(looks, length);
    co_return answer([&](JsonOut& json, std::ostream& out) {
        json.list("findings");
        for (const Finding& finding : found) {
            json.raw_item();
            write_json(out, finding);
        }
        json.close(']');
    });
}

}  // namespace gyre::obs

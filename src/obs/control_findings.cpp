#include "obs/control_site.hpp"
#include "obs/json_out.hpp"
#include "obs/looks.hpp"
#include "obs/stall_cause.hpp"
#include "obs/task_reader.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/http/server/http_error.hpp>

#include <charconv>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr int looks_of_findings = 5;
constexpr SnapshotOptions of_a_look{.most_tasks = 10'000};
constexpr SnapshotOptions of_all{.most_tasks = 250'000};  // who waits for whom needs all of them, in one look
constexpr auto patience = std::chrono::milliseconds(100);
constexpr auto look_for_answer = std::chrono::milliseconds(5);
constexpr int longest_asked = 60'000;  // milliseconds

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

/// A question to one loop; it may be answered when nobody waits any more.
struct LookAnswer {
    std::mutex mutex;
    std::optional<Snapshot> snapshot;

    auto take() -> std::optional<Snapshot> {
        const std::lock_guard lock(mutex);
        return std::move(snapshot);
    }
};

void ask(EventLoop& loop, const std::shared_ptr<LookAnswer>& answer) {
    try {
        loop.post([&loop, answer] {
            Snapshot look = obs::snapshot(loop, of_a_look);
            const std::lock_guard lock(answer->mutex);
            answer->snapshot = std::move(look);
        });
    } catch (const LoopError&) {  // it is closed: there will be no answer
    }
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
        std::vector<std::shared_ptr<LookAnswer>> answers;
        for (EventLoop* loop : loops_.loops()) ask(*loop, answers.emplace_back(std::make_shared<LookAnswer>()));
        const Time end = this_loop().now() + patience;
        for (std::size_t at = 0; at < answers.size(); ++at) {
            auto look = answers[at]->take();
            while (!look && this_loop().now() < end) {
                co_await sleep(look_for_answer);
                look = answers[at]->take();
            }
            if (look) looks[at].push_back(std::move(*look));
        }
    }
    // A loop that has not answered once does not run, or is blocked; and one with many tasks is looked at in steps.
    auto seen = co_await loops_.snapshots(of_all);
    co_await find_causes(seen);
    for (std::size_t at = 0; at < looks.size(); ++at) {
        const bool lacks_tasks = looks[at].empty() || looks[at].back().tasks.size() < looks[at].back().task_count;
        if (lacks_tasks || seen[at].blocked_for) looks[at].push_back(std::move(seen[at]));
    }
    co_return answer([&](JsonOut& json, std::ostream& out) {
        json.list("findings");
        for (const auto& of_loop : looks) {
            for (const Finding& finding : obs::findings(of_loop, {.long_wait = length})) {
                json.raw_item();
                write_json(out, finding);
            }
        }
        json.close(']');
    });
}

}  // namespace gyre::obs

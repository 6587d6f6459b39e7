#include "obs/control_site.hpp"
#include "obs/json_out.hpp"
#include "obs/looks.hpp"

#include <gyre/core/sleep.hpp>
#include <gyre/http/server/http_error.hpp>

#include <charconv>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gyre::obs {

namespace {

constexpr int looks_of_findings = 5;
constexpr std::size_t most_tasks_before = 10'000;
constexpr std::size_t most_tasks_at_the_end = 250'000;  // who waits for whom needs all of them, in one look
constexpr int longest_asked = 60'000;                   // milliseconds

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

}  // namespace

auto ControlSite::findings(http::Request& request) -> Task<http::Response> {
    const Duration length = long_wait(request);
    std::vector<std::vector<Snapshot>> looks(loops_.loops().size());
    for (int i = 0; i < looks_of_findings; ++i) {
        if (i > 0) co_await sleep(length / (looks_of_findings - 1));
        const bool is_last = i == looks_of_findings - 1;
        const SnapshotOptions options{.most_tasks = is_last ? most_tasks_at_the_end : most_tasks_before};
        auto seen = co_await loops_.snapshots(options);
        for (std::size_t at = 0; at < looks.size(); ++at) looks[at].push_back(std::move(seen[at]));
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

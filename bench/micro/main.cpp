// The smallest things that a loop does, beside the goal of each and a limit written by hand.
// usage: micro [PART OF A NAME]...              a table; the machine should be quiet; GYRE_BACKEND chooses the backend
//        micro gyre|limit WORK COUNT SECONDS    one of the two alone, a line of JSON for each round: for bench/harness
#include "bench.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <time.h>

namespace bench {

namespace {

auto read_clock(clockid_t id) -> double {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void measure(const Work& work) {
    double gyre = std::numeric_limits<double>::max();
    double limit = gyre;
    for (int i = 0; i < work.rounds; ++i) {
        gyre = std::min(gyre, work.gyre(work.count));
        if (work.limit) limit = std::min(limit, work.limit(work.count));
    }
    std::printf("%-16s %-46s %8.2f %-3s", std::string(work.name).c_str(), std::string(work.what).c_str(), gyre,
        std::string(work.unit).c_str());
    work.goal > 0 ? std::printf(" %8.2f %-6s", work.goal, gyre <= work.goal ? "met" : "missed")
                  : std::printf("%16s", "");
    if (work.limit) std::printf(" %8.2f %5.1fx", limit, gyre / limit);
    std::printf("\n");
    std::fflush(stdout);
}

/// Rounds until the time is over. The first one warms up and does not count, unless it alone took all the time.
void report(const Work& work, const std::function<double(int)>& round, int count, double seconds) {
    const double end = wall_now() + seconds * 1e9;
    double value = round(count);
    const bool once = work.rounds == 1 || wall_now() >= end;
    do {
        if (!once) value = round(count);
        std::printf(R"({"work": "%s", "value": %.6g, "unit": "%s"})"
                    "\n",
            std::string(work.name).c_str(), value, std::string(work.unit).c_str());
    } while (!once && wall_now() < end);
}

auto all_works() -> std::vector<Work> {
    std::vector<Work> works;
    for (auto part : {task_works(), shared_works(), cancel_works(), callback_works(), timer_works(), seeing_works()}) {
        std::move(part.begin(), part.end(), std::back_inserter(works));
    }
    return works;
}

auto report_one(std::string_view side, std::string_view name, int count, double seconds) -> int {
    for (const auto& work : all_works()) {
        if (work.name != name) continue;
        const auto& round = side == "gyre" ? work.gyre : work.limit;
        if (!round) break;
        report(work, round, count, seconds);
        return 0;
    }
    std::fprintf(stderr, "%s has no work called %s\n", std::string(side).c_str(), std::string(name).c_str());
    return 1;
}

}  // namespace

auto cpu_now() -> double { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
auto wall_now() -> double { return read_clock(CLOCK_MONOTONIC); }

void print_table(const std::vector<std::string_view>& asked) {
    std::printf("%-16s %-46s %12s %15s %15s\n", "", "", "gyre", "at most", "by hand");
    for (const auto& work : all_works()) {
        const auto names = [&](std::string_view part) { return work.name.find(part) != std::string_view::npos; };
        if (asked.empty() || std::any_of(asked.begin(), asked.end(), names)) measure(work);
    }
}

}  // namespace bench

int main(int argc, char** argv) {
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    if (words.size() == 4 && (words[0] == "gyre" || words[0] == "limit")) {
        return bench::report_one(words[0], words[1], std::atoi(argv[3]), std::atof(argv[4]));
    }
    bench::print_table(words);
    return 0;
}

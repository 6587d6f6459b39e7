// The smallest things that a loop does, beside the goal of each and a limit written by hand.
// usage: micro [PART OF A NAME]...      the machine should be quiet; GYRE_BACKEND chooses the backend
#include "bench.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>
#include <string>

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
        gyre = std::min(gyre, work.gyre());
        if (work.limit) limit = std::min(limit, work.limit());
    }
    std::printf("%-16s %-46s %8.2f %-3s", std::string(work.name).c_str(), std::string(work.what).c_str(), gyre,
        std::string(work.unit).c_str());
    work.goal > 0 ? std::printf(" %8.2f %-6s", work.goal, gyre <= work.goal ? "met" : "missed")
                  : std::printf("%16s", "");
    if (work.limit) std::printf(" %8.2f %5.1fx", limit, gyre / limit);
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

auto cpu_now() -> double { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
auto wall_now() -> double { return read_clock(CLOCK_MONOTONIC); }

}  // namespace bench

int main(int argc, char** argv) {
    std::vector<bench::Work> works;
    for (auto part : {bench::task_works(), bench::shared_works(), bench::cancel_works(), bench::callback_works(),
             bench::timer_works()}) {
        std::move(part.begin(), part.end(), std::back_inserter(works));
    }
    std::printf("%-16s %-46s %12s %15s %15s\n", "", "", "gyre", "at most", "by hand");
    for (const auto& work : works) {
        const auto asked = [&](std::string_view part) { return work.name.find(part) != std::string_view::npos; };
        if (argc == 1 || std::any_of(argv + 1, argv + argc, asked)) bench::measure(work);
    }
}

// Jobs from one thread into two workers: from the first submit to the end of the last job, on the wall.
// usage: pool WORK COUNT SECONDS; prints a line of JSON for each round
#include "../peers/common/jobs.hpp"

#include <gyre/gyre.hpp>

namespace {

// The handles are dropped: what is measured is the pool, and the other pools here give none that could be kept.
auto jobs(int count, bool empty) -> double {
    static gyre::ThreadPool pool(rounds::workers);
    return rounds::timed_jobs(count, empty, [](auto job) { pool.submit(std::move(job)).detach(); });
}

}  // namespace

auto main(int argc, char** argv) -> int {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}

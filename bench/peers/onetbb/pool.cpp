// oneTBB: a task_group, which is what its manual says for tasks whose number is not known. usage: pool WORK COUNT SECONDS
#include "jobs.hpp"

#include <oneapi/tbb.h>

namespace {

// An arena of its own: one of the implicit kind has a slot for each core, the submitter's included, which on two cores leaves one
// worker. What submits takes the reserved slot, so that as many workers are beside it as in the other pools.
double jobs(int count, bool empty) {
    static const tbb::global_control most(tbb::global_control::max_allowed_parallelism, rounds::workers + 1);
    static tbb::task_arena arena(rounds::workers + 1, 1);
    return arena.execute([&] {
        tbb::task_group group;
        const double each = rounds::timed_jobs(count, empty, [&](auto job) { group.run(job); });
        group.wait();
        return each;
    });
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}

// oneTBB: a task_group, which is what its manual says for tasks whose number is not known. usage: pool WORK COUNT SECONDS
#include "jobs.hpp"

#include <oneapi/tbb.h>

namespace {

// Workers beside the thread that submits; while that one waits, it works too.
double jobs(int count, bool empty) {
    static const tbb::global_control most(tbb::global_control::max_allowed_parallelism, rounds::workers + 1);
    tbb::task_group group;
    const double each = rounds::timed_jobs(count, empty, [&](auto job) { group.run(job); });
    group.wait();
    return each;
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}

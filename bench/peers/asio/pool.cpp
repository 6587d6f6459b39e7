// Boost.Asio's thread_pool. usage: pool WORK COUNT SECONDS
#include "jobs.hpp"

#include <boost/asio.hpp>

namespace {

double jobs(int count, bool empty) {
    static boost::asio::thread_pool pool(rounds::workers);
    return rounds::timed_jobs(count, empty, [](auto job) { boost::asio::post(pool, job); });
}

}  // namespace

int main(int argc, char** argv) {
    return rounds::run(argc, argv,
        {{"empty_job", {[](int count) { return jobs(count, true); }}},
            {"one_us_job", {[](int count) { return jobs(count, false); }}}});
}

// Jobs that block have taken all threads of a pool; the next one waits.
// rule: threads-busy
// task: thumbnail
// says: its job waits for a free thread
#include "diagnosis.hpp"

#include <thread>

gyre::Task<> call(gyre::ThreadPool& pool) {
    auto job = pool.submit([] { std::this_thread::sleep_for(1h); });  // seam: the fault
    co_await std::move(job);
}
gyre::Task<> make_thumbnail(gyre::ThreadPool& pool) {
    auto job = pool.submit([] { return 1; });
    co_await std::move(job);  // <- here
}

gyre::Task<> amain() {
    gyre::ThreadPool pool(2);
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        group.spawn(call(pool), {.name = "call 1"});
        group.spawn(call(pool), {.name = "call 2"});
        co_await gyre::sleep(20ms);
        group.spawn(make_thumbnail(pool), {.name = "thumbnail"});
    });
}

int main() { gyre::run(amain(), diagnosis::options); }

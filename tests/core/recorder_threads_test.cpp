// The recorder is switched and read by other threads while loops work; it is here so that the thread sanitizer sees it.

#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <thread>

namespace gyre::testing {

TEST(RecorderThreads, is_switched_and_read_by_other_threads_while_loops_work) {
    std::atomic<bool> over = false;
    std::atomic<std::uint64_t> seen = 0;
    run(
        [&]() -> Task<> {
            const auto all = this_loop().siblings();
            std::thread other([&] {
                const auto end = backend::monotonic_time() + 20s;
                for (int i = 0; i < 20; ++i) {
                    obs::start_recording(all, {.bytes = 64U << 10});
                    const auto before = seen.load();
                    do {  // until the loops have begun
                        const obs::Recording now = obs::recording(all, 1s);
                        for (const auto& loop : now.loops) seen += loop.events.size();
                        for (const auto& task : now.tasks)
                            EXPECT_TRUE(task.name.empty() || task.name.starts_with("worker") || task.name == "main");
                    } while (seen == before && backend::monotonic_time() < end);
                    if (i % 2 == 0) obs::stop_recording(all);
                }
                over = true;
            });
            co_await task_group([&](TaskGroup& group) -> Task<> {
                for (auto& loop : loops()) {
                    for (int i = 0; i < 3; ++i) {
                        group.spawn(on(loop,
                                        [&over, i]() -> Task<> {
                                            while (!over) {
                                                auto work = spawn(yield_now(), {.name = "worker " + std::to_string(i)});
                                                co_await work.join();
                                            }
                                        }),
                            {.name = "worker of another loop"});
                    }
                }
                co_return;
            });
            other.join();
        },
        {.loops = 2});
    EXPECT_GT(seen.load(), 0U);
}

}  // namespace gyre::testing

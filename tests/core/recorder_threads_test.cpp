// The recorder is switched and read by other threads while loops work; it is here so that the thread sanitizer sees it.

#include "core/tape.hpp"
#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>
#include <gyre/sync/event.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

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

TEST(RecorderThreads, one_of_those_who_start_it_at_the_same_moment_has_started_it) {
    std::atomic<int> begun = 0;
    std::atomic<int> refused = 0;
    run([&]() -> Task<> {
        EventLoop& loop = this_loop();
        for (int round = 0; round < 50; ++round) {
            std::atomic<int> here = 0;
            std::vector<std::thread> all;
            for (std::size_t i = 0; i < 3; ++i) {
                all.emplace_back([&, i] {
                    ++here;
                    while (here < 3) std::this_thread::yield();
                    try {
                        obs::start_recording(loop, {.bytes = (64U << 10) << i});
                        ++begun;
                    } catch (const InvalidStateError& error) {
                        EXPECT_NE(std::string(error.what()).find("at the same moment"), std::string::npos);
                        ++refused;
                    }
                });
            }
            for (std::thread& thread : all) thread.join();
            EXPECT_GE(begun, round + 1);
            Event posted;  // behind what the threads have posted
            loop.post([&posted] { posted.set(); });
            co_await posted.wait();
            EXPECT_EQ(loop.tape_slot().get().get(), loop.scheduler().tape) << "the one that others see is the loop's";
            EXPECT_TRUE(obs::is_recording(loop));
        }
    });
    EXPECT_EQ(begun + refused, 150) << "how many are refused is up to the machine";
}

TEST(RecorderThreads, is_switched_while_the_loop_ends) {
    for (int round = 0; round < 50; ++round) {
        std::atomic<EventLoop*> loop = nullptr;
        std::atomic<bool> over = false;
        std::thread other([&] {
            run([&]() -> Task<> {  // a loop of its own, as the control socket has
                while (loop == nullptr) co_await yield_now();
                while (!over) {
                    try {
                        obs::start_recording(*loop, {.bytes = 64U << 10});
                        obs::stop_recording(*loop);
                    } catch (const LoopError&) {  // it is closed
                    }
                    co_await yield_now();
                }
            });
        });
        EventLoop ending;
        ending
            .run_to_outcome([&]() -> Task<> {
                loop = &ending;
                co_await sleep(100us);
            })
            .value();
        ending.close();
        over = true;
        other.join();
    }
}

}  // namespace gyre::testing

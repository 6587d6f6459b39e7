// The tasks of a loop that is blocked, however many there are.

#include "obs/task_reader.hpp"
#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <cstddef>
#include <thread>

namespace gyre::testing {

namespace {

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

/// A look at a loop from another thread, with as much time as it needs on a machine that has other work.
auto look_at(EventLoop& loop) -> obs::Snapshot {
    backend::ThreadProbe probe;
    const obs::SnapshotOptions options;
    obs::TaskLook look(loop, options.most_tasks, 60s);
    return look.look(probe) ? look.take(options) : obs::Snapshot();
}

/// Blocks its loop until it is told.
auto block(std::atomic<bool>& has_begun, std::atomic<bool>& over) -> Task<> {
    has_begun = true;
    while (!over) std::this_thread::sleep_for(1ms);  // seam: to block the loop is the point
    co_return;
}

}  // namespace

TEST(TaskLook, shows_every_one_of_100000_tasks_of_a_blocked_loop) {
    static constexpr std::size_t many = 100'000;
    run([]() -> Task<> {
        Event bell("doorbell");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < many; ++i) {
                group.spawn(wait_for(bell), {.name = "one of many who wait for the same bell"});
            }
            co_await yield_now();
            obs::Snapshot seen;
            std::thread looking([&seen, &loop = this_loop()] { seen = look_at(loop); });
            looking.join();  // seam: to block the loop is the point
            EXPECT_EQ(seen.task_count, many + 1);
            EXPECT_EQ(seen.tasks.size(), seen.task_count);
            EXPECT_TRUE(seen.blocked_for.has_value());
            group.cancel("seen");
        });
    });
}

TEST(TaskLook, reaches_every_loop_of_a_run) {
    static constexpr std::size_t count = 3;
    run(
        []() -> Task<> {
            for (std::size_t i = 1; i < count; ++i) {
                std::atomic<bool> has_begun = false;
                std::atomic<bool> over = false;
                auto blocked = spawn(on(loops()[i], [&] { return block(has_begun, over); }));
                while (!has_begun) co_await yield_now();
                const auto seen = look_at(loops()[i]);
                EXPECT_EQ(seen.task_count, 1U) << "loop " << i;
                EXPECT_EQ(seen.tasks.size(), 1U) << "loop " << i;
                over = true;
                co_await blocked.join();
            }
        },
        {.loops = count});
}

}  // namespace gyre::testing

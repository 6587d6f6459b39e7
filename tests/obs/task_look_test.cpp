// The tasks of a loop that is blocked, however many there are.

#include "obs/task_reader.hpp"
#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <cstddef>
#include <thread>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GYRE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GYRE_TEST_SANITIZED 1
#endif
#endif

namespace gyre::testing {

namespace {

#if !defined(NDEBUG) || defined(GYRE_TEST_SANITIZED)
constexpr bool is_slow = true;
#else
constexpr bool is_slow = false;
#endif

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

/// A look at a loop from another thread, once more where the 20 ms that it has were others'; ten seconds at most.
auto look_at(EventLoop& loop) -> obs::Snapshot {
    obs::Snapshot seen;
    const auto end = backend::monotonic_time() + 10s;
    do {
        backend::ThreadProbe probe;
        const obs::SnapshotOptions options;
        obs::TaskLook look(loop, options.most_tasks);
        if (look.look(probe)) seen = look.take(options);
    } while ((seen.task_count == 0 || seen.tasks.size() < seen.task_count) && backend::monotonic_time() < end);
    return seen;
}

}  // namespace

TEST(TaskLook, shows_every_one_of_100000_tasks_of_a_blocked_loop) {
    if (is_slow) GTEST_SKIP() << "this build reads too slowly for the 20 ms that a look may take";
    static constexpr std::size_t many = 100'000;
    run([]() -> Task<> {
        Event bell("doorbell");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < many; ++i) {
                group.spawn(wait_for(bell), {.name = "one of many who wait for the same bell"});
            }
            co_await yield_now();
            obs::Snapshot seen;
            // A machine that has other work may need more than 20 ms now and then.
            std::thread looking([&seen, &loop = this_loop()] {
                for (int i = 0; i < 20 && seen.tasks.size() <= many; ++i) seen = look_at(loop);
            });
            looking.join();  // seam: to block the loop is the point
            EXPECT_EQ(seen.task_count, many + 1);
            EXPECT_EQ(seen.tasks.size(), seen.task_count);
            EXPECT_TRUE(seen.blocked_for.has_value());
            group.cancel("seen");
        });
    });
}

}  // namespace gyre::testing

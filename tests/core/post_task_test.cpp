// post_task, block_on: plain threads that want something of a loop. spawn on another loop.

#include "neighbour.hpp"
#include "support/tracked.hpp"

#include <atomic>
#include <latch>
#include <stdexcept>

namespace gyre::testing {

class PostTask : public OnKernel {
protected:
    PostTask() : other(kernel_backend()) {}
    Neighbour other;
};
GYRE_ON_KERNEL(PostTask);

TEST_P(PostTask, gives_the_value_or_the_error_to_a_plain_thread) {
    const auto there = block_on(*other, []() -> Task<std::thread::id> {
        co_await sleep(1ms);
        co_return std::this_thread::get_id();
    });
    EXPECT_EQ(there, other.id());
    block_on(*other, [] { return sleep(1ms); });
    EXPECT_EQ(error_of([&] { block_on(*other, []() -> Task<> { throw std::runtime_error("there"); }); }), "there");
    auto task = post_task(*other, []() -> Task<int> { co_return 5; });
    EXPECT_TRUE(task.wait_for(1h));
    EXPECT_TRUE(task.done());
    EXPECT_EQ(task.get(), 5);
    EXPECT_NE(error_of([&] { task.get(); }).find("taken before"), std::string::npos);
}

TEST_P(PostTask, ends_while_the_task_is_kept) {
    AnyTaskHandle handle;
    Lock lock;
    std::optional<LockGuard> held;
    block_on(*other, [&]() -> Task<> {
        handle = current_task();
        co_return;
    });
    auto task = post_task(*other, [&]() -> Task<> {
        auto guard = co_await lock.acquire();
        held.emplace(std::move(guard));
    });
    task.get();
    block_on(*other, [&]() -> Task<> {
        held.reset();
        handle = {};
        co_return;
    });
}

// The value of a task that holds the task: with nobody to take it, it goes all the same.
TEST_P(PostTask, a_value_that_nobody_takes_goes_though_it_names_its_task) {
    Semaphore permits(1);
    std::latch dropped(1);  // the permit goes on the thread of its loop
    const auto is_free = [&]() -> Task<bool> { co_return permits.statistics().held == 0; };
    static_cast<void>(post_task(*other, [&]() -> Task<Permit> {
        auto permit = co_await permits.acquire();
        dropped.wait();
        co_return permit;
    }));
    dropped.count_down();
    EXPECT_TRUE(block_on(*other, is_free));
}

TEST_P(PostTask, can_be_cancelled_and_waits_for_the_clean_up) {
    std::atomic<bool> cleaned{false};
    std::latch begun(1);  // what is cancelled before it begins has nothing to clean up
    auto task = post_task(*other, [&]() -> Task<> {
        const auto body = [&]() -> Task<> {
            begun.count_down();
            co_await sleep(1h);
        };
        co_await try_finally(body, [&]() -> Task<> {
            co_await sleep(1ms);
            cleaned = true;
        });
    });
    begun.wait();
    EXPECT_FALSE(task.wait_for(1ms));
    task.cancel("no longer wanted");
    const std::string text = error_of([&] { task.get(); });
    EXPECT_NE(text.find("no longer wanted"), std::string::npos) << text;
    EXPECT_TRUE(cleaned);
    auto early = post_task(*other, [] { return sleep(1h); });
    early.cancel();
    EXPECT_NE(error_of([&] { early.get(); }).find("cancelled"), std::string::npos);
}

TEST_P(PostTask, ends_with_its_loop) {
    auto task = post_task(*other, [] { return sleep(1h); });
    EXPECT_FALSE(task.wait_for(1ms));
    other.stop();
    EXPECT_NE(error_of([&] { task.get(); }).find("closed while"), std::string::npos);
    other.wait_closed();
    int alive = 0;
    const std::string late = error_of([&] { block_on(*other, [token = Counted(alive)]() -> Task<> { co_return; }); });
    EXPECT_NE(late.find("closed"), std::string::npos) << late;
    EXPECT_EQ(alive, 0);
}

TEST_P(PostTask, ends_with_a_run_of_several_loops) {
    std::optional<PostedTask<>> left;
    std::thread outside;
    gyre::run(
        [&]() -> Task<> {
            Event posted;
            auto& home = this_loop();
            auto& second = loops()[1];
            outside = std::thread([&] {
                left.emplace(post_task(second, [] { return sleep(1h); }));
                home.post([&] { posted.set(); });
            });
            co_await posted.wait();
        },
        {.loops = 2});
    outside.join();
    EXPECT_NE(error_of([&] { left->get(); }).find("closed"), std::string::npos);
}

TEST_P(PostTask, on_the_thread_of_a_loop_is_an_error_that_says_what_to_do) {
    run([&]() -> Task<> {
        const std::string text = error_of([&] { block_on(*other, [] { return yield_now(); }); });
        EXPECT_NE(text.find("co_await on(loop, work)"), std::string::npos) << text;
        auto task = post_task(*other, [] { return sleep(1h); });
        EXPECT_NE(error_of([&] { task.get(); }).find("co_await on(loop, work)"), std::string::npos);
        co_return;
    });
}

TEST_P(PostTask, an_error_that_nobody_takes_reaches_the_handler) {
    {
        auto task = post_task(*other, []() -> Task<> { throw std::runtime_error("lost"); });
        EXPECT_TRUE(task.wait_for(1h));
    }
    other.stop();
    other.wait_closed();
    EXPECT_EQ(other.unreceived, 1U);
}

TEST_P(PostTask, many_threads_at_once) {
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 250; ++i) {
                sum += block_on(*other, []() -> Task<int> {
                    co_await yield_now();
                    co_return 1;
                });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(sum, 1000);
}

TEST_P(PostTask, spawn_on_another_loop_gives_a_handle_here) {
    run([&]() -> Task<> {
        auto handle = spawn(
            []() -> Task<std::thread::id> {
                co_await sleep(1ms);
                co_return std::this_thread::get_id();
            },
            {.name = "far", .loop = &*other});
        EXPECT_EQ(handle.name(), "far");
        const auto there = co_await handle;
        EXPECT_EQ(there, other.id());
        auto here = spawn(
            []() -> Task<std::thread::id> { co_return std::this_thread::get_id(); }, {.loop = &this_loop()});
        const auto id = co_await here;
        EXPECT_EQ(id, std::this_thread::get_id());
        std::atomic<bool> begun{false};
        std::atomic<bool> ended{false};
        auto endless = spawn(
            [&]() -> Task<> {
                begun = true;
                co_await try_finally(sleep(1h), [&]() -> Task<> {
                    ended = true;
                    co_return;
                });
            },
            {.loop = &*other});
        while (!begun) co_await sleep(1ms);
        endless.cancel();
        const auto outcome = co_await as_outcome(endless);
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
        EXPECT_TRUE(ended);
    });
}

}  // namespace gyre::testing

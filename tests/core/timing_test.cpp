// Timing::exact: init + delay + process + wait is the life of a task, whatever it does.

#include "support/loops.hpp"
#include "support/random_program.hpp"

#include <gyre/core/readiness.hpp>

#include <sys/socket.h>

#include <unistd.h>

#include <array>

namespace gyre::testing {

namespace {

constexpr RunOptions exact{.timing = Timing::exact};

struct Life {
    std::optional<TaskHandle<>> task;
    Time born{};
    Time died{};
};

auto closes(const Life& life) -> ::testing::AssertionResult {
    const TaskStats stats = life.task->stats();
    const auto wall = (life.died - life.born).count();
    if (stats.lifetime() == wall && stats.lifetime() == stats.init + stats.delay + stats.process + stats.wait) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "init " << stats.init << " delay " << stats.delay << " process "
                                         << stats.process << " wait " << stats.wait << ", but it lived " << wall;
}

auto live(Life& life, Dice& dice) -> Task<> {
    struct Death {
        Life& of;
        ~Death() { of.died = this_loop().now(); }
    } const death{life};
    co_await wander(dice, 4);
}

}  // namespace

TEST(Timing, the_parts_of_a_life_are_the_whole_of_it_in_random_programs) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        std::vector<Life> lives(5);
        TestLoop loop("sim", exact);
        loop.allow_left_tasks();
        loop.allow_unreceived_errors();  // of deadlines that passed when nobody joined any more
        loop.run([&]() -> Task<> {
            for (Life& life : lives) {
                life.born = this_loop().now();
                life.task = spawn(live(life, dice));
                const Duration pause{static_cast<Duration::rep>(dice.roll(1'000'000))};
                co_await sleep(pause);
            }
            for (const Life& life : lives) co_await life.task->join();
        });
        for (const Life& life : lives) {
            EXPECT_TRUE(closes(life));
            EXPECT_EQ(life.task->stats().process, 0) << "nothing takes time but waiting";
            EXPECT_EQ(life.task->stats().delay, 0);
            EXPECT_EQ(life.task->stats().wait, (life.died - life.born).count());
        }
        lives.clear();
    }
}

TEST(Timing, on_a_kernel_clock_the_parts_add_up_and_say_where_the_time_went) {
    TestLoop loop(kernel_backend(), exact);
    std::optional<TaskHandle<>> worker;
    std::optional<TaskHandle<>> sleeper;
    const auto work_for = [](Duration length) {
        const Time start = this_loop().now();
        while (this_loop().now() - start < length) {}
    };
    loop.run([&]() -> Task<> {
        worker = spawn([&]() -> Task<> {
            work_for(3ms);
            co_await yield_now();
            work_for(2ms);
        });
        sleeper = spawn([]() -> Task<> { co_await sleep(10ms); });
        co_await gather(*worker, *sleeper);
    });
    const TaskStats work = worker->stats();
    EXPECT_GE(work.process, 5'000'000);
    EXPECT_EQ(work.resumes, 2);
    EXPECT_LT(work.wait, 1'000'000);
    const TaskStats nap = sleeper->stats();
    EXPECT_GE(nap.wait, 3'000'000);
    EXPECT_GE(nap.first_delay, 3'000'000) << "it stood behind the worker";
    EXPECT_GE(nap.lifetime(), 13'000'000 - 1'000'000);
    EXPECT_EQ(nap.queue(), nap.init + nap.first_delay);
    EXPECT_EQ(nap.task(), nap.init + nap.process);
    EXPECT_EQ(nap.exec(), nap.process + nap.first_delay);
}

TEST(Timing, what_completes_while_the_loop_sleeps_waited_and_did_not_queue) {
    TestLoop loop(kernel_backend(), exact);
    std::optional<TaskHandle<>> waiter;
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    loop.run([&]() -> Task<> {
        waiter = spawn([&]() -> Task<> {
            const auto events = co_await internal::wait_readable(ends[0]);
            EXPECT_GT(events, 0);
        });
        this_loop().call_later(10ms, [&] { EXPECT_EQ(::send(ends[1], "x", 1, 0), 1); });
        co_await waiter->join();
    });
    EXPECT_GE(waiter->stats().wait, 9'000'000);
    EXPECT_LT(waiter->stats().delay, 5'000'000);
    close(ends[0]);
    close(ends[1]);
}

TEST(Timing, without_it_there_are_no_figures) {
    TestLoop loop;
    loop.run([]() -> Task<> {
        auto handle = spawn(sleep(1ms));
        co_await handle.join();
        EXPECT_EQ(handle.stats().lifetime(), 0);
    });
}

TEST(Timing, figures_can_be_read_while_the_task_lives) {
    TestLoop loop("sim", exact);
    loop.run([]() -> Task<> {
        auto handle = spawn(sleep(10ms));
        co_await sleep(4ms);
        EXPECT_EQ(handle.stats().wait, 4'000'000);
        co_await handle.join();
        EXPECT_EQ(handle.stats().wait, 10'000'000);
    });
}

TEST(Timing, a_callback_and_the_spawner_are_not_charged_to_the_task) {
    TestLoop loop(kernel_backend(), exact);
    loop.run([]() -> Task<> {
        const auto be_busy = [] {
            for (const Time end = this_loop().now() + 30ms; this_loop().now() < end;) continue;
        };
        this_loop().call_soon(be_busy);
        auto after_callback = spawn([]() -> Task<> { co_return; });
        co_await after_callback.join();
        EXPECT_LT(after_callback.stats().process, 15'000'000);
        be_busy();
        auto after_slice = spawn([]() -> Task<> { co_return; });
        co_await after_slice.join();
        EXPECT_LT(after_slice.stats().queue(), 15'000'000);
    });
}

GYRE_TEST(Timing, can_be_switched_while_tasks_live) {
    EXPECT_EQ(this_loop().timing(), Timing::sampled);
    auto before = spawn(sleep(10ms), {.name = "before"});
    co_await sleep(1ms);
    this_loop().set_timing(Timing::exact);
    EXPECT_EQ(this_loop().timing(), Timing::exact);
    auto within = spawn(sleep(2ms));
    auto across = spawn(sleep(10ms));
    co_await within.join();
    EXPECT_EQ(within.stats().wait, 2'000'000);
    EXPECT_EQ(across.stats().wait, 2'000'000);
    this_loop().set_timing(Timing::off);
    EXPECT_EQ(this_loop().timing(), Timing::off);
    EXPECT_EQ(across.stats().lifetime(), 0) << "nobody followed it from here";
    auto after = spawn(sleep(1ms));
    co_await after.join();
    co_await across.join();
    this_loop().set_timing(Timing::exact);
    co_await before.join();
    EXPECT_EQ(before.stats().lifetime(), 0);
    EXPECT_EQ(across.stats().lifetime(), 0);
    EXPECT_EQ(after.stats().lifetime(), 0);
    EXPECT_EQ(within.stats().lifetime(), 2'000'000) << "it had ended before";
}

}  // namespace gyre::testing

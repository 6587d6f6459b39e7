// Forks: a loop belongs to the process that made it.

#include "neighbour.hpp"
#include "support/forked.hpp"
#include "support/tracked.hpp"

#include <gyre/core/blocking.hpp>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace gyre::testing {

class Fork : public OnKernel {};
GYRE_ON_KERNEL(Fork);

TEST_P(Fork, the_parents_loop_is_refused_in_the_child) {
    run(sleep(0ms));
    const int status = in_child([&]() -> std::vector<bool> {
        return {
            says_forked([&] { run(sleep(0ms)); }),
            says_forked([&] { loop()->run_forever(); }),
            says_forked([&] { loop()->poll(); }),
            says_forked([&] { loop()->post([] {}); }),
            says_forked([&] { loop()->call_soon([] {}); }),
            says_forked([&] { loop()->call_later(1s, [] {}); }),
            says_forked([&] { block_on(*loop(), sleep(0ms)); }),
        };
    });
    EXPECT_EQ(status, 0);
    run(sleep(0ms));
}

TEST_P(Fork, inside_a_run_the_child_may_make_a_loop_of_its_own) {
    int status = -1;
    run([&]() -> Task<> {
        status = in_child([&]() -> std::vector<bool> {
            return {
                says_forked([] { static_cast<void>(this_loop()); }),
                says_forked([] { spawn(sleep(0ms)); }),
                gyre::run(
                    []() -> Task<int> {
                        co_await sleep(1ms);
                        co_return 4;
                    },
                    {.backend = GetParam()}) == 4,
                says_forked([] { static_cast<void>(this_loop()); }),
            };
        });
        co_await sleep(1ms);
    });
    EXPECT_EQ(status, 0);
}

TEST_P(Fork, a_child_that_goes_back_into_the_loop_is_thrown_out) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    int ran = 0;
    pid_t child = -1;
    const auto work = [&]() -> Task<> {
        spawn([&]() -> Task<> {
            ++ran;
            co_return;
        });
        child = ::fork();
        co_await sleep(1ms);
    };
    const pid_t parent = ::getpid();
    std::string error;
    try {
        run(work);
    } catch (const std::exception& thrown) {
        error = thrown.what();
    }
    if (::getpid() != parent) {
        const bool good = error.find("forked") != std::string::npos && ran == 0;
        ::_exit(good ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(error, "");
    EXPECT_EQ(ran, 1);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_P(Fork, closing_it_in_the_child_leaves_the_parent_alone) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    Log log;
    run([&]() -> Task<> {
        // A thread, a timer, a watched descriptor and a guarded task: none of it is the child's.
        co_await internal::run_blocking("test", [] {});
        Event heard;
        EventLoop& own = this_loop();
        own.add_reader(pair[0], [&] {
            own.remove_reader(pair[0]);
            heard.set();
        });
        auto task = spawn([&log]() -> Task<> {
            const Guard guard(log, "task");
            co_await sleep(5ms);
        });
        co_await sleep(1ms);
        const int status = in_child([&]() -> std::vector<bool> {
            loop()->remove_reader(pair[0]);
            loop()->close();
            return {loop()->is_closed(), log.empty()};
        });
        EXPECT_EQ(status, 0);
        EXPECT_EQ(::write(pair[1], "x", 1), 1);
        co_await heard.wait();
        co_await task.join();
        co_await internal::run_blocking("test", [] {});
        EXPECT_EQ(log, Log{"~task"});
    });
    ::close(pair[0]);
    ::close(pair[1]);
}

TEST_P(Fork, several_loops_are_left_to_the_parent_too) {
    Runner runner({.backend = GetParam(), .loops = 2});
    runner.run(sleep(0ms));
    const int status = in_child([&]() -> std::vector<bool> {
        const bool refused = says_forked([&] { runner.run(sleep(0ms)); });
        runner.close();
        return {refused};
    });
    EXPECT_EQ(status, 0);
    const auto there = runner.run([]() -> Task<std::size_t> {
        const auto index = co_await on(loops()[1], []() -> Task<std::size_t> { co_return this_loop().index(); });
        co_return index;
    });
    EXPECT_EQ(there, 1U);
}

}  // namespace gyre::testing

// run and Runner on several loops: start, shutdown, errors, pinning, names.

#include "neighbour.hpp"
#include "support/tracked.hpp"

#include <gyre/backend/threads.hpp>

#include <atomic>
#include <set>
#include <stdexcept>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

namespace gyre::testing {

namespace {

auto options(std::size_t count) -> RunOptions { return {.backend = {}, .loops = count}; }

auto thread_here() -> Task<std::thread::id> {
    co_await sleep(1ms);
    co_return std::this_thread::get_id();
}

auto thread_name() -> std::string {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

/// Makes the backend of this loop fail at its next wait.
void break_backend() {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup3(nothing, this_loop().backend().pollable_descriptor(), O_CLOEXEC);
    ::close(nothing);
}

}  // namespace

TEST(SeveralLoops, run_on_threads_of_their_own) {
    std::set<std::thread::id> ids;
    std::vector<std::size_t> numbers;
    run(
        [&]() -> Task<> {
            EXPECT_EQ(loops().size(), 3U);
            EXPECT_EQ(&loops()[0], &this_loop());
            for (auto& loop : loops()) {
                const auto id = co_await on(loop, thread_here());
                ids.insert(id);
                numbers.push_back(loop.index());
            }
            const auto seen = co_await on(loops()[2], []() -> Task<std::size_t> { co_return loops().size(); });
            EXPECT_EQ(seen, 3U);
        },
        options(3));
    EXPECT_EQ(ids.size(), 3U);
    EXPECT_EQ(numbers, (std::vector<std::size_t>{0, 1, 2}));
}

TEST(SeveralLoops, one_loop_alone_is_the_only_one) {
    run([]() -> Task<> {
        EXPECT_EQ(loops().size(), 1U);
        EXPECT_EQ(&*loops().begin(), &this_loop());
        co_return;
    });
    EXPECT_NE(error_of([] { static_cast<void>(loops()); }), "nothing");
}

TEST(SeveralLoops, none_means_one_for_each_core) {
    const auto cores = backend::usable_cores().size();
    run(
        [&]() -> Task<> {
            EXPECT_EQ(loops().size(), cores);
            co_return;
        },
        options(0));
}

TEST(SeveralLoops, have_names) {
    const std::string before = thread_name();
    run(
        [&]() -> Task<> {
            const auto names = co_await for_each_loop([]() -> Task<std::string> { co_return thread_name(); });
            EXPECT_EQ(names, (std::vector<std::string>{before, "gyre-loop-1"}));
        },
        options(2));
    EXPECT_EQ(thread_name(), before);
}

TEST(SeveralLoops, stay_on_their_cores_when_pinned) {
    const auto cores = backend::usable_cores();
    const std::size_t count = std::min<std::size_t>(cores.size(), 2);
    run(
        [&]() -> Task<> {
            const auto pinned = co_await for_each_loop(
                []() -> Task<std::vector<int>> { co_return backend::usable_cores(); });
            for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(pinned[i], std::vector{cores[i]});
        },
        {.loops = count, .pin = true});
    EXPECT_EQ(backend::usable_cores(), cores);
    const std::string refused = error_of([&] { run(sleep(0ms), {.loops = cores.size() + 1, .pin = true}); });
    EXPECT_NE(refused.find("cannot be pinned"), std::string::npos) << refused;
    EXPECT_EQ(backend::usable_cores(), cores);
    const std::string kernel = error_of([] { const backend::ThreadPin pin(CPU_SETSIZE - 1); });
    EXPECT_NE(kernel.find("pin a loop to core 1023"), std::string::npos) << kernel;
}

TEST(SeveralLoops, too_many_are_refused) {
    EXPECT_NE(error_of([] { run(sleep(0ms), options(1025)); }).find("1024"), std::string::npos);
    EXPECT_NE(error_of([] { run(sleep(0ms), {.backend = "kqueue", .loops = 2}); }).find("kqueue"), std::string::npos);
}

TEST(SeveralLoops, for_each_loop_waits_for_all_and_throws_the_first_error) {
    std::atomic<int> ended{0};
    run(
        [&]() -> Task<> {
            auto work = [&]() -> Task<> {
                if (this_loop().index() != 2) {
                    throw std::runtime_error("loop " + std::to_string(this_loop().index()));
                }
                co_await sleep(2ms);
                ++ended;
            };
            const auto outcome = co_await as_outcome(for_each_loop(work));
            EXPECT_EQ(describe(outcome.error()), "loop 0");
            EXPECT_EQ(ended, 1);
            const bool done = co_await move_on_after(1ms, for_each_loop([] { return sleep(1h); }));
            EXPECT_FALSE(done);
        },
        options(3));
}

TEST(SeveralLoops, errors_that_nobody_received_come_out_of_run) {
    const auto forgotten = []() -> Task<> {
        co_await on(loops()[1], []() -> Task<> {
            spawn([]() -> Task<> {
                co_await yield_now();
                throw std::runtime_error("forgotten there");
            });
            co_await sleep(1ms);
        });
    };
    EXPECT_EQ(error_of([&] { run(forgotten, options(2)); }), "forgotten there");
    std::atomic<int> heard{0};
    Runner runner(options(2));
    runner.set_exception_handler([&heard](const ErrorContext&) { ++heard; });
    runner.run(forgotten);
    runner.close();
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(runner.unreceived_error(), nullptr);
}

TEST(SeveralLoops, shut_down_together) {
    std::atomic<int> cleaned{0};
    // At the end each loop needs the other one to clean up.
    run(
        [&]() -> Task<> {
            co_await for_each_loop([&]() -> Task<> {
                spawn([&]() -> Task<> {
                    EventLoop& other = loops()[1 - this_loop().index()];
                    co_await try_finally(sleep(1h), [&]() -> Task<> {
                        co_await sleep(1ms);
                        co_await on(other, [&]() -> Task<> {
                            co_await sleep(1ms);
                            ++cleaned;
                        });
                    });
                });
                co_await sleep(1ms);
            });
        },
        options(2));
    EXPECT_EQ(cleaned, 2);
}

TEST(SeveralLoops, a_call_under_way_at_the_end_is_cancelled_with_its_caller) {
    std::atomic<int> ended{0};
    run(
        [&]() -> Task<> {
            co_await on(loops()[1], [&]() -> Task<> {
                spawn([&]() -> Task<> {
                    co_await on(loops()[0], [&]() -> Task<> {
                        co_await try_finally(sleep(1h), [&]() -> Task<> {
                            ++ended;
                            co_return;
                        });
                    });
                });
                co_await sleep(2ms);
            });
        },
        options(2));
    EXPECT_EQ(ended, 1);
}

TEST(SeveralLoops, one_that_dies_ends_the_run_with_its_error) {
    bool unwound = false;
    const std::string error = error_of([&] {
        run(
            [&]() -> Task<> {
                loops()[1].post([] { break_backend(); });
                co_await try_finally(sleep(1h), [&]() -> Task<> {
                    unwound = true;
                    co_return;
                });
            },
            {.backend = "epoll", .loops = 2});
    });
    EXPECT_NE(error.find("epoll_wait"), std::string::npos) << error;
    EXPECT_TRUE(unwound);
}

TEST(SeveralLoops, work_on_one_that_dies_is_an_error_and_no_hang) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    GTEST_SKIP() << "a loop whose backend died cannot unwind what waits on it: those frames stay";
#endif
#endif
    std::string text;
    const std::string error = error_of([&] {
        run(
            [&]() -> Task<> {
                auto work = []() -> Task<> {
                    break_backend();
                    co_await shield(sleep(1h));
                };
                auto call = spawn([&]() -> Task<> { co_await shield(on(loops()[1], std::move(work))); });
                const auto outcome = co_await shield(as_outcome(call));
                text = describe(outcome.error());
            },
            {.backend = "epoll", .loops = 2});
    });
    EXPECT_NE(text.find("on: the loop is closed, or has failed"), std::string::npos) << text;
    EXPECT_NE(error.find("epoll_wait"), std::string::npos) << error;
}

TEST(Runner, keeps_its_loops_from_run_to_run) {
    Runner runner(options(2));
    std::optional<TaskHandle<>> ticker;
    int ticks = 0;
    std::atomic<int> there{0};
    std::thread::id first{};
    first = runner.run([&]() -> Task<std::thread::id> {
        ticker = spawn([&ticks]() -> Task<> {
            for (; ticks < 3; ++ticks) co_await sleep(1ms);
        });
        loops()[1].post([&there] {
            spawn([&there]() -> Task<> {
                co_await sleep(1ms);
                there = 1;
            });
        });
        const auto id = co_await on(loops()[1], thread_here());
        co_return id;
    });
    const auto second = runner.run([&]() -> Task<std::thread::id> {
        co_await ticker->join();
        const auto id = co_await on(loops()[1], thread_here());
        co_return id;
    });
    EXPECT_EQ(first, second);
    EXPECT_EQ(ticks, 3);
    EXPECT_EQ(error_of([&] { runner.run([]() -> Task<> { throw std::runtime_error("one run"); }); }), "one run");
    EXPECT_EQ(runner.run([]() -> Task<int> { co_return 4; }), 4);
    runner.close();
    runner.close();
    EXPECT_EQ(there, 1);
    EXPECT_NE(error_of([&] { runner.run(sleep(0ms)); }).find("closed"), std::string::npos);
}

TEST(Runner, starts_nothing_before_its_first_use) {
    Runner unused({.backend = "kqueue", .loops = 2});
    EXPECT_NE(error_of([&] { static_cast<void>(unused.loop()); }).find("kqueue"), std::string::npos);
    unused.close();
}

TEST(Runner, inside_a_run_is_an_error) {
    std::string inner;
    std::string closing;
    Runner runner;
    runner.run([&]() -> Task<> {
        inner = error_of([&] { runner.run(sleep(0ms)); });
        closing = error_of([&] { runner.close(); });
        co_return;
    });
    EXPECT_NE(inner.find("co_await the work"), std::string::npos) << inner;
    EXPECT_NE(closing.find("runs on this thread"), std::string::npos) << closing;
}

}  // namespace gyre::testing

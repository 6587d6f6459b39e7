// to_thread: calls that block, beside the loop.

#include "support/loops.hpp"

#include <atomic>
#include <barrier>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace gyre::testing {

namespace {

class ToThreadOn : public OnLoops {};
GYRE_ON_LOOPS(ToThreadOn);
class FromThreadOn : public OnLoops {};
GYRE_ON_LOOPS(FromThreadOn);
class CarryTaskLocals : public OnLoops {};
GYRE_ON_LOOPS(CarryTaskLocals);

TaskLocal<std::string> request("none");

}  // namespace

TEST_P(ToThreadOn, calls_a_function_on_another_thread) {
    run([]() -> Task<> {
        const auto home = std::this_thread::get_id();
        const auto there = co_await to_thread([] { return std::this_thread::get_id(); });
        EXPECT_NE(there, home);
        const auto text = co_await to_thread([](std::string a, int b) { return a + std::to_string(b); }, "x", 5);
        EXPECT_EQ(text, "x5");
    });
}

TEST_P(ToThreadOn, forty_at_once_and_not_more) {
    run([]() -> Task<> {
        std::atomic<int> now = 0;
        std::atomic<int> most = 0;
        std::barrier forty(40);
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 80; ++i) {
                group.spawn([&]() -> Task<> {
                    co_await to_thread([&] {
                        const int inside = ++now;
                        int seen = most;
                        while (seen < inside && !most.compare_exchange_weak(seen, inside)) {}
                        forty.arrive_and_wait();
                        --now;
                    });
                });
            }
        });
        EXPECT_EQ(most, 40);
        EXPECT_EQ(to_thread_pool().concurrency(), 40U);
    });
}

TEST_P(ToThreadOn, a_loop_that_closes_waits_for_what_runs) {
    std::atomic<bool> ended = false;
    std::atomic<bool> begun = false;
    run([&]() -> Task<> {
        auto job = to_thread([&](StopToken stop) {
            begun = true;
            while (!stop.stop_requested()) std::this_thread::yield();
            ended = true;
        }).abandon_on_cancel();
        while (!begun) co_await yield_now();
        co_await move_on_after(0ms, std::move(job));
    });
    loop().finish();
    EXPECT_TRUE(ended);
}

TEST_P(ToThreadOn, sees_the_task_local_values_of_who_called_it) {
    run([]() -> Task<> {
        const auto before = co_await to_thread([] { return request.get(); });
        EXPECT_EQ(before, "none");
        const auto restore = request.set("42");
        auto job = to_thread([] {
            auto seen = request.get();
            const auto own = request.set("the thread's");
            return seen + ", " + request.get();
        });
        const auto later = request.set("43");
        const auto seen = co_await std::move(job);
        EXPECT_EQ(seen, "42, the thread's");
        EXPECT_EQ(request.get(), "43") << "what the function sets is its own";
        auto restored = co_await to_thread([] {
            { const auto own = request.set("for a while"); }
            return request.get();
        });
        EXPECT_EQ(restored, "43");
    });
}

TEST_P(ToThreadOn, hundreds_share_the_values_of_a_task_that_goes_on) {
    run([]() -> Task<> {
        const auto restore = request.set("shared");
        std::vector<JobHandle<std::size_t>> jobs;
        for (int i = 0; i < 200; ++i) {
            jobs.push_back(to_thread([] {
                std::size_t length = 0;
                for (int round = 0; round < 20; ++round) {
                    length += request.get().size();
                    const auto own = request.set("longer than shared");
                    length += request.get().size();
                }
                return length;
            }));
            const auto other = request.set("other");
        }
        std::size_t sum = 0;
        for (auto& job : jobs) sum += co_await std::move(job);
        EXPECT_EQ(sum, 200U * 20U * (6 + 18));
    });
}

TEST_P(ToThreadOn, a_value_lives_as_long_as_a_thread_that_sees_it) {
    std::atomic<bool> begun = false;
    std::atomic<bool> go = false;
    std::atomic<std::size_t> length = 0;
    run([&]() -> Task<> {
        co_await spawn([&]() -> Task<> {
            const auto restore = request.set(std::string(1000, 'x'));
            to_thread([&] {
                begun = true;
                while (!go) std::this_thread::yield();
                length = request.get().size();
            }).detach();
            while (!begun) co_await yield_now();
        }).join();
        go = true;
    });
    loop().finish();
    EXPECT_EQ(length, 1000U);
}

TEST_P(ToThreadOn, its_pool_can_be_shut_down_with_a_limit) {
    run([]() -> Task<> {
        std::atomic<bool> go = false;
        auto job = to_thread([&] {
            while (!go) std::this_thread::yield();
        });
        const bool in_time = co_await move_on_after(1ms, to_thread_pool().shutdown());
        EXPECT_FALSE(in_time) << "a thread is busy";
        go = true;
        co_await std::move(job);
        co_await to_thread_pool().shutdown();
        const auto refused = error_of([] { static_cast<void>(to_thread([] {})); });
        EXPECT_EQ(refused, "submit: the pool 'to_thread' was shut down");
    });
}

TEST_P(ToThreadOn, refuses_an_empty_function_at_once) {
    run([]() -> Task<> {
        EXPECT_THROW(static_cast<void>(to_thread(std::function<void()>())), std::invalid_argument);
        void (*nothing)() = nullptr;
        EXPECT_EQ(error_of([&] { static_cast<void>(to_thread(nothing)); }),
            "submit: the function holds nothing that could be called");
        co_return;
    });
}

TEST_P(CarryTaskLocals, takes_the_values_of_here_to_any_thread) {
    run([]() -> Task<> {
        ThreadPool pool(2);
        const auto restore = request.set("7");
        const auto without = co_await pool.submit([] { return request.get(); });
        EXPECT_EQ(without, "none") << "as in concurrent.futures";
        const auto bound = carry_task_locals([](const std::string& text) { return text + request.get(); });
        const auto later = request.set("8");
        const auto with = co_await pool.submit(bound, "request ");
        EXPECT_EQ(with, "request 7");
        EXPECT_EQ(bound("here "), "here 8") << "on a loop the task's own values count";
        std::string on_thread;
        std::thread([&] { on_thread = bound(""); }).join();
        EXPECT_EQ(on_thread, "7");
        const std::vector<std::string> inputs{"a", "b", "c", "d"};
        const auto all = co_await pool.map(bound, inputs);
        EXPECT_EQ(all, (std::vector<std::string>{"a7", "b7", "c7", "d7"}));
        co_await pool.shutdown();
    });
}

TEST_P(CarryTaskLocals, a_job_does_not_see_the_values_of_the_one_it_runs_inside) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        const auto restore = request.set("outer");
        auto inner_saw = co_await pool.submit(carry_task_locals([&pool] {
            auto inner = pool.submit([] { return request.get(); });
            return inner.get() + ", then " + request.get();
        }));
        EXPECT_EQ(inner_saw, "none, then outer");
        co_await pool.shutdown();
    });
}

TEST(CarryTaskLocals, a_value_set_where_nothing_is_carried_is_an_error) {
    EXPECT_NE(error_of([] { static_cast<void>(request.set("x")); }).find("no gyre loop runs"), std::string::npos);
}

TEST_P(FromThreadOn, finds_the_loop_that_called) {
    run([]() -> Task<> {
        const auto home = std::this_thread::get_id();
        const auto restore = request.set("of the caller");
        Lock lock;
        const auto text = co_await to_thread([&] {
            const auto own = request.set("of the thread");
            const auto there = from_thread::run([&]() -> Task<std::string> {
                EXPECT_EQ(std::this_thread::get_id(), home);
                const auto guard = co_await lock.acquire();
                co_await sleep(1ms);
                co_return request.get();
            });
            EXPECT_NE(std::this_thread::get_id(), home);
            return there;
        });
        EXPECT_EQ(text, "of the thread");
    });
}

TEST_P(FromThreadOn, comes_back_while_the_task_is_kept) {
    run([]() -> Task<> {
        AnyTaskHandle handle;
        co_await to_thread([&] {
            from_thread::run([&]() -> Task<> {
                handle = current_task();
                co_return;
            });
        });
        EXPECT_TRUE(handle.done());
    });
}

TEST_P(FromThreadOn, errors_come_back) {
    run([]() -> Task<> {
        auto outcome = co_await as_outcome(to_thread([] {
            from_thread::run([]() -> Task<> {
                co_await yield_now();
                throw std::range_error("on the loop");
            });
        }));
        EXPECT_TRUE(failed_with<std::range_error>(outcome));
    });
}

TEST_P(FromThreadOn, a_cancelled_caller_cancels_the_work_and_unwinds_the_thread) {
    run([]() -> Task<> {
        bool cleaned_up = false;
        std::atomic<bool> unwound = false;
        Event begun;
        Event never;
        auto task = spawn([&]() -> Task<> {
            co_await to_thread([&] {
                struct AtEnd {
                    std::atomic<bool>& flag;
                    ~AtEnd() { flag = true; }
                } const at_end{unwound};
                from_thread::run([&]() -> Task<> {
                    begun.set();
                    co_await try_finally([&]() -> Task<> { co_await never.wait(); },
                        [&]() -> Task<> {
                            co_await yield_now();
                            cleaned_up = true;
                        });
                });
                ADD_FAILURE() << "the work was cancelled";
            });
        });
        co_await begun.wait();
        task.cancel();
        const auto outcome = co_await as_outcome(task.join());
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
        EXPECT_TRUE(cleaned_up);
        EXPECT_TRUE(unwound);
    });
}

TEST_P(FromThreadOn, a_check_ends_the_function_of_a_cancelled_caller) {
    run([]() -> Task<> {
        std::atomic<bool> begun = false;
        std::atomic<bool> past_run = false;
        auto task = spawn([&]() -> Task<> {
            co_await to_thread([&] {
                from_thread::check_cancelled();
                begun = true;
                try {
                    for (;;) from_thread::check_cancelled();
                } catch (const std::exception&) {
                    ADD_FAILURE() << "a cancellation is no std::exception";
                } catch (...) {
                    bool ran = false;
                    try {
                        from_thread::run([&]() -> Task<> {
                            ran = true;
                            co_return;
                        });
                    } catch (...) {
                        past_run = !ran;
                        throw;
                    }
                }
            });
        });
        while (!begun) co_await sleep(100us);
        task.cancel();
        const auto outcome = co_await as_outcome(task.join());
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
        EXPECT_TRUE(past_run) << "nothing more is sent to the loop";
    });
}

TEST_P(FromThreadOn, a_loop_that_closes_refuses_the_call) {
    std::atomic<bool> go = false;
    std::atomic<bool> refused = false;
    std::atomic<bool> ran = false;
    run([&]() -> Task<> {
        to_thread([&] {
            while (!go) std::this_thread::yield();
            try {
                for (;;) {
                    from_thread::run([&]() -> Task<> {
                        ran = true;
                        co_return;
                    });
                }
            } catch (const LoopError&) {
                refused = true;
            }
        }).detach();
        go = true;
        while (!ran) co_await sleep(100us);
    });
    loop().finish();
    EXPECT_TRUE(refused);
}

TEST(FromThread, other_threads_are_told_what_to_do) {
    const auto none = error_of([] { from_thread::check_cancelled(); });
    EXPECT_EQ(none,
        "from_thread::check_cancelled: this thread runs no function of to_thread; give it the loop: "
        "block_on(loop, work)");
    TestLoop loop;
    loop.run([]() -> Task<> {
        ThreadPool pool(1);
        const auto in_pool = co_await pool.submit([] { return error_of([] { from_thread::run(sleep(1ms)); }); });
        EXPECT_NE(in_pool.find("runs no function of to_thread"), std::string::npos);
        co_await pool.shutdown();
    });
}

TEST(FromThread, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        const int sum = co_await to_thread([] {
            from_thread::check_cancelled();
            const int one = from_thread::run([]() -> Task<int> {
                co_await yield_now();
                co_return 1;
            });
            return one + 1;
        });
        EXPECT_EQ(sum, 2);
    }).run();
}

TEST(ToThread, needs_a_loop) {
    EXPECT_EQ(error_of([] { static_cast<void>(to_thread([] {})); }),
        "no gyre loop runs on this thread: call this from inside gyre::run");
}

TEST(ToThread, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        const int one = co_await to_thread([] { return 1; });
        const int two = co_await to_thread([](StopToken) { return 2; });
        EXPECT_EQ(one + two, 3);
    }).run();
}

}  // namespace gyre::testing

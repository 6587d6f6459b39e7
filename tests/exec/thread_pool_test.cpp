// ThreadPool: jobs, their results, limits and ends.

#include "support/loops.hpp"

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <numeric>
#include <thread>

namespace gyre::testing {

namespace {

/// A door for threads that a test opens.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Occupies the one thread of a pool until the gate opens, and has begun.
auto occupy(ThreadPool& pool, Gate& gate) -> JobHandle<> {
    std::latch begun(1);
    auto job = pool.submit([&begun, &gate] {
        begun.count_down();
        gate.pass();
    });
    begun.wait();
    return job;
}

/// Whether a job ends within a time that is long for what it does; one that the pool has forgotten never does.
template<class T>
auto ends(const JobHandle<T>& job) -> bool {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (!job.done()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::yield();
    }
    return true;
}

class ThreadPoolOn : public OnLoops {};
GYRE_ON_LOOPS(ThreadPoolOn);

}  // namespace

TEST_P(ThreadPoolOn, gives_values_errors_and_nothing) {
    run([]() -> Task<> {
        ThreadPool pool(2);
        const int sum = co_await pool.submit([](int a, int b) { return a + b; }, 3, 4);
        EXPECT_EQ(sum, 7);
        std::atomic<bool> called = false;
        co_await pool.submit([&called] { called = true; });
        EXPECT_TRUE(called);
        auto failing = pool.submit([]() -> int { throw std::invalid_argument("not today"); });
        const auto outcome = co_await as_outcome(std::move(failing));
        EXPECT_TRUE(failed_with<std::invalid_argument>(outcome));
        EXPECT_EQ(describe(outcome.error()), "not today");
    });
}

TEST_P(ThreadPoolOn, moves_what_cannot_be_copied_in_and_out) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        auto job = pool.submit([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(5));
        const std::unique_ptr<int> back = co_await std::move(job);
        EXPECT_EQ(*back, 5);
        int there = 1;
        auto reference = pool.submit([](int& value) -> int& { return ++value; }, std::ref(there));
        int& same = co_await std::move(reference);
        EXPECT_EQ(&same, &there);
        EXPECT_EQ(there, 2);
    });
}

TEST_P(ThreadPoolOn, leaves_the_loop_free) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        Gate gate;
        auto waiting = spawn([&]() -> Task<> { co_await pool.submit([&gate] { gate.pass(); }); });
        co_await yield_now();
        co_await yield_now();
        gate.open();  // the loop is here to open it
        co_await waiting;
    });
}

TEST_P(ThreadPoolOn, many_tasks_get_their_own_results) {
    run([]() -> Task<> {
        ThreadPool pool(3);
        int wrong = 0;
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 500; ++i) {
                group.spawn([&pool, &wrong, i]() -> Task<> {
                    const int twice = co_await pool.submit([](int x) { return 2 * x; }, i);
                    wrong += twice != 2 * i;
                });
            }
        });
        EXPECT_EQ(wrong, 0);
    });
}

TEST_P(ThreadPoolOn, maps_in_the_order_of_the_inputs) {
    run([]() -> Task<> {
        ThreadPool pool(3);
        std::vector<long> inputs(1000);
        std::iota(inputs.begin(), inputs.end(), 0L);
        const auto squares = co_await pool.map([](long x) { return x * x; }, inputs);
        EXPECT_EQ(squares.size(), 1000U);
        EXPECT_EQ(squares[999], 999L * 999L);
        const MapOptions chunks{.chunk_size = 7, .look_ahead = 2};
        const auto again = co_await pool.map([](long x) { return x * x; }, inputs, chunks);
        EXPECT_EQ(again, squares);
        std::atomic<int> calls = 0;
        co_await pool.map([&calls](long) { ++calls; }, inputs);
        EXPECT_EQ(calls, 1000);
        const auto none = co_await pool.map([](long x) { return x; }, std::vector<long>());
        EXPECT_TRUE(none.empty());
    });
}

TEST_P(ThreadPoolOn, map_is_bounded_and_ends_at_the_first_error) {
    run([]() -> Task<> {
        ThreadPool pool(2);
        std::atomic<int> calls = 0;
        const auto failing = [&calls](int x) {
            ++calls;
            if (x == 3) throw std::runtime_error("three");
            return x;
        };
        std::vector<int> inputs(10'000);
        std::iota(inputs.begin(), inputs.end(), 0);
        const MapOptions options{.look_ahead = 4};
        auto mapping = pool.map(failing, std::move(inputs), options);
        const auto outcome = co_await as_outcome(std::move(mapping));
        EXPECT_EQ(describe(outcome.error()), "three");
        EXPECT_LE(calls, 3 + 4 + 1);
    });
}

TEST_P(ThreadPoolOn, map_has_a_limit_by_a_scope_around_it) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        Gate gate;
        auto first = occupy(pool, gate);
        std::atomic<int> calls = 0;
        const std::vector<int> inputs(100, 1);
        auto mapping = pool.map([&calls](int x) { return ++calls + x; }, inputs);
        const auto outcome = co_await as_outcome(timeout(2ms, std::move(mapping)));
        EXPECT_TRUE(failed_with<TimeoutError>(outcome));
        gate.open();
        co_await std::move(first);
        co_await pool.shutdown();
        EXPECT_EQ(calls, 0) << "what had not begun is dropped";
    });
}

TEST_P(ThreadPoolOn, a_cancelled_wait_takes_a_job_that_has_not_begun_out_of_the_queue) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        Gate gate;
        auto first = occupy(pool, gate);
        std::atomic<bool> called = false;
        auto second = pool.submit([&called] { called = true; });
        const bool through = co_await move_on_after(1ms, std::move(second));
        EXPECT_FALSE(through);
        gate.open();
        co_await std::move(first);
        co_await pool.shutdown();
        EXPECT_FALSE(called);
    });
}

TEST_P(ThreadPoolOn, a_cancelled_wait_asks_a_running_job_to_stop_and_takes_its_result) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        std::latch begun(1);
        auto job = pool.submit([&begun](StopToken stop) {
            begun.count_down();
            while (!stop.stop_requested()) std::this_thread::yield();
            return 5;
        });
        begun.wait();
        const auto value = co_await move_on_after(1ms, std::move(job));
        EXPECT_TRUE(value.has_value()) << "completion beats cancellation";
        if (value.has_value()) EXPECT_EQ(*value, 5);
    });
}

TEST_P(ThreadPoolOn, a_job_may_be_abandoned) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        const auto gate = std::make_shared<Gate>();
        const auto begun = std::make_shared<std::latch>(1);
        auto job = pool.submit([gate, begun] {
                           begun->count_down();
                           gate->pass();
                       })
                       .abandon_on_cancel();
        begun->wait();
        const bool through = co_await move_on_after(1ms, std::move(job));
        EXPECT_FALSE(through) << "it runs on, and nobody waits for it";
        gate->open();
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, in_a_cancelled_scope_a_job_ends_before_its_caller) {
    run([]() -> Task<> {
        ThreadPool pool(2);
        std::atomic<int> begun = 0;
        std::atomic<int> ended = 0;
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            scope.cancel();
            co_await pool.submit([&] {
                ++begun;
                ++ended;
            });
        });
        EXPECT_EQ(begun, ended);
    });
}

TEST_P(ThreadPoolOn, a_dropped_handle_cancels_a_job_that_has_not_begun) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        Gate gate;
        auto first = occupy(pool, gate);
        const auto held = std::make_shared<int>(1);
        std::atomic<bool> called = false;
        {
            const auto dropped = pool.submit([&called, held] { called = true; });
        }
        EXPECT_EQ(held.use_count(), 1) << "what it held is gone at once";
        auto cancelled = pool.submit([&called] { called = true; });
        EXPECT_TRUE(cancelled.cancel("not needed"));
        EXPECT_TRUE(cancelled.done());
        const auto outcome = co_await as_outcome(std::move(cancelled));
        EXPECT_TRUE(failed_with<CancelledError>(outcome));
        gate.open();
        EXPECT_FALSE(first.cancel()) << "it runs";
        co_await std::move(first);
        EXPECT_FALSE(called);
    });
}

TEST_P(ThreadPoolOn, shutdown_runs_what_was_queued) {
    run([]() -> Task<> {
        ThreadPool pool(2);
        std::atomic<int> ended = 0;
        for (int i = 0; i < 200; ++i) pool.submit([&ended] { ++ended; }).detach();
        co_await pool.shutdown();
        EXPECT_EQ(ended, 200);
        EXPECT_EQ(error_of([&] { static_cast<void>(pool.submit([] {})); }), "submit: the pool 'gyre' was shut down");
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, shutdown_can_cancel_what_was_queued) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        Gate gate;
        auto first = occupy(pool, gate);
        auto queued = pool.submit([] { return 1; });
        auto ending = pool.shutdown({.cancel = true});
        const auto outcome = co_await as_outcome(std::move(queued));
        EXPECT_TRUE(failed_with<CancelledError>(outcome)) << "told at once, though a job runs";
        gate.open();
        co_await std::move(ending);
        EXPECT_TRUE(first.done());
    });
}

TEST_P(ThreadPoolOn, shutdown_reports_the_error_of_a_detached_job) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        pool.submit([] { throw std::runtime_error("lost"); }).detach();
        auto ending = pool.shutdown();
        const auto outcome = co_await as_outcome(std::move(ending));
        EXPECT_EQ(describe(outcome.error()), "lost");
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, shutdown_reports_the_error_of_a_job_that_was_detached_after_its_end) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        auto job = pool.submit([] { throw std::runtime_error("lost"); });
        EXPECT_TRUE(ends(job));
        job.detach();
        auto ending = pool.shutdown();
        const auto outcome = co_await as_outcome(std::move(ending));
        EXPECT_EQ(describe(outcome.error()), "lost");
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, what_ended_without_a_call_has_no_error_to_lose) {
    run([]() -> Task<> {
        ThreadPool broken(1, {}, [] { throw std::runtime_error("no connection"); });
        auto job = broken.submit([] {});
        EXPECT_TRUE(ends(job));
        job.detach();
        co_await broken.shutdown();  // who broke the pool is told once, by submit
        ThreadPool pool(1);
        Gate gate;
        auto first = occupy(pool, gate);
        auto cancelled = pool.submit([] {});
        EXPECT_TRUE(cancelled.cancel());
        cancelled.detach();
        gate.open();
        co_await std::move(first);
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, a_failing_initializer_breaks_the_pool) {
    run([]() -> Task<> {
        ThreadPool pool(1, {.name = "db"}, [] { throw std::runtime_error("no connection"); });
        auto job = pool.submit([] { return 1; });
        const auto outcome = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<BrokenPoolError>(outcome));
        EXPECT_EQ(describe(outcome.error()), "the pool 'db' is broken: its initializer failed: no connection");
        EXPECT_EQ(error_of([&] { static_cast<void>(pool.submit([] {})); }), describe(outcome.error()));
        co_await pool.shutdown();
    });
}

TEST_P(ThreadPoolOn, a_full_queue_makes_the_awaiting_task_wait) {
    run([]() -> Task<> {
        ThreadPool pool(1, {.queue_limit = 1});
        Gate gate;
        auto running = occupy(pool, gate);
        auto queued = pool.submit([] { return 1; });
        EXPECT_FALSE(pool.try_submit([] { return 2; }).has_value());
        auto held = pool.submit([] { return 3; });
        auto dropped = pool.submit([] { return 4; });
        EXPECT_EQ(error_of([&] { dropped.detach(); }),
            "detach: the queue of the pool is full, and nobody would wait for room");
        gate.open();
        const int third = co_await std::move(held);
        EXPECT_EQ(third, 3);
        const int first = co_await std::move(queued);
        EXPECT_EQ(first, 1);
        co_await std::move(running);
        auto fits = pool.try_submit([] { return 5; });
        EXPECT_TRUE(fits.has_value());
        const int fifth = co_await std::move(*fits);
        EXPECT_EQ(fifth, 5);
    });
}

TEST_P(ThreadPoolOn, spawn_runs_a_function_on_an_executor_as_a_task) {
    run([]() -> Task<> {
        ThreadPool pool(1);
        const auto home = std::this_thread::get_id();
        auto task = spawn([] { return std::this_thread::get_id(); }, {.name = "elsewhere", .executor = &pool});
        EXPECT_EQ(task.name(), "elsewhere");
        const auto there = co_await task.join();
        EXPECT_NE(there, home);
        EXPECT_EQ(error_of([] { spawn([] {}, {}); }),
            "spawn: an ordinary function needs an executor to run on: spawn(function, {.executor = &pool})");
    });
}

TEST(ThreadPool, serves_plain_threads) {
    ThreadPool pool(2);
    auto job = pool.submit([](std::string text) { return text + "!"; }, "hello");
    EXPECT_EQ(job.get(), "hello!");
    EXPECT_FALSE(job.valid());
    EXPECT_EQ(error_of([&] { job.get(); }),
        "JobHandle: it was awaited, detached or moved from before; a job's result is had once");
}

TEST(ThreadPool, get_on_a_loop_is_refused) {
    TestLoop loop;
    loop.run([]() -> Task<> {
        ThreadPool pool(1);
        auto job = pool.submit([] { return 1; });
        EXPECT_EQ(error_of([&] { job.get(); }),
            "JobHandle::get blocks its thread, and a loop runs on this one: co_await the handle");
        co_await std::move(job);
    });
}

TEST(ThreadPool, one_thread_runs_jobs_in_order) {
    ThreadPool pool(1);
    std::vector<int> order;
    std::vector<JobHandle<>> jobs;
    for (int i = 0; i < 1000; ++i) jobs.push_back(pool.submit([&order, i] { order.push_back(i); }));
    for (auto& job : jobs) job.get();
    EXPECT_EQ(order.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPool, threads_are_started_when_they_are_needed_and_used_again) {
    ThreadPool pool(8);
    EXPECT_EQ(pool.statistics().threads, 0U);
    EXPECT_EQ(pool.concurrency(), 8U);
    pool.submit([] {}).get();
    const auto few = pool.statistics().threads;
    EXPECT_LE(few, 2U);
    std::latch all(8);
    std::vector<JobHandle<>> jobs;
    for (int i = 0; i < 8; ++i) jobs.push_back(pool.submit([&all] { all.arrive_and_wait(); }));
    for (auto& job : jobs) job.get();
    EXPECT_EQ(pool.statistics().threads, 8U) << "eight that wait for each other need eight threads";
}

TEST(ThreadPool, a_job_may_wait_for_jobs_of_its_own_pool) {
    ThreadPool pool(1);
    auto outer = pool.submit([&pool] {
        auto inner = pool.submit([&pool] { return pool.submit([] { return 1; }).get() + 1; });
        return inner.get() + 1;
    });
    EXPECT_EQ(outer.get(), 3);
}

TEST(ThreadPool, a_job_that_waits_for_a_job_of_its_own_kind_may_do_so_at_any_depth) {
    ThreadPool pool(1);
    std::function<int(int)> dive = [&](int depth) {
        return depth == 0 ? 0 : pool.submit(std::ref(dive), depth - 1).get() + 1;
    };
    auto job = pool.submit(std::ref(dive), 200);
    ASSERT_TRUE(ends(job));
    EXPECT_EQ(job.get(), 200);
}

TEST(ThreadPool, many_jobs_may_each_wait_for_one_of_their_own) {
    ThreadPool pool(1);
    auto outer = pool.submit([&pool] {
        std::vector<JobHandle<int>> jobs;
        for (int i = 0; i < 200; ++i) {
            jobs.push_back(pool.submit([&pool, i] { return pool.submit([i] { return i; }).get(); }));
        }
        int sum = 0;
        for (auto& job : jobs) sum += job.get();
        return sum;
    });
    ASSERT_TRUE(ends(outer));
    EXPECT_EQ(outer.get(), 199 * 200 / 2);
}

TEST(ThreadPool, what_a_job_throws_that_runs_inside_of_the_one_that_waits_is_thrown_there) {
    ThreadPool pool(1);
    std::function<int(int)> dive = [&](int depth) -> int {
        if (depth == 0) throw std::out_of_range("the ground");
        return pool.submit(std::ref(dive), depth - 1).get();
    };
    auto job = pool.submit(std::ref(dive), 100);
    ASSERT_TRUE(ends(job));
    EXPECT_EQ(error_of([&] { job.get(); }), "the ground");
    TestLoop loop;
    loop.run([&]() -> Task<> { co_await pool.shutdown(); });  // nothing was lost
}

TEST(ThreadPool, a_job_of_another_pool_runs_there_whoever_waits) {
    ThreadPool here(1);
    ThreadPool there(1);
    Gate gate;
    auto busy = occupy(there, gate);
    std::latch begun(1);
    auto waiting = here.submit([&] {
        auto job = there.submit([] { return std::this_thread::get_id(); });
        begun.count_down();
        return job.get();
    });
    begun.wait();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // it would run the job here at once
    gate.open();
    EXPECT_EQ(waiting.get(), there.submit([] { return std::this_thread::get_id(); }).get());
    busy.get();
}

TEST(ThreadPool, jobs_that_submit_jobs_are_shared_among_the_threads) {
    ThreadPool pool(2);
    std::latch both(2);
    // The first makes the second and then waits for it to run beside it: somebody must have taken it.
    auto first = pool.submit([&] {
        auto second = pool.submit([&both] { both.arrive_and_wait(); });
        both.arrive_and_wait();
        second.get();
    });
    first.get();
}

TEST(ThreadPool, a_plain_thread_waits_for_room) {
    ThreadPool pool(1, {.queue_limit = 4});
    std::atomic<int> ended = 0;
    for (int i = 0; i < 10'000; ++i) pool.submit([&ended] { ++ended; }).detach();
    EXPECT_LE(pool.statistics().queued, 4U);
    pool.submit([] {}).get();
    EXPECT_EQ(ended, 10'000);
}

TEST(ThreadPool, the_initializer_runs_on_each_thread) {
    std::atomic<int> initialized = 0;
    {
        ThreadPool pool(2, {}, [&initialized] { ++initialized; });
        std::latch both(2);
        auto a = pool.submit([&both] { both.arrive_and_wait(); });
        auto b = pool.submit([&both] { both.arrive_and_wait(); });
        a.get();
        b.get();
    }
    EXPECT_EQ(initialized, 2);
}

TEST(ThreadPool, an_idle_thread_takes_jobs_while_another_one_is_in_its_initializer) {
    Gate gate;
    std::atomic<int> begun = 0;
    ThreadPool pool(2, {}, [&] {
        if (++begun == 2) gate.pass();
    });
    Gate first;
    auto busy = occupy(pool, first);
    auto second = pool.submit([] {});
    while (begun != 2) std::this_thread::yield();
    first.open();
    EXPECT_TRUE(ends(busy));
    EXPECT_TRUE(ends(second));
    for (int i = 0; i < 100 && !HasFailure(); ++i) {
        auto job = pool.submit([] {});
        EXPECT_TRUE(ends(job)) << "the idle thread was not woken for job " << i;
    }
    gate.open();
}

TEST(ThreadPool, threads_are_initialized_side_by_side) {
    std::latch both(2);
    ThreadPool pool(2, {}, [&both] { both.arrive_and_wait(); });
    auto first = pool.submit([] {});
    auto second = pool.submit([] {});
    EXPECT_TRUE(ends(first)) << "the initializer of one thread may take as long as that of all";
    EXPECT_TRUE(ends(second));
    if (HasFailure()) both.count_down();
}

TEST(ThreadPool, the_destructor_waits_for_what_runs_and_cancels_the_rest) {
    Gate gate;
    std::atomic<bool> ended = false;
    JobHandle<> queued = [&] {
        ThreadPool pool(1);
        std::latch begun(1);
        pool.submit([&] {
                begun.count_down();
                gate.pass();
                ended = true;
            })
            .detach();
        begun.wait();
        auto second = pool.submit([] {});
        gate.open();
        return second;
    }();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(queued.done());
}

TEST(ThreadPool, a_job_may_destroy_its_pool) {
    auto pool = std::make_unique<ThreadPool>(1);
    std::latch destroyed(1);
    auto& there = *pool;
    there
        .submit([&destroyed, pool = std::move(pool)]() mutable {
            pool.reset();
            destroyed.count_down();
        })
        .detach();
    destroyed.wait();
}

// Several threads submit, jobs submit jobs, some are cancelled: each is either run or cancelled, and counted once.
void submit_from_many_threads() {
    ThreadPool pool(3, {.queue_limit = 64});
    std::atomic<int> ran = 0;
    std::atomic<int> cancelled = 0;
    std::vector<std::thread> threads;
    constexpr int submitters = 3;
    constexpr int jobs = 4000;
    for (int t = 0; t < submitters; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < jobs; ++i) {
                auto job = pool.submit([&] {
                    ++ran;
                    pool.submit([&ran] { ++ran; }).detach();
                });
                if (i % 7 == 0) {
                    if (job.cancel()) ++cancelled;
                } else if (i % 3 == 0) {
                    job.get();
                } else {
                    job.detach();
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const int all = 2 * (submitters * jobs - cancelled);
    while (ran < all) std::this_thread::yield();
    TestLoop loop;
    loop.run([&]() -> Task<> { co_await pool.shutdown(); });
    EXPECT_EQ(ran, all);
}

TEST(ThreadPool, stress) { stress(submit_from_many_threads); }

// Jobs come while the last thread goes because its initializer failed: each of them ends.
void submit_while_the_pool_breaks() {
    ThreadPool pool(1, {}, [] { throw std::runtime_error("no connection"); });
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&pool] {
            std::vector<JobHandle<>> jobs;
            const auto error = error_of([&] {
                for (;;) jobs.push_back(pool.submit([] {}));
            });
            EXPECT_EQ(error, "the pool 'gyre' is broken: its initializer failed: no connection");
            for (auto& job : jobs) EXPECT_TRUE(ends(job));
        });
    }
    for (auto& thread : threads) thread.join();
}

TEST(ThreadPool, no_job_is_forgotten_by_a_pool_that_breaks) { stress(submit_while_the_pool_breaks); }

// Jobs are detached just when they end: the error of each is either thrown by shutdown or was not lost.
void detach_at_the_end() {
    ThreadPool pool(1);
    std::atomic<bool> go = false;
    auto job = pool.submit([&go] {
        while (!go) std::this_thread::yield();
        throw std::runtime_error("lost");
    });
    go = true;
    job.detach();
    TestLoop loop;
    loop.run([&]() -> Task<> {
        auto ending = pool.shutdown();
        const auto outcome = co_await as_outcome(std::move(ending));
        EXPECT_EQ(describe(outcome.error()), "lost");
    });
}

TEST(ThreadPool, no_error_is_lost_however_early_or_late_a_job_is_detached) { stress(detach_at_the_end); }

TEST(ThreadPool, a_handle_may_be_detached_after_its_pool_is_gone) {
    auto job = [] {
        ThreadPool pool(1);
        auto failing = pool.submit([] { throw std::runtime_error("lost"); });
        EXPECT_TRUE(ends(failing));
        return failing;
    }();
    job.detach();
    EXPECT_FALSE(job.valid());
}

TEST(ThreadPool, survives_cancellation_anywhere) {
    std::atomic<int> inside = 0;
    CancelEverywhere([&]() -> Task<> {
        ThreadPool pool(2);
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 3; ++i) {
                group.spawn([&pool, &inside]() -> Task<> {
                    co_await pool.submit([&inside] {
                        ++inside;
                        --inside;
                    });
                });
            }
            group.spawn([&pool]() -> Task<> {
                std::vector<int> inputs(6, 1);
                const auto results = co_await pool.map([](int x) { return x; }, std::move(inputs));
                EXPECT_EQ(results.size(), 6U);
            });
        });
        co_await pool.shutdown();
    }).invariant([&](const CancelledRun& run) {
          EXPECT_EQ(inside, 0) << run.text();
      }).run();
}

}  // namespace gyre::testing

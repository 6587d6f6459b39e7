// What tasks share, when nobody is in the way and when two talk to each other; and jobs for a pool of threads.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <atomic>
#include <cstdlib>

namespace bench {

namespace {

auto lock_and_unlock(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        gyre::Lock lock;
        const double start = cpu_now();
        for (int i = 0; i < count; ++i) {
            const auto guard = co_await lock.acquire();
        }
        co_return (cpu_now() - start) / count;
    });
}

// The limit: the flag alone, without a coroutine, fairness, owner, loop check or cancellation.
auto limit_lock(int count) -> double {
    volatile bool held = false;
    const double start = cpu_now();
    for (int i = 0; i < count; ++i) {
        if (!held) held = true;
        held = false;
    }
    return (cpu_now() - start) / count;
}

template<class Answer, class Ask>
auto ping_pong(int count, Answer answer, Ask ask) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        double each = 0;
        co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
            group.spawn([&] { return answer(count); });
            co_await gyre::yield_now();
            const double start = cpu_now();
            co_await ask(count);
            each = (cpu_now() - start) / (2.0 * count);
        });
        co_return each;
    });
}

auto queue_ping_pong(int messages) -> double {
    gyre::Queue<int> there{1};
    gyre::Queue<int> back{1};
    return ping_pong(
        messages / 2,
        [&](int times) -> gyre::Task<> {
            for (int i = 0; i < times; ++i) {
                const auto item = co_await there.get();
                co_await back.put(*item);
            }
        },
        [&](int times) -> gyre::Task<> {
            for (int i = 0; i < times; ++i) {
                co_await there.put(i);
                co_await back.get();
            }
        });
}

auto channel_ping_pong(int messages) -> double {
    auto there = gyre::channel<int>(1);
    auto back = gyre::channel<int>(1);
    return ping_pong(
        messages / 2,
        [&](int times) -> gyre::Task<> {
            for (int i = 0; i < times; ++i) {
                const auto item = co_await there.receiver.receive();
                co_await back.sender.send(*item);
            }
        },
        [&](int times) -> gyre::Task<> {
            for (int i = 0; i < times; ++i) {
                co_await there.sender.send(i);
                co_await back.receiver.receive();
            }
        });
}

limit::Spawned limit_answer(int times, limit::Box& in, limit::Box& out) {
    for (int i = 0; i < times; ++i) out.put(co_await limit::Box::Get(in));
}

limit::Spawned limit_ask(int times, limit::Box& there, limit::Box& back, double& each) {
    const double start = cpu_now();
    for (int i = 0; i < times; ++i) {
        there.put(i);
        const int answer = co_await limit::Box::Get(back);
        if (answer != i) std::abort();
    }
    each = (cpu_now() - start) / (2.0 * times);
}

auto limit_ping_pong(int messages) -> double {
    limit::Box there;
    limit::Box back;
    limit::Countdown all;
    double each = 0;
    limit::spawn(all, limit_answer(messages / 2, there, back));
    limit::spawn(all, limit_ask(messages / 2, there, back, each));
    limit::ready.run();
    return each;
}

// What waits for what here stands in one list: its length must cost nothing.
auto lock_waiters(int tasks) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        gyre::Lock lock;
        double start = 0;
        co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
            const auto first = co_await lock.acquire();
            for (int i = 0; i < tasks; ++i) {
                group.spawn([&]() -> gyre::Task<> { const auto guard = co_await lock.acquire(); });
            }
            co_await gyre::yield_now();
            start = cpu_now();
        });
        co_return (cpu_now() - start) / tasks;
    });
}

auto queue_waiters(int tasks) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        gyre::Queue<int> queue;
        double start = 0;
        co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
            for (int i = 0; i < tasks; ++i) {
                group.spawn([&]() -> gyre::Task<> { co_await queue.get(); });
            }
            co_await gyre::yield_now();
            start = cpu_now();
            for (int i = 0; i < tasks; ++i) queue.try_put(i);
        });
        co_return (cpu_now() - start) / tasks;
    });
}

// On the wall: the submitter and the workers are at it together.
auto pool_jobs(int count, std::size_t threads) -> double {
    gyre::ThreadPool pool(threads);
    std::atomic<int> ended{0};
    const double start = wall_now();
    for (int i = 0; i < count; ++i) {
        pool.submit([&ended, count] {
                if (ended.fetch_add(1, std::memory_order_relaxed) + 1 == count) ended.notify_one();
            })
            .detach();
    }
    for (int seen = ended.load(); seen < count; seen = ended.load()) ended.wait(seen);
    return (wall_now() - start) / count;
}

}  // namespace

auto shared_works() -> std::vector<Work> {
    return {
        {"lock", "lock and unlock, nobody waits", 2, "ns", 300'000, lock_and_unlock, limit_lock},
        {"queue_pingpong", "a queue of one, two tasks, each message", 12, "ns", 60'000, queue_ping_pong, limit_ping_pong},
        {"channel_pingpong", "a channel of one, two tasks, each message", 12, "ns", 60'000, channel_ping_pong,
            limit_ping_pong},
        {"lock_waiters", "n tasks wait for one lock, each gets it", 0, "ns", 10'000, lock_waiters, {}, 15},
        {"queue_waiters", "n tasks wait for one queue, each gets an item", 0, "ns", 10'000, queue_waiters, {}, 15},
        {"empty_job", "an empty job for one thread of a pool", 110, "ns", 200'000,
            [](int jobs) { return pool_jobs(jobs, 1); }, {}, 15},
        {"empty_job_2", "an empty job for two threads of a pool", 110, "ns", 200'000,
            [](int jobs) { return pool_jobs(jobs, 2); }, {}, 15},
    };
}

}  // namespace bench

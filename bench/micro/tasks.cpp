// Tasks: yield, spawn, children, gather, and what one weighs.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include <malloc.h>
#include <unistd.h>

namespace bench {

namespace {

template<class Body>
auto run_timed(int count, Body body) -> double {
    return gyre::run([&]() -> gyre::Task<double> {
        const double start = cpu_now();
        co_await body();
        co_return (cpu_now() - start) / count;
    });
}

gyre::Task<int> leaf(int value) { co_return value; }
gyre::Task<> nothing() { co_return; }

gyre::Task<> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::yield_now();
}

// Without the spawns: the clock starts when every task has had its first turn.
auto yields(int tasks, int times) -> double {
    return gyre::run([&]() -> gyre::Task<double> {
        double start = 0;
        co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
            for (int i = 0; i < tasks; ++i) group.spawn(yield_often(times + 1));
            co_await gyre::yield_now();
            start = cpu_now();
        });
        co_return (cpu_now() - start) / tasks / times;
    });
}

limit::Spawned limit_yield_often(int times) {
    limit::Yield turn;
    for (int i = 0; i < times; ++i) co_await turn;
}

auto limit_yields(int tasks, int times) -> double {
    limit::Countdown count;
    for (int i = 0; i < tasks; ++i) limit::spawn(count, limit_yield_often(times));
    const double start = cpu_now();
    limit::ready.run();
    return (cpu_now() - start) / tasks / times;
}

auto spawn_join(int times) -> double {
    return run_timed(times, [times]() -> gyre::Task<> {
        for (int i = 0; i < times; ++i) {
            auto handle = gyre::spawn(nothing());
            co_await handle.join();
        }
    });
}

limit::Spawned limit_nothing() { co_return; }

limit::Spawned limit_spawn_and_join(int times, double& each) {
    const double start = cpu_now();
    for (int i = 0; i < times; ++i) {
        limit::Countdown count;
        limit::spawn(count, limit_nothing());
        co_await count;
    }
    each = (cpu_now() - start) / times;
}

auto limit_spawn_join(int times) -> double {
    double each = 0;
    limit::run(limit_spawn_and_join(times, each));
    return each;
}

gyre::Task<> await_children(int times) {
    int odd = 0;
    for (int i = 0; i < times; ++i) {
        const int value = co_await leaf(i);
        odd += value & 1;
    }
    if (odd != times / 2) std::abort();
}

auto child_await(int times) -> double {
    return run_timed(times, [times] { return await_children(times); });
}

limit::Child limit_leaf(int value) { co_return value; }

limit::Spawned limit_await_children(int times, double& each) {
    const double start = cpu_now();
    int odd = 0;
    for (int i = 0; i < times; ++i) odd += co_await limit_leaf(i) & 1;
    if (odd != times / 2) std::abort();
    each = (cpu_now() - start) / times;
}

// Symmetric transfer is no tail call everywhere, so the stack may grow with each child: few of them at a time.
auto limit_child_await(int times) -> double {
    constexpr int at_a_time = 1'000;
    double sum = 0;
    for (int i = 0; i < times; i += at_a_time) {
        double each = 0;
        limit::run(limit_await_children(at_a_time, each));
        sum += each;
    }
    return sum / ((times + at_a_time - 1) / at_a_time);
}

auto child_suspends(int times) -> double {
    return run_timed(times, [times]() -> gyre::Task<> {
        for (int i = 0; i < times; ++i) co_await yield_often(1);
    });
}

auto gather(int count) -> double {
    return run_timed(count, [count]() -> gyre::Task<> {
        std::vector<gyre::Task<int>> many;
        many.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) many.push_back(leaf(i));
        const auto values = co_await gyre::gather(std::move(many));
        if (values.size() != static_cast<std::size_t>(count)) std::abort();
    });
}

limit::Spawned limit_gather_all(int count, double& each) {
    const double start = cpu_now();
    limit::Countdown all;
    for (int i = 0; i < count; ++i) limit::spawn(all, limit_nothing());
    co_await all;
    each = (cpu_now() - start) / count;
}

auto limit_gather(int count) -> double {
    double each = 0;
    limit::run(limit_gather_all(count, each));
    return each;
}

auto timeouts(int times) -> double {
    return run_timed(times, [times]() -> gyre::Task<> {
        for (int i = 0; i < times; ++i) co_await gyre::timeout(std::chrono::seconds(1), nothing());
    });
}

// What the kernel gave: the one figure that programs in other languages can be held against.
auto resident_bytes() -> double {
    malloc_trim(0);
    std::ifstream file("/proc/self/statm");
    double all = 0;
    double resident = 0;
    file >> all >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

gyre::Task<> sleep_long() { co_await gyre::sleep(std::chrono::hours(1)); }

// Node, frame, timer and place in the queue; the handles are dropped.
auto task_bytes(int count) -> double {
    return gyre::run([&]() -> gyre::Task<double> {
        const double before = resident_bytes();
        for (int i = 0; i < count; ++i) static_cast<void>(gyre::spawn(sleep_long()));
        co_await gyre::yield_now();
        co_return (resident_bytes() - before) / count;
    });
}

limit::Spawned limit_sleep_long(std::uint64_t when) {
    if (co_await limit::Sleep(when)) std::abort();
}

auto limit_task_bytes(int count) -> double {
    limit::Countdown all;
    const double before = resident_bytes();
    for (int i = 0; i < count; ++i) limit::spawn(all, limit_sleep_long(static_cast<std::uint64_t>(i) + 1));
    limit::ready.run();
    const double each = (resident_bytes() - before) / count;
    while (!limit::timers.empty()) {
        limit::Timer& timer = limit::timers.first();
        timer.cancelled = true;
        limit::timers.remove(timer);
        limit::ready.push(timer);
    }
    limit::ready.run();
    return each;
}

// A loop ends while tasks sleep: they are cancelled, and it waits for them.
auto close_tasks(int count) -> double {
    const double start = cpu_now();
    gyre::run([=]() -> gyre::Task<> {
        for (int i = 0; i < count; ++i) static_cast<void>(gyre::spawn(sleep_long()));
        co_await gyre::yield_now();
    });
    return (cpu_now() - start) / count;
}

}  // namespace

auto task_works() -> std::vector<Work> {
    return {
        {"task_bytes", "a sleeping spawned task, all in all", 208, "B", 1'000'000, task_bytes, limit_task_bytes, 1},
        {"yield_2", "yield, 2 tasks are ready", 5, "ns", 100'000, [](int turns) { return yields(2, turns / 2); },
            [](int turns) { return limit_yields(2, turns / 2); }},
        {"yield_10k", "yield, 10,000 tasks are ready", 5, "ns", 200'000,
            [](int turns) { return yields(10'000, turns / 10'000); },
            [](int turns) { return limit_yields(10'000, turns / 10'000); }},
        {"yield_n", "yield, n tasks are ready, each turn", 0, "ns", 20'000, [](int tasks) { return yields(tasks, 10); },
            [](int tasks) { return limit_yields(tasks, 10); }},
        {"spawn_join", "spawn, run to its end, join", 25, "ns", 30'000, spawn_join, limit_spawn_join},
        {"child_await", "a child that completes at once", 9, "ns", 100'000, child_await, limit_child_await},
        {"child_suspends", "a child that yields once", 0, "ns", 50'000, child_suspends},
        {"gather_100k", "gather of trivial tasks, each", 30, "ns", 100'000, gather, limit_gather},
        {"close_tasks", "spawn a task that sleeps, and cancel it when the loop ends", 0, "ns", 20'000, close_tasks, {},
            20},
        {"timeout", "a time limit around nothing", 0, "ns", 30'000, timeouts},
    };
}

}  // namespace bench

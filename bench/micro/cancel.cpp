// What cancelling costs: many tasks at once, and deep ones.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <chrono>
#include <cstdlib>
#include <random>

namespace bench {

namespace {

/// Deadlines in no order, the same in every round: whoever keeps timers in a heap takes them out of its middle.
class Lengths {
public:
    auto next() -> std::chrono::milliseconds { return std::chrono::milliseconds(hour + random_() % hour); }

private:
    static constexpr unsigned hour = 3'600'000;
    std::mt19937 random_{1};
};

gyre::Task<> hold(int depth, std::chrono::milliseconds length) {
    if (depth <= 1) {
        co_await gyre::sleep(length);
    } else {
        co_await hold(depth - 1, length);
    }
}

// From the first `cancel` until the last task is gone.
auto by_handles(int tasks, int depth) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        auto& loop = gyre::this_loop();
        std::vector<gyre::TaskHandle<>> handles;
        handles.reserve(static_cast<std::size_t>(tasks));
        Lengths lengths;
        for (int i = 0; i < tasks; ++i) handles.push_back(gyre::spawn(hold(depth, lengths.next())));
        co_await gyre::yield_now();
        const double start = cpu_now();
        for (auto& handle : handles) handle.cancel("over");
        while (loop.background_task_count() > 0) co_await gyre::yield_now();
        co_return (cpu_now() - start) / tasks;
    });
}

auto by_group(int tasks, int depth) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        double start = 0;
        co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
            Lengths lengths;
            for (int i = 0; i < tasks; ++i) group.spawn(hold(depth, lengths.next()));
            co_await gyre::yield_now();
            start = cpu_now();
            group.cancel("over");
        });
        co_return (cpu_now() - start) / tasks;
    });
}

std::vector<limit::Timer*> sleeping;

limit::Spawned limit_hold(std::uint64_t when) {
    limit::Sleep sleep(when);
    sleeping.push_back(&sleep);
    if (co_await sleep) std::abort();
}

auto limit_cancel(int tasks) -> double {
    limit::Countdown all;
    sleeping.clear();
    Lengths lengths;
    for (int i = 0; i < tasks; ++i) limit::spawn(all, limit_hold(static_cast<std::uint64_t>(lengths.next().count())));
    limit::ready.run();
    const double start = cpu_now();
    for (limit::Timer* timer : sleeping) {
        timer->cancelled = true;
        limit::timers.remove(*timer);
        limit::ready.push(*timer);
    }
    limit::ready.run();
    if (all.left != 0) std::abort();
    return (cpu_now() - start) / tasks;
}

}  // namespace

auto cancel_works() -> std::vector<Work> {
    return {
        {"cancel_100k", "cancel sleeping tasks by their handles, each", 80, "ns", 100'000,
            [](int tasks) { return by_handles(tasks, 1); }, limit_cancel, 20},
        {"cancel_group", "cancel a group of 100,000, each", 80, "ns", 100'000,
            [](int tasks) { return by_group(tasks, 1); }, limit_cancel, 20},
        {"cancel_deep", "cancel tasks 20 awaits deep, each", 0, "ns", 10'000,
            [](int tasks) { return by_handles(tasks, 20); }, {}, 20},
    };
}

}  // namespace bench

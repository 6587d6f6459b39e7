// A million timers within one second, in processor time: what the machine was busy with, not what it waited for. Fewer timers
// come in less time, as many in each millisecond.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <chrono>
#include <cstdlib>
#include <random>

#include <time.h>

namespace bench {

namespace {

constexpr unsigned nanoseconds_each = 1'000;

gyre::Task<> nap(gyre::Duration length) { co_await gyre::sleep(length); }

auto timers_cpu(int count) -> double {
    const double start = cpu_now();
    gyre::run([=]() -> gyre::Task<> {
        std::mt19937 random(1);
        co_await gyre::task_group([&](gyre::TaskGroup& group) {
            for (int i = 0; i < count; ++i)
                group.spawn(nap(std::chrono::nanoseconds(random() % (static_cast<unsigned>(count) * nanoseconds_each))));
        });
    });
    return (cpu_now() - start) / 1e9;
}

limit::Spawned limit_nap(std::uint64_t when) {
    if (!co_await limit::Sleep(when)) std::abort();
}

auto limit_timers_cpu(int count) -> double {
    const double start = cpu_now();
    std::mt19937 random(1);
    limit::Countdown all;
    for (int i = 0; i < count; ++i)
        limit::spawn(all, limit_nap(static_cast<std::uint64_t>(wall_now()) +
                                    random() % (static_cast<unsigned>(count) * nanoseconds_each)));
    while (all.left > 0) {
        limit::ready.run();
        const auto now = static_cast<std::uint64_t>(wall_now());
        while (!limit::timers.empty() && limit::timers.first().when <= now) {
            limit::Timer& timer = limit::timers.first();
            limit::timers.remove(timer);
            limit::ready.push(timer);
        }
        if (!limit::ready.empty()) continue;
        const timespec pause{0, 500'000};
        nanosleep(&pause, nullptr);
    }
    return (cpu_now() - start) / 1e9;
}

auto sleeps(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        std::vector<gyre::Task<>> many;
        many.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) many.push_back(nap(std::chrono::nanoseconds(i % 1000)));
        const double start = cpu_now();
        co_await gyre::gather(std::move(many));
        co_return (cpu_now() - start) / count;
    });
}

}  // namespace

auto timer_works() -> std::vector<Work> {
    return {
        {"sleeps_10k", "short sleeps in a gather, each", 0, "ns", 10'000, sleeps},
        {"timers_1m_cpu", "a million tasks sleep up to 1 s, processor time", 0.9, "s", 1'000'000, timers_cpu,
            limit_timers_cpu, 3},
    };
}

}  // namespace bench

// What cancelling costs: many tasks at once, and deep ones. Prints nanoseconds, the best of several rounds.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr int rounds = 15;

gyre::Task<> hold(int depth) {
    if (depth <= 1) {
        co_await gyre::sleep(1h);
    } else {
        co_await hold(depth - 1);
    }
}

struct Costs {
    double ask = 1e9;     ///< handle.cancel(), for each task.
    double unwind = 1e9;  ///< The rest, until all are gone, for each task.
};

gyre::Task<> cancel_all(int tasks, int depth, Costs& costs) {
    auto& loop = gyre::this_loop();
    std::vector<gyre::TaskHandle<>> handles;
    handles.reserve(static_cast<std::size_t>(tasks));
    for (int i = 0; i < tasks; ++i) handles.push_back(gyre::spawn(hold(depth)));
    co_await gyre::yield_now();
    co_await gyre::yield_now();
    const auto start = loop.now();
    for (auto& handle : handles) handle.cancel("over");
    const auto asked = loop.now();
    while (loop.background_task_count() > 0) co_await gyre::yield_now();
    const auto done = loop.now();
    const auto each = [tasks](auto length) { return static_cast<double>(length.count()) / tasks; };
    costs.ask = std::min(costs.ask, each(asked - start));
    costs.unwind = std::min(costs.unwind, each(done - asked));
}

gyre::Task<> cancel_group(int tasks, int depth, double& best) {
    auto& loop = gyre::this_loop();
    gyre::Time start{};
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        for (int i = 0; i < tasks; ++i) group.spawn(hold(depth));
        co_await gyre::yield_now();
        co_await gyre::yield_now();
        start = loop.now();
        group.cancel("over");
    });
    best = std::min(best, static_cast<double>((loop.now() - start).count()) / tasks);
}

gyre::Task<> measure() {
    std::printf("%8s %6s  %22s  %24s  %10s\n", "tasks", "depth", "by handles: ask + unwind",
        "ns each task (each frame)", "by a group");
    for (const int depth : {1, 2, 5, 20}) {
        const int tasks = 10'000;
        Costs costs;
        double group = 1e9;
        for (int i = 0; i < rounds; ++i) {
            co_await cancel_all(tasks, depth, costs);
            co_await cancel_group(tasks, depth, group);
        }
        const double whole = costs.ask + costs.unwind;
        std::printf("%8d %6d  %11.1f + %8.1f  %14.1f (%7.1f)  %10.1f\n", tasks, depth, costs.ask, costs.unwind, whole,
            whole / depth, group);
    }
}

}  // namespace

int main() { gyre::run(measure()); }

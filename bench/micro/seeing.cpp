// What seeing inside costs while it is on: events of the recorder, exact timing.
#include "bench.hpp"

#include <gyre/gyre.hpp>
#include <gyre/obs.hpp>

#include <algorithm>
#include <string_view>

namespace bench {

namespace {

gyre::Task<> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::yield_now();
}

// Without the spawns: the clock starts when both tasks have had their first turn.
auto yields(int times, gyre::RunOptions options, std::string_view name = {}) -> double {
    return gyre::run(
        [&]() -> gyre::Task<double> {
            double start = 0;
            co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
                for (int i = 0; i < 2; ++i) group.spawn(yield_often(times / 2 + 1), {.name = name});
                co_await gyre::yield_now();
                start = cpu_now();
            });
            co_return (cpu_now() - start) / times;
        },
        options);
}

constexpr gyre::RunOptions recorded{.recorder = {.on = true}};
constexpr int events_of_a_yield = 3;  // wake, run, pause

auto best_plain(int times) -> double {
    double best = yields(times, {});
    for (int i = 0; i < 4; ++i) best = std::min(best, yields(times, {}));
    return best;
}

auto recorder_event(int times) -> double { return (yields(times, recorded) - best_plain(times)) / events_of_a_yield; }
auto recorder_event_named(int times) -> double {
    return (yields(times, recorded, "a task with a name") - best_plain(times)) / events_of_a_yield;
}
auto yield_exact(int times) -> double { return yields(times, {.timing = gyre::Timing::exact}); }
auto yield_off(int times) -> double { return yields(times, {.timing = gyre::Timing::off}); }

}  // namespace

auto seeing_works() -> std::vector<Work> {
    return {
        {"recorder_event", "an event of the recorder", 25, "ns", 100'000, recorder_event, {}, 20},
        {"recorder_named", "an event of the recorder, of a task with a name", 25, "ns", 100'000, recorder_event_named,
            {}, 20},
        {"yield_off", "yield, 2 tasks are ready, Timing::off", 0, "ns", 100'000, yield_off, {}, 20},
        {"yield_exact", "yield, 2 tasks are ready, Timing::exact", 0, "ns", 100'000, yield_exact, {}, 20},
    };
}

}  // namespace bench

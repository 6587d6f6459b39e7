// A snapshot of 100,000 tasks: how long the loop stands still while they are written down, and how long it takes to make data
// and text of that, which another thread can do. Prints the best of several rounds.
#include "obs/task_reader.hpp"

#include <gyre/gyre.hpp>
#include <gyre/obs.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>

namespace {

constexpr int tasks = 100'000;
constexpr int rounds = 9;

gyre::Task<> wait_below(gyre::Event& bell) { co_await bell.wait(); }

gyre::Task<> wait_above(gyre::Event& bell) { co_await wait_below(bell); }

/// Milliseconds for each part.
struct Costs {
    double writing = 1e9;
    double making = 1e9;
    double text = 1e9;
    double both = 1e9;  ///< `obs::snapshot`, which does both on the loop's thread.
};

template<class F>
void keep_least(double& least, F&& function) {
    const auto start = gyre::this_loop().now();
    function();
    least = std::min(least, std::chrono::duration<double, std::milli>(gyre::this_loop().now() - start).count());
}

auto measure_once(Costs& costs) -> std::size_t {
    using namespace gyre::obs;
    auto& loop = gyre::this_loop();
    RawSnapshot raw;
    keep_least(costs.writing, [&] { raw = read_raw(loop, SnapshotOptions().most_tasks); });
    Snapshot all;
    keep_least(costs.making, [&] { all = decode(raw, {}); });
    std::ostringstream out;
    keep_least(costs.text, [&] { write_text(out, all); });
    Snapshot at_once;
    keep_least(costs.both, [&] { at_once = snapshot(); });
    return at_once.tasks.size();
}

gyre::Task<> measure() {
    gyre::Event bell("doorbell");
    co_await gyre::task_group([&](gyre::TaskGroup& group) -> gyre::Task<> {
        for (int i = 0; i < tasks; ++i) group.spawn(wait_above(bell));
        co_await gyre::yield_now();
        Costs costs;
        std::size_t seen = 0;
        for (int i = 0; i < rounds; ++i) seen = measure_once(costs);
        std::printf("%zu tasks\n", seen);
        std::printf("%-52s %8.1f ms\n", "the loop stands still: they are written down", costs.writing);
        std::printf("%-52s %8.1f ms\n", "data is made of it, by any thread", costs.making);
        std::printf("%-52s %8.1f ms\n", "text is made of the data, by any thread", costs.text);
        std::printf("%-52s %8.1f ms\n", "obs::snapshot(): the first two on the loop's thread", costs.both);
        bell.set();
    });
}

}  // namespace

int main() { gyre::run(measure()); }

// The smallest things a loop does, in nanoseconds: the best of several rounds. An argument is a part of the names to run.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include <malloc.h>

using namespace std::chrono_literals;

namespace {

constexpr int rounds = 9;
std::string_view wanted;

gyre::Task<> report(
    std::string_view name, double count, std::function<gyre::Task<>()> work, std::string_view unit = "ns") {
    if (name.find(wanted) == std::string_view::npos) co_return;
    double best = 1e18;
    for (int i = 0; i < rounds; ++i) {
        const auto start = gyre::this_loop().now();
        co_await work();
        best = std::min(best, static_cast<double>((gyre::this_loop().now() - start).count()) / count);
    }
    std::printf("%-44s %10.1f %.*s\n", std::string(name).c_str(), best, static_cast<int>(unit.size()), unit.data());
}

gyre::Task<int> leaf(int value) { co_return value; }

gyre::Task<> empty() { co_return; }

gyre::Task<> yield_often(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::yield_now();
}

gyre::Task<> yields(int tasks, int times) {
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (int i = 0; i < tasks; ++i) group.spawn(yield_often(times));
    });
}

gyre::Task<> spawn_and_join(int times) {
    for (int i = 0; i < times; ++i) {
        auto handle = gyre::spawn(empty());
        co_await handle.join();
    }
}

gyre::Task<> await_children(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) {
        const int value = co_await leaf(i);
        sum += value & 1;
    }
    if (sum < 0) std::puts("");
}

gyre::Task<> suspended_children(int times) {
    for (int i = 0; i < times; ++i) co_await yield_often(1);
}

gyre::Task<> gather_many(int count) {
    std::vector<gyre::Task<int>> many;
    many.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) many.push_back(leaf(i));
    const auto values = co_await gyre::gather(std::move(many));
    if (values.empty()) std::puts("");
}

gyre::Task<> gather_many_that_yield(int count) {
    std::vector<gyre::Task<>> many;
    many.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) many.push_back(yield_often(1));
    co_await gyre::gather(std::move(many));
}

gyre::Task<> sleeps(int count) {
    std::vector<gyre::Task<>> many;
    many.reserve(static_cast<std::size_t>(count));
    const auto nap = [](int i) -> gyre::Task<> { co_await gyre::sleep(i % 1000 * 1ns); };
    for (int i = 0; i < count; ++i) many.push_back(nap(i));
    co_await gyre::gather(std::move(many));
}

gyre::Task<> timeouts(int times) {
    for (int i = 0; i < times; ++i) co_await gyre::timeout(1s, empty());
}

gyre::Task<> callbacks(int count) {
    gyre::Event done;
    int left = count;
    for (int i = 0; i < count; ++i) {
        gyre::this_loop().call_soon([&] {
            if (--left == 0) done.set();
        });
    }
    co_await done.wait();
}

gyre::Task<> posts(int count) {
    auto& loop = gyre::this_loop();
    gyre::Event done;
    int left = count;
    std::thread other([&] {
        for (int i = 0; i < count; ++i) {
            loop.post([&] {
                if (--left == 0) done.set();
            });
        }
    });
    co_await done.wait();
    other.join();
}

gyre::Task<> post_round_trips(int count) {
    auto& loop = gyre::this_loop();
    std::atomic<int> asked{0};
    gyre::Event answered;
    std::thread other([&] {
        for (int i = 1; i <= count; ++i) {
            while (asked.load(std::memory_order_acquire) < i) std::this_thread::yield();
            loop.post([&answered] { answered.set(); });
        }
    });
    for (int i = 1; i <= count; ++i) {
        asked.store(i, std::memory_order_release);
        co_await answered.wait();
        answered.clear();
    }
    other.join();
}

auto heap_bytes() -> std::size_t { return mallinfo2().uordblks + mallinfo2().hblkhd; }

gyre::Task<> sleep_long() { co_await gyre::sleep(1h); }

gyre::Task<> memory(int count) {
    std::vector<gyre::TaskHandle<>> handles;
    handles.reserve(static_cast<std::size_t>(count));
    const auto before = heap_bytes();
    for (int i = 0; i < count; ++i) handles.push_back(gyre::spawn(sleep_long()));
    co_await gyre::yield_now();
    co_await gyre::yield_now();
    const double each = static_cast<double>(heap_bytes() - before) / count;
    std::printf("%-44s %10.0f bytes (node %zu, promise %zu)\n", "a sleeping spawned task, with queue and timer", each,
        sizeof(gyre::internal::TaskNodeOf<void, gyre::Task<>>), sizeof(gyre::internal::TaskPromise<void>));
    for (auto& handle : handles) handle.cancel();
}

gyre::Task<> measure() {
    if (wanted.empty() || std::string_view("memory").find(wanted) != std::string_view::npos) co_await memory(100'000);
    constexpr int million = 1'000'000;
    co_await report("yield, 2 tasks", million, [] { return yields(2, million / 2); });
    co_await report("yield, 10 000 tasks", million, [] { return yields(10'000, 100); });
    co_await report("spawn + join", million, [] { return spawn_and_join(million); });
    co_await report("child that completes at once", million, [] { return await_children(million); });
    co_await report("child that suspends once", million, [] { return suspended_children(million); });
    co_await report("gather 100 000, each", 100'000, [] { return gather_many(100'000); });
    co_await report("gather 100 000 that yield, each", 100'000, [] { return gather_many_that_yield(100'000); });
    co_await report("100 000 sleeps, each", 100'000, [] { return sleeps(100'000); });
    co_await report("timeout around what completes at once", million, [] { return timeouts(million); });
    co_await report("call_soon 100 000, each", 100'000, [] { return callbacks(100'000); });
    co_await report("post from a thread, 100 000, each", 100'000, [] { return posts(100'000); });
    co_await report("post round trip to a sleeping loop", 20'000, [] { return post_round_trips(20'000); });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) wanted = argv[1];
    gyre::run(measure());
}

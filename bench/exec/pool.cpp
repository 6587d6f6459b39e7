// A thread pool fed by one thread: nanoseconds for each job, from the first submit to the end of the last job. The best and
// the median of several rounds. An argument is the number of threads; 2 by default.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include <time.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int rounds = 11;

auto since(Clock::time_point start) -> double {
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Of all threads, in nanoseconds.
auto processor_time() -> double {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

void spin(int turns) {
    for (int i = 0; i < turns; ++i) asm volatile("" ::: "memory");
}

/// How many turns take a microsecond here.
auto calibrate() -> int {
    double best = 1e18;
    for (int i = 0; i < 20; ++i) {
        const auto start = Clock::now();
        spin(1'000'000);
        best = std::min(best, since(start));
    }
    return static_cast<int>(1e9 / best);
}

void report(const char* name, std::size_t jobs, const std::function<void(std::size_t)>& work) {
    std::vector<double> times;
    std::vector<double> processor;
    for (int i = 0; i < rounds; ++i) {
        const auto start = Clock::now();
        const double used = processor_time();
        work(jobs);
        times.push_back(since(start) / static_cast<double>(jobs));
        processor.push_back((processor_time() - used) / static_cast<double>(jobs));
    }
    std::sort(times.begin(), times.end());
    std::sort(processor.begin(), processor.end());
    std::printf("%-32s %8.1f ns (median %.1f), of processors %8.1f ns (median %.1f)\n", name, times.front(),
        times[times.size() / 2], processor.front(), processor[processor.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2;
    gyre::ThreadPool pool(threads);
    std::atomic<std::size_t> ended{0};
    const auto wait_for = [&](std::size_t jobs) {
        for (std::size_t seen = ended.load(); seen < jobs; seen = ended.load()) ended.wait(seen);
        ended = 0;
    };
    const int microsecond = calibrate();

    report("empty job, detached", 1'000'000, [&](std::size_t jobs) {
        for (std::size_t i = 0; i < jobs; ++i) {
            pool.submit([&ended, jobs] {
                    if (ended.fetch_add(1, std::memory_order_relaxed) + 1 == jobs) ended.notify_one();
                })
                .detach();
        }
        wait_for(jobs);
    });
    report("empty job, handle kept", 1'000'000, [&](std::size_t jobs) {
        std::vector<gyre::JobHandle<>> handles;
        handles.reserve(jobs);
        for (std::size_t i = 0; i < jobs; ++i) handles.push_back(pool.submit([] {}));
        for (auto& handle : handles) handle.get();
    });
    report("job of 1 us, detached", 200'000, [&](std::size_t jobs) {
        for (std::size_t i = 0; i < jobs; ++i) {
            pool.submit([&ended, jobs, microsecond] {
                    spin(microsecond);
                    if (ended.fetch_add(1, std::memory_order_relaxed) + 1 == jobs) ended.notify_one();
                })
                .detach();
        }
        wait_for(jobs);
    });
    report("there and back from a loop", 20'000, [&](std::size_t jobs) {
        gyre::run([&]() -> gyre::Task<> {
            for (std::size_t i = 0; i < jobs; ++i) {
                const int value = co_await pool.submit([] { return 1; });
                if (value != 1) std::abort();
            }
        });
    });
    report("map of a loop, chunks of 64", 1'000'000, [&](std::size_t jobs) {
        std::vector<int> inputs(jobs, 1);
        gyre::run([&]() -> gyre::Task<> {
            const gyre::MapOptions options{.chunk_size = 64};
            const auto results = co_await pool.map([](int x) { return x + 1; }, std::move(inputs), options);
            if (results.size() != jobs) std::abort();
        });
    });
    return 0;
}

#pragma once

#include "rounds.hpp"

#include <algorithm>
#include <atomic>

/// What the pools of C++ share: the jobs, and how their end is seen.
namespace rounds {

inline constexpr int workers = 2;

inline void spin(int turns) {
    for (int i = 0; i < turns; ++i) asm volatile("" ::: "memory");
}

/// How many turns take a microsecond here: of the best of many tries, for a try may be interrupted.
inline int turns_of_a_microsecond() {
    static const int turns = [] {
        constexpr int tried = 100'000;
        double best = 1e18;
        for (int i = 0; i < 100; ++i) {
            const double start = wall();
            spin(tried);
            best = std::min(best, wall() - start);
        }
        return static_cast<int>(tried * 1e3 / best);
    }();
    return turns;
}

/// Nanoseconds for each of `count` jobs that `submit` is given.
template<class Submit>
double timed_jobs(int count, bool empty, Submit submit) {
    const int turns = empty ? 0 : turns_of_a_microsecond();
    std::atomic<int> ended{0};
    const double start = wall();
    for (int i = 0; i < count; ++i) {
        submit([&ended, count, turns] {
            spin(turns);
            if (ended.fetch_add(1, std::memory_order_relaxed) + 1 == count) ended.notify_one();
        });
    }
    for (int seen = ended.load(); seen < count; seen = ended.load()) ended.wait(seen);
    return (wall() - start) / count;
}

}  // namespace rounds

// Locks and semaphores in nanoseconds: the best of several rounds. An argument is a part of the names to run.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace {

constexpr int rounds = 9;
constexpr int million = 1'000'000;
std::string_view wanted;

gyre::Task<> report(std::string_view name, double count, std::function<gyre::Task<>()> work) {
    if (name.find(wanted) == std::string_view::npos) co_return;
    double best = 1e18;
    for (int i = 0; i < rounds; ++i) {
        const auto start = gyre::this_loop().now();
        co_await work();
        best = std::min(best, static_cast<double>((gyre::this_loop().now() - start).count()) / count);
    }
    std::printf("%-44s %10.2f ns\n", std::string(name).c_str(), best);
}

gyre::Task<> lock_often(gyre::Lock& lock, int times) {
    for (int i = 0; i < times; ++i) const auto guard = co_await lock.acquire();
}

gyre::Task<> take_permits(gyre::Semaphore& slots, int times) {
    for (int i = 0; i < times; ++i) const auto permit = co_await slots.acquire();
}

gyre::Task<> free_lock() {
    gyre::Lock lock;
    co_await lock_often(lock, million);
}

gyre::Task<> free_semaphore() {
    gyre::Semaphore slots(1);
    co_await take_permits(slots, million);
}

gyre::Task<> hold_over_a_yield(gyre::Lock& lock, int times) {
    for (int i = 0; i < times; ++i) {
        const auto guard = co_await lock.acquire();
        co_await gyre::yield_now();
    }
}

gyre::Task<> contended_lock(int tasks) {
    gyre::Lock lock;
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (int i = 0; i < tasks; ++i) group.spawn(hold_over_a_yield(lock, million / tasks));
    });
}

gyre::Task<> meet(int tasks) {
    gyre::Barrier barrier(static_cast<std::size_t>(tasks));
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (int i = 0; i < tasks; ++i) {
            group.spawn([&barrier, tasks]() -> gyre::Task<> {
                for (int round = 0; round < million / tasks; ++round) co_await barrier.wait();
            });
        }
    });
}

gyre::Task<> measure() {
    co_await report("lock + unlock, free", million, [] { return free_lock(); });
    co_await report("semaphore: acquire + give back, free", million, [] { return free_semaphore(); });
    co_await report("lock handed over, with a yield, 10 tasks", million, [] { return contended_lock(10); });
    co_await report("barrier, 10 tasks, each wait", million, [] { return meet(10); });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) wanted = argv[1];
    gyre::run(measure());
}

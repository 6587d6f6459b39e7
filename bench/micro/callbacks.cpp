// Functions that a loop is asked to call: on its thread, and from another one.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace bench {

namespace {

auto call_soon(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        gyre::Event done;
        int left = count;
        auto& loop = gyre::this_loop();
        const double start = cpu_now();
        for (int i = 0; i < count; ++i) {
            loop.call_soon([&] {
                if (--left == 0) done.set();
            });
        }
        co_await done.wait();
        co_return (cpu_now() - start) / count;
    });
}

// On the wall: two threads work at once.
auto post_thread(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        auto& loop = gyre::this_loop();
        gyre::Event done;
        int left = count;
        std::atomic<bool> go{false};
        double start = 0;
        std::thread other([&] {
            while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
            start = wall_now();
            for (int i = 0; i < count; ++i) {
                loop.post([&] {
                    if (--left == 0) done.set();
                });
            }
        });
        go.store(true, std::memory_order_release);
        co_await done.wait();
        const double end = wall_now();
        other.join();
        co_return (end - start) / count;
    });
}

// By hand nothing is allocated: the calls are made before, each with its function and what that is called with.
struct Call : limit::Node {
    void (*function)(Call&) = nullptr;
    int* left = nullptr;
};

auto prepared_calls(int count, int& left) -> std::vector<Call> {
    std::vector<Call> calls(static_cast<std::size_t>(count));
    for (Call& call : calls) {
        call.function = [](Call& self) { --*self.left; };
        call.left = &left;
    }
    return calls;
}

auto limit_call_soon(int count) -> double {
    limit::Queue queue;
    int left = count;
    std::vector<Call> calls = prepared_calls(count, left);
    const double start = cpu_now();
    for (Call& call : calls) queue.push(call);
    while (!queue.empty()) {
        auto& call = static_cast<Call&>(queue.pop());
        call.function(call);
    }
    if (left != 0) std::abort();
    return (cpu_now() - start) / count;
}

auto limit_post_thread(int count) -> double {
    limit::Posts posts;
    int left = count;
    std::vector<Call> calls = prepared_calls(count, left);
    std::atomic<bool> go{false};
    double start = 0;
    std::thread other([&] {
        while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
        start = wall_now();
        for (Call& call : calls) posts.post(call);
    });
    go.store(true, std::memory_order_release);
    while (left > 0) {
        limit::Node* node = posts.take();
        if (node == nullptr) {
            std::this_thread::yield();
            continue;
        }
        auto& call = static_cast<Call&>(*node);
        call.function(call);
    }
    const double end = wall_now();
    other.join();
    return (end - start) / count;
}

// The loop sleeps each time: two wake-ups of a thread by the kernel.
auto post_round_trip(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        auto& loop = gyre::this_loop();
        std::atomic<int> asked{0};
        gyre::Event answered;
        std::thread other([&] {
            for (int i = 1; i <= count; ++i) {
                asked.wait(i - 1, std::memory_order_acquire);
                loop.post([&answered] { answered.set(); });
            }
        });
        const double start = wall_now();
        for (int i = 1; i <= count; ++i) {
            asked.store(i, std::memory_order_release);
            asked.notify_one();
            co_await answered.wait();
            answered.clear();
        }
        const double each = (wall_now() - start) / count;
        other.join();
        co_return each;
    });
}

}  // namespace

auto callback_works() -> std::vector<Work> {
    return {
        {"post_soon", "call_soon, each", 0, "ns", 30'000, call_soon, limit_call_soon},
        {"post_thread", "post from another thread, each", 36, "ns", 100'000, post_thread, limit_post_thread, 40},
        {"post_round_trip", "to a loop that sleeps, and back", 0, "ns", 2'000, post_round_trip, {}, 10},
    };
}

}  // namespace bench

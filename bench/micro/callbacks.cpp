// Functions that a loop is asked to call: on its thread, and from another one.
#include "bench.hpp"
#include "limit.hpp"

#include <gyre/gyre.hpp>

#include <atomic>
#include <memory>
#include <thread>

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

// One allocation and one pointer to a function each, which is what `post` of a callable cannot do without.
struct Call : limit::Node {
    void (*function)(Call&) = nullptr;
    int* left = nullptr;
};

auto limit_post_thread(int count) -> double {
    limit::Posts posts;
    int left = count;
    std::atomic<bool> go{false};
    double start = 0;
    std::thread other([&] {
        while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
        start = wall_now();
        for (int i = 0; i < count; ++i) {
            auto call = std::make_unique<Call>();
            call->function = [](Call& self) {
                --*self.left;
                const std::unique_ptr<Call> gone(&self);
            };
            call->left = &left;
            posts.post(*call.release());
        }
    });
    go.store(true, std::memory_order_release);
    while (left > 0) {
        limit::Node* node = posts.take();
        if (node == nullptr) std::this_thread::yield();
        while (node != nullptr) {
            auto& call = static_cast<Call&>(*std::exchange(node, node->next));
            call.function(call);
        }
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
        {"post_soon", "call_soon, each", 0, "ns", 30'000, call_soon},
        {"post_thread", "post from another thread, each", 36, "ns", 100'000, post_thread, limit_post_thread, 40},
        {"post_round_trip", "to a loop that sleeps, and back", 0, "ns", 2'000, post_round_trip, {}, 10},
    };
}

}  // namespace bench

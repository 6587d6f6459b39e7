// post: work for a loop from other threads.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <gyre/core/blocking.hpp>

#include <atomic>
#include <thread>

namespace gyre::testing {

class Post : public OnKernel {};
GYRE_ON_KERNEL(Post);

TEST_P(Post, wakes_a_loop_that_sleeps) {
    std::thread::id where;
    std::thread other;
    run([&]() -> Task<> {
        Event posted;
        auto& loop = this_loop();
        other = std::thread([&] {
            loop.post([&] {
                where = std::this_thread::get_id();
                posted.set();
            });
        });
        co_await posted.wait();
    });
    other.join();
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_P(Post, keeps_the_order_of_each_thread) {
    constexpr int threads = 4;
    constexpr int posts = 5000;
    std::vector<int> next(threads);
    bool in_order = true;
    std::vector<std::thread> others;
    run([&]() -> Task<> {
        auto& loop = this_loop();
        int left = threads * posts;
        Event done;
        for (int t = 0; t < threads; ++t) {
            others.emplace_back([&, t] {
                for (int i = 0; i < posts; ++i) {
                    loop.post([&, t, i] {
                        in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
                        if (--left == 0) done.set();
                    });
                }
            });
        }
        co_await done.wait();
    });
    for (auto& thread : others) thread.join();
    EXPECT_TRUE(in_order);
}

TEST_P(Post, ping_pong_loses_no_wake_up) {
    std::atomic<int> turn{0};
    std::thread other;
    int seen = 0;
    run([&]() -> Task<> {
        auto& loop = this_loop();
        Event event;
        other = std::thread([&] {
            for (int i = 0; i < 2000; ++i) {
                while (turn.load(std::memory_order_acquire) != i) std::this_thread::yield();
                loop.post([&event] { event.set(); });
            }
        });
        for (int i = 0; i < 2000; ++i) {
            co_await event.wait();
            event.clear();
            ++seen;
            turn.store(i + 1, std::memory_order_release);
        }
    });
    other.join();
    EXPECT_EQ(seen, 2000);
}

TEST_P(Post, is_refused_once_the_loop_is_closed) {
    int alive = 0;
    loop()->close();
    EXPECT_NE(error_of([&] { loop()->post([token = Counted(alive)] {}); }).find("closed"), std::string::npos);
    EXPECT_EQ(alive, 0);
}

TEST_P(Post, what_is_left_when_the_loop_closes_is_dropped) {
    int alive = 0;
    loop()->post([token = Counted(alive)] {});
    EXPECT_EQ(alive, 1);
    loop()->close();
    EXPECT_EQ(alive, 0);
}

TEST_P(Post, while_the_loop_closes_is_taken_or_refused) {
    std::atomic<bool> go{false};
    std::atomic<int> refused{0};
    int called = 0;
    std::thread other([&] {
        while (!go.load()) std::this_thread::yield();
        for (int i = 0; i < 1000; ++i) {
            try {
                loop()->post([&called] { ++called; });
            } catch (const LoopError&) {
                ++refused;
            }
        }
    });
    run([&]() -> Task<> {
        go = true;
        co_return;
    });
    loop()->close();
    other.join();
    EXPECT_LE(called + refused.load(), 1000);
}

TEST_P(Post, shares_the_queue_with_everything_else) {
    Log log;
    run([&]() -> Task<> {
        this_loop().post([&log] { log.push_back("post"); });
        this_loop().call_soon([&log] { log.push_back("soon"); });
        co_await sleep(1ms);
    });
    EXPECT_EQ(log.size(), 2U);
}

TEST_P(Post, a_promise_can_be_carried_to_a_thread_and_back) {
    std::thread other;
    run([&]() -> Task<> {
        auto& loop = this_loop();
        Promise<int> promise;
        auto future = promise.future();
        other = std::thread([&loop, promise = std::move(promise)]() mutable {
            loop.post([promise = std::move(promise)]() mutable { promise.set_value(4); });
        });
        const int value = co_await future;
        EXPECT_EQ(value, 4);
    });
    other.join();
}

TEST_P(Post, a_promise_dropped_on_a_thread_breaks_its_future) {
    std::thread other;
    run([&]() -> Task<> {
        Promise<int> promise;
        auto future = promise.future();
        other = std::thread(
            [promise = std::move(promise)]() mutable { const Promise<int> dropped(std::move(promise)); });
        const auto outcome = co_await as_outcome(future);
        EXPECT_TRUE(failed_with<BrokenPromiseError>(outcome));
    });
    other.join();
}

TEST_P(Post, setting_a_promise_on_another_thread_is_an_error_that_says_what_to_do) {
    std::string text;
    run([&]() -> Task<> {
        Promise<> promise;
        std::thread other([&] { text = error_of([&] { promise.set_value(); }); });
        other.join();
        co_return;
    });
    EXPECT_NE(text.find("loop.post"), std::string::npos) << text;
}

TEST_P(Post, blocking_calls_run_elsewhere_and_their_result_counts_though_cancelled) {
    std::thread::id where;
    run([&]() -> Task<> {
        const int value = co_await internal::run_blocking("test", [&where] {
            where = std::this_thread::get_id();
            return 7;
        });
        EXPECT_EQ(value, 7);
        const auto failed = co_await as_outcome(
            internal::run_blocking("test", []() -> int { throw std::runtime_error("x"); }));
        EXPECT_EQ(describe(failed.error()), "x");
        std::atomic<bool> cancelled{false};
        const auto kept = co_await cancel_scope([&](CancelScope& scope) -> Task<int> {
            this_loop().call_soon([&] {
                scope.cancel();
                cancelled = true;
            });
            const int late = co_await internal::run_blocking("test", [&cancelled] {
                while (!cancelled) std::this_thread::yield();
                return 8;
            });
            co_return late;
        });
        EXPECT_EQ(kept.value_or(0), 8);
    });
    EXPECT_NE(where, std::this_thread::get_id());
}

// Threads post while the loop works, sleeps and closes: each post is called, or refused once the loop is closed.
void post_until_it_closes() {
    constexpr int threads = 3;
    std::atomic<int> accepted{0};
    std::atomic<int> called{0};
    std::vector<std::thread> others;
    Event enough;  // outlives the run that the first thread ends: the others set it later
    {
        TestLoop loop(kernel_backend());
        loop.run([&]() -> Task<> {
            auto& there = this_loop();
            for (int t = 0; t < threads; ++t) {
                others.emplace_back([&, t] {
                    for (int i = 0; i < 2000; ++i) {
                        there.post([&] { ++called; });
                        ++accepted;
                        if (i % (100 + t) == 0) std::this_thread::yield();  // the loop falls asleep in between
                    }
                    there.post([&] { enough.set(); });
                });
            }
            co_await enough.wait();
        });
        for (auto& thread : others) thread.join();
        loop.run([]() -> Task<> { co_await yield_now(); });
    }
    EXPECT_EQ(called, accepted);
}

/// A post that says whether it was called or only dropped.
class Told {
public:
    Told(std::atomic<int>& called, std::atomic<int>& dropped) : called_(&called), dropped_(&dropped) {}
    Told(Told&& other) noexcept : called_(other.called_), dropped_(std::exchange(other.dropped_, nullptr)) {}
    auto operator=(Told&&) -> Told& = delete;
    ~Told() {
        if (dropped_ != nullptr) ++*dropped_;
    }
    void operator()() {
        dropped_ = nullptr;
        ++*called_;
    }

private:
    std::atomic<int>* called_;
    std::atomic<int>* dropped_;
};

// Threads post to a loop that closes under them, until they are refused: every post is called or dropped, once.
void post_while_it_closes() {
    constexpr int threads = 3;
    std::atomic<int> sent{0};
    std::atomic<int> called{0};
    std::atomic<int> dropped{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> others;
    EventLoop loop(RunOptions{.backend = kernel_backend()});
    for (int t = 0; t < threads; ++t) {
        others.emplace_back([&] {
            try {
                for (;;) {
                    ++sent;
                    loop.post(Told(called, dropped));
                    // An inbox has no end: senders that the machine prefers to the loop would fill the memory.
                    while (sent - called - dropped > 10'000) std::this_thread::yield();
                }
            } catch (const LoopError&) {
                ++refused;
            }
        });
    }
    loop.run_until_complete([&]() -> Task<> {
        while (called < 100) co_await sleep(10us);
    });
    loop.close();
    for (auto& thread : others) thread.join();
    EXPECT_EQ(refused, threads);
    EXPECT_EQ(called + dropped, sent);
    EXPECT_GE(dropped, threads) << "what was refused is dropped";
}

TEST(PostStress, stress) {
    stress([] {
        post_until_it_closes();
        post_while_it_closes();
    });
}

}  // namespace gyre::testing

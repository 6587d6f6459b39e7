// Forks: the threads of a pool are in the process that made it.

#include "support/forked.hpp"

#include <latch>
#include <memory>
#include <thread>

// The thread sanitizer lets a child of a program with threads start none.
#if defined(__SANITIZE_THREAD__)
#define GYRE_TEST_CHILD_HAS_NO_THREADS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GYRE_TEST_CHILD_HAS_NO_THREADS 1
#endif
#endif

namespace gyre::testing {

namespace {

/// Ends the process when the thread does that has set it: no destructor of the parent's static objects runs in a child.
struct EndsWithThread {
    bool is_set = false;
    EndsWithThread() = default;
    EndsWithThread(const EndsWithThread&) = delete;
    auto operator=(const EndsWithThread&) -> EndsWithThread& = delete;
    ~EndsWithThread() {
        if (is_set) ::_exit(0);
    }
};
[[gnu::noinline]] auto ends_with_thread() -> EndsWithThread& {
    static thread_local EndsWithThread ends;
    return ends;
}

/// Whether a pool that this process makes works.
auto own_pool_works() -> bool {
#ifdef GYRE_TEST_CHILD_HAS_NO_THREADS
    return true;
#else
    ThreadPool own(2);
    return own.submit([] { return 5; }).get() == 5;
#endif
}

}  // namespace

TEST(PoolFork, the_parents_pool_is_refused_in_the_child) {
    ThreadPool pool(1);
    std::latch begun(1);
    std::latch end(1);
    auto running = pool.submit([&] {
        begun.count_down();
        end.wait();
    });
    begun.wait();
    auto waiting = pool.submit([] { return 1; });
    auto detached = pool.submit([] {});
    const int status = in_child([&]() -> std::vector<bool> {
        return {
            says_forked([&] { static_cast<void>(pool.submit([] {})); }),
            says_forked([&] { static_cast<void>(pool.try_submit([] {})); }),
            says_forked([&] { static_cast<void>(pool.shutdown()); }),
            says_forked([&] { running.get(); }),
            says_forked([&] { waiting.get(); }),
            says_forked([&] { gyre::run([&]() -> Task<> { co_await std::move(waiting); }); }),
            error_of([&] { detached.detach(); }) == "nothing",
            own_pool_works(),
        };
    });
    EXPECT_EQ(status, 0);
    end.count_down();
    running.get();
    EXPECT_EQ(waiting.get(), 1) << "the parent knows nothing of it";
    detached.get();
}

TEST(PoolFork, destroying_it_in_the_child_leaves_the_parent_alone) {
    auto pool = std::make_unique<ThreadPool>(1);
    auto done = pool->submit([] { return 1; });
    while (!done.done()) std::this_thread::yield();
    auto processes = std::make_unique<ProcessPool>(1);
    const int status = in_child([&]() -> std::vector<bool> {
        pool.reset();
        const bool refused = says_forked([&] { static_cast<void>(processes->shutdown()); });
        processes.reset();
        return {refused, done.get() == 1, own_pool_works()};
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(done.get(), 1);
    EXPECT_EQ(pool->submit([] { return 2; }).get(), 2);
}

TEST(PoolFork, a_job_may_fork) {
    ThreadPool pool(1);
    auto forking = pool.submit([&pool] {
        auto inner = pool.submit([] { return 1; });
        const int status = in_child([&]() -> std::vector<bool> {
            return {
                says_forked([&] { static_cast<void>(pool.submit([] {})); }),
                says_forked([&] { inner.get(); }),
                own_pool_works(),
            };
        });
        return status + inner.get();
    });
    EXPECT_EQ(forking.get(), 1);
}

TEST(PoolFork, a_child_that_comes_back_from_its_job_runs_no_other) {
    ThreadPool pool(1);
    const pid_t parent = ::getpid();
    auto forking = pool.submit([&pool, parent] {
        auto inner = pool.submit([parent] {
            if (::getpid() != parent) ::_exit(9);
        });
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            ends_with_thread().is_set = true;
        } else {
            inner.get();
        }
        return child;
    });
    const pid_t child = forking.get();
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

}  // namespace gyre::testing

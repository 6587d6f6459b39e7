#pragma once

#include <gyre/backend/sim.hpp>
#include <gyre/gyre.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Loops for tests, which must end as clean as they began.
namespace gyre::testing {

using namespace std::chrono_literals;

/// The kernel backend that this test program is about: GYRE_BACKEND, or "epoll".
[[nodiscard]] auto kernel_backend() -> std::string;

/// A loop for one test: "epoll", "io_uring" or "sim".
///
/// At its end it fails the test if anything is left of what ran: spawned tasks, timers, descriptors, operations in flight,
/// room in the ready queue, frames; or an error that nobody received and no handler took.
class TestLoop {
public:
    explicit TestLoop(std::string_view backend = "sim", RunOptions options = {});
    explicit TestLoop(backend::SimOptions sim, RunOptions options = {});
    TestLoop(const TestLoop&) = delete;
    auto operator=(const TestLoop&) -> TestLoop& = delete;
    ~TestLoop();

    [[nodiscard]] auto operator*() const -> EventLoop& { return *loop_; }
    [[nodiscard]] auto operator->() const -> EventLoop* { return loop_.get(); }

    /// Runs some work to its end.
    template<Work W>
    auto run(W&& work) -> internal::WorkResult<W> {
        return loop_->run_until_complete(std::forward<W>(work));
    }

    /// Errors that nobody receives are no failure of this test.
    void allow_unreceived_errors() { errors_allowed_ = true; }
    /// Tasks may be left when the main one ends; they are cancelled and must end then.
    void allow_left_tasks() { left_tasks_allowed_ = true; }

    /// Checks now, and lets go of the loop.
    void finish();

private:
    void end_left_tasks();

    std::ptrdiff_t frames_before_;
    std::unique_ptr<EventLoop> loop_;
    bool errors_allowed_ = false;
    bool left_tasks_allowed_ = false;
};

/// Runs the body of a `GYRE_TEST`: simulated world, everything must be gone at the end. An error fails the test.
void run_test(const std::function<Task<>()>& body, backend::SimOptions options = {});

/// Waits until everything else of this loop is blocked: nothing is ready to run. For one task at a time.
[[nodiscard]] auto all_blocked() -> Task<>;

/// The text of what `function` throws, or "nothing".
template<class F>
[[nodiscard]] auto error_of(F&& function) -> std::string {
    try {
        std::forward<F>(function)();
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "not a std::exception";
    }
    return "nothing";
}

/// Whether an outcome holds an error of type E.
template<class E, class T>
[[nodiscard]] auto failed_with(const Outcome<T>& outcome) -> bool {
    try {
        if (outcome.is_error()) std::rethrow_exception(outcome.error());
    } catch (const E&) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

/// Runs each test of a suite on the kernel backend of this program and on the simulated one.
class OnLoops : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override { loop_.emplace(GetParam()); }
    void TearDown() override { loop_.reset(); }
    [[nodiscard]] auto loop() -> TestLoop& { return *loop_; }
    template<Work W>
    auto run(W&& work) -> internal::WorkResult<W> {
        return loop_->run(std::forward<W>(work));
    }

private:
    std::optional<TestLoop> loop_;
};

/// The same for the kernel backend only: descriptors and threads.
class OnKernel : public OnLoops {};

}  // namespace gyre::testing

/// A test whose body is a coroutine: `GYRE_TEST(Semaphore, wakes_in_order) { co_await ...; }`. Virtual time.
/// EXPECT_*, not ASSERT_*, which returns; throw instead.
#define GYRE_TEST(suite, name)                                                  \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>;                   \
    TEST(suite, name) {                                                         \
        ::gyre::testing::run_test([] { return gyre_test_##suite##_##name(); }); \
    }                                                                           \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>

#define GYRE_ON_LOOPS(suite)                                                                            \
    INSTANTIATE_TEST_SUITE_P(Loops, suite, ::testing::Values(::gyre::testing::kernel_backend(), "sim"), \
        [](const auto& test) { return test.param; })

#define GYRE_ON_KERNEL(suite)                                                                     \
    INSTANTIATE_TEST_SUITE_P(Kernel, suite, ::testing::Values(::gyre::testing::kernel_backend()), \
        [](const auto& test) { return test.param; })

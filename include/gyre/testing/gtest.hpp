#pragma once

#include <gyre/testing.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

/// gyre's tests under GoogleTest: `GYRE_TEST`, and failures that arrive there.
namespace gyre::testing {

/// Failed checks are failures of the present GoogleTest test.
class GoogleTest final : public Framework {
public:
    void fail(const std::string& text) override { ADD_FAILURE() << text; }
    [[nodiscard]] auto failed() const -> bool override { return ::testing::Test::HasFailure(); }
    void with_context(const std::string& context, const std::function<void()>& function) override {
        const ::testing::ScopedTrace trace("", 0, context);
        function();
    }
    /// Makes it the framework in use.
    static auto use() noexcept -> bool {
        static GoogleTest google_test;
        return use_framework(google_test);
    }
};

inline const bool google_test_is_used = GoogleTest::use();

/// Runs each test of a suite on the kernel backend of this program (GYRE_BACKEND) and on the simulated one.
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

/// A test whose body is a coroutine, in virtual time: `GYRE_TEST(Semaphore, wakes_in_order) { co_await ...; }`.
/// EXPECT_*, not ASSERT_*, which returns; throw instead.
#define GYRE_TEST(suite, name)                                                  \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>;                   \
    TEST(suite, name) {                                                         \
        ::gyre::testing::run_test([] { return gyre_test_##suite##_##name(); }); \
    }                                                                           \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>

/// A `GYRE_TEST` that is also run in ten seeded orders of the ready tasks; GYRE_TEST_SEEDS in the environment says how many.
#define GYRE_SEEDED_TEST(suite, name)                                                  \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>;                          \
    TEST(suite, name) {                                                                \
        ::gyre::testing::run_seeded_test([] { return gyre_test_##suite##_##name(); }); \
    }                                                                                  \
    static auto gyre_test_##suite##_##name()->::gyre::Task<>

#define GYRE_ON_LOOPS(suite)                                                                            \
    INSTANTIATE_TEST_SUITE_P(Loops, suite, ::testing::Values(::gyre::testing::kernel_backend(), "sim"), \
        [](const auto& test) { return test.param; })

#define GYRE_ON_KERNEL(suite)                                                                     \
    INSTANTIATE_TEST_SUITE_P(Kernel, suite, ::testing::Values(::gyre::testing::kernel_backend()), \
        [](const auto& test) { return test.param; })

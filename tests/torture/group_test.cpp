// A task of a group fails when there is no memory left: the group fails with that error all the same.

#include "failing_memory.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_group.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace gyre::torture {
namespace {

using namespace std::chrono_literals;

constexpr auto all_that_follow = std::numeric_limits<std::size_t>::max() / 2;

/// From here on every allocation fails, until `failing` is reset.
auto fail_without_memory(std::optional<FailingAllocation>& failing, std::exception_ptr error) -> Task<void> {
    co_await yield_now();
    if (!failing) failing.emplace(1, all_that_follow);
    std::rethrow_exception(error);
}

auto error_of_a_group(std::exception_ptr first, std::exception_ptr second) -> Task<std::exception_ptr> {
    std::optional<FailingAllocation> failing;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<void> {
            group.spawn(fail_without_memory(failing, first));
            group.spawn(fail_without_memory(failing, second));
            co_await sleep(1h);
        });
    } catch (...) {
        failing.reset();
        co_return std::current_exception();
    }
    failing.reset();
    co_return nullptr;
}

TEST(TaskGroup, has_room_for_its_first_error_without_memory) {
    EventLoop loop;
    int told = 0;
    loop.set_exception_handler([&](const ErrorContext&) { ++told; });
    const auto first = std::make_exception_ptr(std::runtime_error("the first"));
    const auto second = std::make_exception_ptr(std::runtime_error("the second"));
    const auto thrown = loop.run_until_complete(error_of_a_group(first, second));
    EXPECT_EQ(thrown, first);
    EXPECT_EQ(told, 1) << "and the second is told to the loop, as later errors are";
    loop.close();
}

}  // namespace
}  // namespace gyre::torture

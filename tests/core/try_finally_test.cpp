// try_finally: the clean-up runs after a value, an error and a cancellation, and may await.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

enum class Way { value, error, cancelled };

auto body(Log& log, Way way) -> Task<int> {
    const Guard guard(log, "body");
    co_await sleep(1ms);
    if (way == Way::error) throw std::runtime_error("body");
    if (way == Way::cancelled) co_await sleep(1h);
    co_return 5;
}

auto clean_up(Log& log, bool fails) -> Task<> {
    log.push_back("cleaning");
    co_await sleep(1ms);
    log.push_back("clean");
    if (fails) throw std::runtime_error("cleanup");
}

auto describe_outcome(const Outcome<std::optional<int>>& outcome) -> std::string {
    if (outcome.is_error()) return describe(outcome.error());
    if (outcome.is_cancelled()) return "cancelled";
    return outcome.value() ? "value " + std::to_string(*outcome.value()) : "moved on";
}

struct Case {
    Way way;
    bool cleanup_fails;
    const char* expected;
    const char* lost;
};

auto try_case(const Case& one) -> Task<> {
    Log log;
    std::vector<std::string> lost;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::cleanup);
        lost.push_back(describe(context.error));
    });
    const auto outcome = co_await as_outcome(
        [&] { return move_on_after(10ms, try_finally(body(log, one.way), clean_up(log, one.cleanup_fails))); });
    this_loop().set_exception_handler({});
    EXPECT_EQ(describe_outcome(outcome), one.expected);
    EXPECT_EQ(log, (Log{"~body", "cleaning", "clean"}));
    EXPECT_EQ(lost.size(), one.lost == nullptr ? 0U : 1U);
    if (!lost.empty()) {
        EXPECT_EQ(lost.front(), one.lost);
    }
}

}  // namespace

auto wide_cleanup(bool fails) -> Task<long double> {
    co_await yield_now();
    if (fails) throw std::runtime_error("clean-up");
    co_return 1.0L;
}

GYRE_TEST(TryFinally, every_outcome_of_the_body_with_every_outcome_of_the_clean_up) {
    const Case cases[] = {
        {Way::value, false, "value 5", nullptr},
        {Way::value, true, "cleanup", nullptr},
        {Way::error, false, "body", nullptr},
        {Way::error, true, "body", "cleanup"},
        {Way::cancelled, false, "moved on", nullptr},
        {Way::cancelled, true, "cleanup", nullptr},
    };
    for (const Case& one : cases) co_await try_case(one);
}

GYRE_TEST(TryFinally, a_body_that_ends_at_once_is_cleaned_up_at_once) {
    Log log;
    const int value = co_await try_finally([]() -> Task<int> { co_return 1; },
        [&log]() -> Task<> {
            log.push_back("clean");
            co_return;
        });
    EXPECT_EQ(value, 1);
    EXPECT_EQ(log, Log{"clean"});
}

GYRE_TEST(TryFinally, a_body_that_throws_before_it_is_a_task_is_cleaned_up) {
    Log log;
    const auto outcome = co_await as_outcome([&] {
        return try_finally(
            [&]() -> Task<int> {
                if (log.empty()) throw std::runtime_error("no body");
                return body(log, Way::value);
            },
            clean_up(log, false));
    });
    EXPECT_EQ(describe(outcome.error()), "no body");
    EXPECT_EQ(log, (Log{"cleaning", "clean"}));
}

GYRE_TEST(TryFinally, a_clean_up_that_throws_before_it_is_a_task_counts_as_its_error) {
    const auto thrower = []() -> Task<> { throw std::runtime_error("no clean-up"); };
    const auto outcome = co_await as_outcome([&] { return try_finally(sleep(1ms), thrower); });
    EXPECT_EQ(describe(outcome.error()), "no clean-up");
    const auto cancelled = co_await as_outcome([&] { return move_on_after(1ms, try_finally(sleep(1h), thrower)); });
    EXPECT_EQ(describe(cancelled.error()), "no clean-up");
}

GYRE_TEST(TryFinally, the_clean_up_is_shielded) {
    Log log;
    const Time start = this_loop().now();
    co_await move_on_after(2ms, [&]() -> Task<> {
        co_await try_finally(sleep(1ms), [&]() -> Task<> {
            co_await sleep(5ms);  // cancelled in the middle of it
            log.push_back("clean");
        });
        log.push_back("after");
        co_await sleep(1h);
        log.push_back("never");
    });
    EXPECT_EQ(log, (Log{"clean", "after"}));
    EXPECT_EQ(this_loop().now() - start, 6ms);
}

GYRE_TEST(TryFinally, clean_ups_run_from_the_inside) {
    Log log;
    const auto layer = [&log](auto&& self, int depth) -> Task<> {
        const auto inside = [&]() -> Task<> {
            if (depth == 0) {
                co_await sleep(1h);
            } else {
                co_await self(self, depth - 1);
            }
        };
        co_await try_finally(inside, [&]() -> Task<> {
            co_await sleep(1ms);
            log.push_back(std::to_string(depth));
        });
    };
    const bool through = co_await move_on_after(1ms, layer(layer, 3));
    EXPECT_FALSE(through);
    EXPECT_EQ(log, (Log{"0", "1", "2", "3"}));
}

GYRE_TEST(TryFinally, locals_around_it_live_until_it_is_clean) {
    Log log;
    co_await move_on_after(1ms, [&]() -> Task<> {
        const Guard resource(log, "resource");
        co_await try_finally(sleep(1h), clean_up(log, false));
    });
    EXPECT_EQ(log, (Log{"cleaning", "clean", "~resource"}));
}

GYRE_TEST(TryFinally, the_clean_up_may_give_a_value_of_any_type) {
    const auto value = co_await try_finally(wide_cleanup(false), wide_cleanup(false));
    EXPECT_EQ(value, 1.0L);
    auto outcome = co_await as_outcome(try_finally(wide_cleanup(false), wide_cleanup(true)));
    EXPECT_EQ(describe(outcome.error()), "clean-up");
}

}  // namespace gyre::testing

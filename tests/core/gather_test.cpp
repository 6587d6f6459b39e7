// gather: all results in order, or the first error after the others have ended.

#include "small_works.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

auto give_now(int value) -> Task<int> { co_return value; }

auto fail_now(std::string text) -> Task<int> {
    throw std::runtime_error(text);
    co_return 0;
}

auto hold(Log& log, std::string name) -> Task<int> {
    const Guard guard(log, name);
    co_await sleep(1h);
    co_return 0;
}

}  // namespace

GYRE_TEST(Gather, gives_all_values_in_the_order_of_the_arguments) {
    const Time start = this_loop().now();
    const auto values = co_await gather(give(1, 3ms), give_now(2), give(3, 1ms), sleep(2ms));
    EXPECT_EQ(std::get<0>(values), 1);
    EXPECT_EQ(std::get<1>(values), 2);
    EXPECT_EQ(std::get<2>(values), 3);
    EXPECT_EQ(this_loop().now() - start, 3ms);
}

GYRE_TEST(Gather, starts_everything_in_place_and_in_order) {
    Log log;
    const auto note = [&log](std::string name) -> Task<> {
        log.push_back(name);
        co_await yield_now();
        log.push_back(name + name);
    };
    this_loop().call_soon([&log] { log.push_back("loop"); });
    co_await gather(note("a"), note("b"));
    EXPECT_EQ(log, (Log{"a", "b", "loop", "aa", "bb"}));
}

GYRE_TEST(Gather, of_a_vector) {
    std::vector<Task<int>> many;
    for (int i = 0; i < 1000; ++i) many.push_back(give(i, (1000 - i) * 1us));
    const auto values = co_await gather(std::move(many));
    EXPECT_EQ(values.size(), 1000U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
    std::vector<Task<int>> none;
    const auto empty = co_await gather(std::move(none));
    EXPECT_TRUE(empty.empty());
    std::vector<Task<>> nothing;
    co_await gather(std::move(nothing));
    std::vector<TaskHandle<int>> handles;
    for (int i = 0; i < 3; ++i) handles.push_back(spawn(give(i, 1ms)));
    const auto joined = co_await gather(handles);
    EXPECT_EQ(joined, (std::vector<int>{0, 1, 2}));
    std::vector<std::function<Task<int>()>> callables;
    for (int i = 0; i < 3; ++i) callables.emplace_back([i] { return give(i * 2, 1ms); });
    const auto called = co_await gather(std::move(callables));
    EXPECT_EQ(called, (std::vector<int>{0, 2, 4}));
}

GYRE_TEST(Gather, without_arguments_is_done) {
    const auto nothing = co_await gather();
    EXPECT_EQ(std::tuple_size_v<std::remove_const_t<decltype(nothing)>>, 0U);
}

GYRE_TEST(Gather, throws_the_first_error_after_the_others_have_ended) {
    Log log;
    const Time start = this_loop().now();
    std::string text;
    try {
        co_await gather(hold(log, "a"), fail_after(1ms, "boom"), try_finally(hold(log, "b"), sleep(5ms)));
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "boom");
    EXPECT_EQ(log, (Log{"~a", "~b"}));
    EXPECT_EQ(this_loop().now() - start, 6ms);
    co_await sleep(1ms);
}

GYRE_TEST(Gather, an_error_at_once_is_thrown_without_a_turn) {
    bool turned = false;
    this_loop().call_soon([&turned] { turned = true; });
    const auto outcome = co_await as_outcome(gather(fail_now("now")));
    EXPECT_EQ(describe(outcome.error()), "now");
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(Gather, an_error_in_a_callable_or_an_empty_task_is_an_error_of_that_branch) {
    Log log;
    const auto thrower = []() -> Task<int> { throw std::runtime_error("callable"); };
    const auto thrown = co_await as_outcome([&] { return gather(hold(log, "a"), thrower); });
    EXPECT_EQ(describe(thrown.error()), "callable");
    EXPECT_EQ(log, Log{"~a"});
    auto task = give(1, 1ms);
    const auto taken = std::move(task);
    const auto empty = co_await as_outcome(gather(std::move(task)));  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(failed_with<InvalidStateError>(empty));
}

GYRE_TEST(Gather, later_errors_go_to_the_handler) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::sibling);
        heard.push_back(describe(context.error));
    });
    Event go;
    const auto fail_when = [&go](std::string text) -> Task<> {
        co_await go.wait();
        throw std::runtime_error(text);
    };
    this_loop().call_later(1ms, [&go] { go.set(); });
    const auto outcome = co_await as_outcome([&] { return gather(fail_when("a"), fail_when("b"), fail_when("c")); });
    EXPECT_EQ(describe(outcome.error()), "a");
    EXPECT_EQ(heard, (std::vector<std::string>{"b", "c"}));
}

GYRE_TEST(Gather, cancelling_it_cancels_all) {
    Log log;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await gather(hold(log, "a"), hold(log, "b"), give_now(1));
        log.push_back("never");
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(log, (Log{"~a", "~b"}));
}

GYRE_TEST(Gather, that_is_complete_when_cancelled_gives_its_values) {
    int sum = 0;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        this_loop().call_later(1ms, [&scope] { scope.cancel(); });
        const auto values = co_await gather(give(1, 5ms), shield(give(2, 2ms)));
        sum = std::get<0>(values) + std::get<1>(values);
    });
    // The first branch was cancelled: there is no tuple to give.
    EXPECT_EQ(sum, 0);
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        this_loop().call_later(1ms, [&scope] { scope.cancel(); });
        const auto values = co_await gather(shield(give(1, 3ms)), shield(give(2, 2ms)));
        sum = std::get<0>(values) + std::get<1>(values);
    });
    EXPECT_EQ(sum, 3);
}

GYRE_TEST(Gather, nested) {
    const auto inner = [](int base) -> Task<int> {
        const auto both = co_await gather(give(base, 1ms), give(base + 1, 2ms));
        co_return std::get<0>(both) + std::get<1>(both);
    };
    const auto outer = co_await gather(inner(1), inner(10), gather(give(100, 1ms), give_now(1)));
    EXPECT_EQ(std::get<0>(outer), 3);
    EXPECT_EQ(std::get<1>(outer), 21);
    EXPECT_EQ(std::get<0>(std::get<2>(outer)), 100);
}

}  // namespace gyre::testing

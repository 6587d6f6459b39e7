// AsyncGenerator: one value at a time, clean-up that awaits, and nothing lost when it is left half-read.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <memory>
#include <stdexcept>

namespace gyre::testing {

namespace {

class OnGenerators : public OnLoops {};
GYRE_ON_LOOPS(OnGenerators);

auto countdown(int from) -> AsyncGenerator<int> {
    for (int i = from; i > 0; --i) {
        co_await sleep(1ms);
        co_yield i;
    }
}

auto at_once(int count) -> AsyncGenerator<int> {
    for (int i = 0; i < count; ++i) co_yield i;
}

/// The elements of a tree, by recursion.
auto depth_first(int depth) -> AsyncGenerator<int> {
    if (depth == 0) co_return;
    co_yield depth_first(depth - 1);
    co_yield depth;
    co_yield depth_first(depth - 1);
}

/// Gives numbers, and cleans up in its own time.
auto with_cleanup(Log& log, Duration before_each = 1ms) -> AsyncGenerator<int> {
    const Guard guard(log, "outer");
    co_yield 0;
    co_yield try_finally(
        [&]() -> AsyncGenerator<int> {
            const Guard inner(log, "inner");
            for (int i = 1; i < 4; ++i) {
                if (before_each > Duration::zero()) co_await sleep(before_each);
                co_yield i;
            }
        },
        [&]() -> Task<> {
            co_await sleep(5ms);
            log.push_back("cleaned up");
        });
    co_yield 4;
}

}  // namespace

TEST_P(OnGenerators, gives_values_and_ends) {
    std::vector<int> values;
    run([&]() -> Task<> {
        auto numbers = countdown(3);
        while (auto number = co_await numbers.next()) values.push_back(*number);
        const auto after = co_await numbers.next();
        EXPECT_FALSE(after.has_value());
    });
    EXPECT_EQ(values, (std::vector<int>{3, 2, 1}));
}

GYRE_TEST(AsyncGenerator, without_a_wait_needs_no_turn_of_the_loop) {
    bool turned = false;
    this_loop().call_soon([&] { turned = true; });
    int sum = 0;
    auto numbers = at_once(100'000);
    while (auto number = co_await numbers.next()) sum += *number % 2;
    EXPECT_EQ(sum, 50'000);
    EXPECT_FALSE(turned);
    co_await yield_now();
}

GYRE_TEST(AsyncGenerator, is_lazy_and_may_be_dropped_unread) {
    bool ran = false;
    int alive = 0;
    {
        auto unread = [](bool& flag, Counted token) -> AsyncGenerator<int> {
            static_cast<void>(token);
            flag = true;
            co_yield 1;
        }(ran, Counted(alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(alive, 0);
    co_return;
}

GYRE_TEST(AsyncGenerator, values_that_only_move_and_references) {
    auto boxes = []() -> AsyncGenerator<std::unique_ptr<int>> {
        auto box = std::make_unique<int>(1);
        co_yield std::move(box);
        co_yield std::make_unique<int>(2);
    };
    int sum = 0;
    auto all = boxes();
    while (auto box = co_await all.next()) sum += **box;
    EXPECT_EQ(sum, 3);
    std::vector<int> values{1, 2, 3};
    auto references = [](std::vector<int>& of) -> AsyncGenerator<int&> {
        for (int& value : of) co_yield value;
    };
    auto each = references(values);
    while (int* value = co_await each.next()) *value *= 10;
    EXPECT_EQ(values, (std::vector<int>{10, 20, 30}));
    auto words = []() -> AsyncGenerator<std::string> {
        const std::string named = "named";
        co_yield named;
        co_yield "literal";
        EXPECT_EQ(named, "named") << "it was copied";
    };
    std::string text;
    co_await for_each(words(), [&](std::string word) { text += word + " "; });
    EXPECT_EQ(text, "named literal ");
}

GYRE_TEST(AsyncGenerator, gives_all_values_of_another) {
    std::string text;
    auto tree = depth_first(3);
    while (auto value = co_await tree.next()) text += std::to_string(*value);
    EXPECT_EQ(text, "1213121");
    auto slow = []() -> AsyncGenerator<int> {
        co_yield countdown(2);
        co_yield 9;
        co_yield countdown(1);
    };
    text.clear();
    co_await for_each(slow(), [&](int value) -> Task<> {
        co_await yield_now();
        text += std::to_string(value);
    });
    EXPECT_EQ(text, "2191");
}

GYRE_TEST(AsyncGenerator, deep_ones_need_no_native_stack) {
    struct Chain {
        static auto of(int depth) -> AsyncGenerator<int> {
            if (depth > 0) co_yield of(depth - 1);
            co_yield depth;
        }
    };
    auto whole = Chain::of(20'000);
    int count = 0;
    while (auto value = co_await whole.next()) ++count;
    EXPECT_EQ(count, 20'001);
    auto half = Chain::of(20'000);
    const auto first = co_await half.next();
    EXPECT_EQ(first.value_or(-1), 0);
}

GYRE_TEST(AsyncGenerator, an_error_leaves_it_once_and_then_it_is_at_its_end) {
    auto failing = []() -> AsyncGenerator<int> {
        co_yield 1;
        co_await sleep(1ms);
        throw std::runtime_error("broken");
    };
    auto outer = [&]() -> AsyncGenerator<int> { co_yield failing(); };
    for (auto* make : {+[](std::function<AsyncGenerator<int>()> f) { return f(); }}) {
        auto numbers = make(outer);
        const auto first = co_await numbers.next();
        EXPECT_EQ(first.value_or(0), 1);
        const auto second = co_await as_outcome(numbers.next());
        EXPECT_EQ(describe(second.error()), "broken");
        const auto third = co_await numbers.next();
        EXPECT_FALSE(third.has_value());
    }
}

GYRE_TEST(AsyncGenerator, a_cancelled_next_unwinds_it) {
    Log log;
    auto held = [&]() -> AsyncGenerator<int> {
        const Guard guard(log, "held");
        co_yield 1;
        co_await sleep(1h);
        co_yield 2;
    };
    auto numbers = held();
    co_await numbers.next();
    const auto late = co_await move_on_after(1ms, numbers.next());
    EXPECT_FALSE(late.has_value());
    EXPECT_EQ(log, Log{"~held"});
    for (int i = 0; i < 2; ++i) {
        const auto after = co_await as_outcome(numbers.next());
        EXPECT_TRUE(failed_with<CancelledError>(after))
            << "an end that comes of a cancellation is not taken for the end";
    }
}

GYRE_TEST(AsyncGenerator, in_a_cancelled_scope_it_stays_as_it_was) {
    auto numbers = at_once(3);
    co_await numbers.next();
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        scope.cancel();
        co_await numbers.next();
        ADD_FAILURE() << "the wait ended";
    });
    const auto second = co_await numbers.next();
    EXPECT_EQ(second.value_or(-1), 1);
}

GYRE_TEST(AsyncGenerator, a_value_that_is_there_is_given_though_the_reader_was_cancelled) {
    Event item;
    auto source = [&]() -> AsyncGenerator<int> {
        for (int i = 0;; ++i) {
            co_await item.wait();
            item.clear();
            co_yield i;
        }
    };
    auto numbers = source();
    std::optional<int> got;
    co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        this_loop().call_later(1ms, [&] {
            item.set();
            scope.cancel();
        });
        got = co_await numbers.next();
    });
    EXPECT_EQ(got.value_or(-1), 0);
    item.set();
    const auto next = co_await numbers.next();
    EXPECT_EQ(next.value_or(-1), 1) << "it is whole";
}

GYRE_TEST(AsyncGenerator, clean_up_runs_at_the_end_and_when_it_is_closed) {
    Log log;
    auto whole = with_cleanup(log);
    int count = 0;
    while (auto value = co_await whole.next()) ++count;
    EXPECT_EQ(count, 5);
    EXPECT_EQ(log, (Log{"~inner", "cleaned up", "~outer"}));
    log.clear();
    auto half = with_cleanup(log);
    co_await half.next();
    co_await half.next();
    const Time begin = this_loop().now();
    co_await half.close();
    EXPECT_EQ(log, (Log{"~inner", "cleaned up", "~outer"}));
    EXPECT_EQ(this_loop().now() - begin, 5ms);
    co_await half.close();
    const auto after = co_await half.next();
    EXPECT_FALSE(after.has_value());
    log.clear();
    auto unread = with_cleanup(log);
    co_await unread.close();
    const auto never = co_await unread.next();
    EXPECT_FALSE(never.has_value());
    EXPECT_TRUE(log.empty());
}

GYRE_TEST(AsyncGenerator, dropped_without_clean_up_it_goes_at_once) {
    Log log;
    {
        auto numbers = with_cleanup(log);
        co_await numbers.next();
    }
    EXPECT_EQ(log, Log{"~outer"});
}

GYRE_TEST(AsyncGenerator, dropped_half_read_its_scope_waits_for_the_clean_up) {
    for (const Duration delay : {Duration(1ms), Duration::zero()}) {
        Log log;
        const auto half_read = [&log, delay]() -> Task<> {
            auto numbers = with_cleanup(log, delay);
            co_await numbers.next();
            co_await numbers.next();
        };
        const Log clean{"~inner", "cleaned up", "~outer"};
        co_await timeout(1h, half_read);
        EXPECT_EQ(log, clean);
        log.clear();
        co_await task_group([&](TaskGroup&) -> Task<> { co_await half_read(); });
        EXPECT_EQ(log, clean);
        log.clear();
        co_await task_group([&](TaskGroup& group) { group.spawn(half_read()); });
        EXPECT_EQ(log, clean);
        log.clear();
        co_await spawn(half_read()).join();
        EXPECT_EQ(log, clean);
        log.clear();
        co_await gather(half_read(), sleep(1ms));
        EXPECT_EQ(log, clean);
        log.clear();
        co_await move_on_after(2ms, [&]() -> Task<> {
            auto numbers = with_cleanup(log, delay);
            co_await numbers.next();
            co_await numbers.next();
            co_await sleep(1h);
        });
        EXPECT_EQ(log, clean) << "also when it is unwound";
        log.clear();
        auto numbers = with_cleanup(log, delay);
        co_await numbers.next();
        co_await numbers.next();
        co_await task_group([&](TaskGroup& group) {
            group.spawn([](AsyncGenerator<int> given) -> Task<> {
                static_cast<void>(given);
                co_return;
            }(std::move(numbers)));
        });
        EXPECT_EQ(log, clean) << "also as the parameter of a task";
    }
}

GYRE_TEST(AsyncGenerator, an_error_of_the_clean_up_of_a_dropped_one_goes_to_the_handler) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) { heard.push_back(describe(context.error)); });
    const auto make = [] {
        return try_finally(
            []() -> AsyncGenerator<int> {
                co_yield 1;
                co_yield 2;
            },
            []() -> Task<> {
                co_await sleep(1ms);
                throw std::runtime_error("clean-up");
            });
    };
    co_await timeout(1h, [&]() -> Task<> {
        auto numbers = make();
        co_await numbers.next();
    });
    EXPECT_EQ(heard, std::vector<std::string>{"clean-up"});
    auto closed = make();
    co_await closed.next();
    const auto outcome = co_await as_outcome(closed.close());
    EXPECT_EQ(describe(outcome.error()), "clean-up");
}

GYRE_TEST(AsyncGenerator, a_cancelled_reader_waits_for_the_clean_up) {
    Log log;
    const Time begin = this_loop().now();
    auto numbers = with_cleanup(log, 1h);
    co_await numbers.next();
    const auto late = co_await move_on_after(1ms, numbers.next());
    EXPECT_FALSE(late.has_value());
    EXPECT_EQ(this_loop().now() - begin, 6ms);
    EXPECT_EQ(log, (Log{"~inner", "cleaned up", "~outer"}));
}

GYRE_TEST(AsyncGenerator, two_readers_at_once_and_an_empty_one_are_errors) {
    auto numbers = countdown(1);
    auto reader = spawn([&numbers]() -> Task<> { co_await numbers.next(); });
    co_await yield_now();
    const auto second = co_await as_outcome(numbers.next());
    EXPECT_EQ(
        describe(second.error()), "AsyncGenerator::next: another task waits for the next value of this generator");
    const auto closing = co_await as_outcome(numbers.close());
    EXPECT_EQ(
        describe(closing.error()), "AsyncGenerator::close: another task waits for the next value of this generator");
    co_await reader;
    auto moved = std::move(numbers);
    const auto empty = co_await as_outcome(numbers.next());  // NOLINT(bugprone-use-after-move): that is the test
    EXPECT_EQ(describe(empty.error()), "AsyncGenerator::next: this generator is empty: it was moved from");
    auto read = at_once(2);
    co_await read.next();
    auto outer = [&]() -> AsyncGenerator<int> { co_yield std::move(read); };
    auto wrong = outer();
    const auto refused = co_await as_outcome(wrong.next());
    EXPECT_EQ(describe(refused.error()), "co_yield of a generator: it was read from, closed or moved from before");
}

GYRE_TEST(AsyncGenerator, a_limit_of_one_value_does_not_stay_open_across_a_co_yield) {
    // The limit is inside the generator and over before it gives the value: the reader may take its time.
    auto limited = []() -> AsyncGenerator<int> {
        for (int i = 0; i < 2; ++i) {
            co_await timeout(2ms, sleep(1ms));
            co_yield i;
        }
    };
    auto numbers = limited();
    int sum = 0;
    while (auto number = co_await numbers.next()) {
        co_await sleep(10ms);
        sum += *number + 1;
    }
    EXPECT_EQ(sum, 3);
}

TEST(AsyncGenerator, survives_cancellation_anywhere) {
    Log log;
    int alive = 0;
    CancelEverywhere([&]() -> Task<> {
        const auto make = [&]() -> AsyncGenerator<int> {
            const Counted here(alive);
            co_yield try_finally(
                [&]() -> AsyncGenerator<int> {
                    const Counted inner(alive);
                    co_yield countdown(2);
                    co_yield 0;
                },
                [&]() -> Task<> {
                    const Counted cleanup(alive);
                    co_await sleep(1ms);
                });
        };
        co_await for_each(make(), [](int) {});
        auto numbers = make();
        co_await numbers.next();
        co_await move_on_after(1ms, sleep(1h));
        co_await numbers.close();
        auto half = make();
        co_await half.next();
        co_await half.next();
    }).invariant([&](const CancelledRun&) {
          EXPECT_EQ(alive, 0);
      }).run();
}

}  // namespace gyre::testing

// What is remembered of a cancellation: who, where, why, what kind, and how long it took to end.

#include "support/loops.hpp"

#include <gyre/core/task_node.hpp>

namespace gyre::testing {

namespace {

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto nap_on_the_way_out() -> Task<> {
    co_await try_finally(sleep(1h), []() -> Task<> { co_await sleep(1500ms); });
}

auto counted(CancelKind kind) -> CancelCount {
    return this_loop().scheduler().cancelled[static_cast<std::size_t>(kind)];
}

}  // namespace

GYRE_TEST(CancelRecord, says_how_long_the_task_took_to_end) {
    auto task = spawn(nap_on_the_way_out(), {.name = "slow"});
    co_await sleep(1ms);
    task.cancel("enough");
    const auto outcome = co_await as_outcome(task.join());
    try {
        std::rethrow_exception(outcome.error());
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.took(), Duration(1500ms));
        EXPECT_EQ(error.cause().kind, CancelKind::request);
        EXPECT_EQ(error.cause().who, "main");
        const std::string text = error.what();
        EXPECT_TRUE(has(text, "cancelled: enough (cancelled at cancel_record_test.cpp:")) << text;
        EXPECT_TRUE(has(text, "by task 'main'), and took 1.5 s to end")) << text;
    }
}

GYRE_TEST(CancelRecord, of_what_ends_at_once_has_no_word_about_it) {
    auto task = spawn(sleep(1h));
    co_await sleep(1ms);
    task.cancel();
    const auto outcome = co_await as_outcome(task.join());
    EXPECT_FALSE(has(describe(outcome.error()), "took")) << describe(outcome.error());
}

GYRE_TEST(CancelRecord, is_counted_by_kind_with_the_longest) {
    auto asked = spawn(nap_on_the_way_out());
    auto late = spawn(sleep(1h), {.deadline = this_loop().now() + 10ms});
    co_await sleep(1ms);
    asked.cancel();
    co_await move_on_after(5ms, sleep(1h));
    static_cast<void>(co_await as_outcome(asked.join()));
    static_cast<void>(co_await as_outcome(late.join()));
    static_cast<void>(co_await as_outcome(task_group([](TaskGroup& group) {
        group.spawn(sleep(1h));
        group.spawn([]() -> Task<> {
            co_await sleep(1ms);
            throw std::runtime_error("failed");
        });
    })));
    EXPECT_EQ(counted(CancelKind::request).count, 1U);
    EXPECT_EQ(counted(CancelKind::request).longest, Duration(1500ms));
    EXPECT_EQ(counted(CancelKind::deadline).count, 2U) << "a scope and a task";
    EXPECT_EQ(counted(CancelKind::sibling).count, 1U);
    EXPECT_EQ(counted(CancelKind::shutdown).count, 0U);
}

TEST(CancelRecordAtTheEnd, of_tasks_that_are_left_is_a_shutdown) {
    TestLoop loop;
    loop.allow_left_tasks();
    std::optional<TaskHandle<>> left;
    loop.run([&]() -> Task<> {
        left = spawn(sleep(1h));
        co_return;
    });
    loop->close();
    EXPECT_EQ(loop->scheduler().cancelled[static_cast<std::size_t>(CancelKind::shutdown)].count, 1U);
    EXPECT_TRUE(left->cancelled());
}

}  // namespace gyre::testing

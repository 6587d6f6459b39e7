// What the test kit promises to those who test with it: that it finds what is wrong, and says how to see it again.
#include "support/loops.hpp"

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <vector>

namespace gyre::testing {
namespace {

/// Collects failures instead of reporting them, as long as it lives.
class Collected final : public Framework {
public:
    Collected() { use_framework(*this); }
    ~Collected() override { GoogleTest::use(); }
    void fail(const std::string& text) override { failures.push_back(context_ + text); }
    [[nodiscard]] auto failed() const -> bool override { return !failures.empty(); }
    void with_context(const std::string& context, const std::function<void()>& function) override {
        context_ = "[" + context + "] ";
        function();
        context_.clear();
    }
    [[nodiscard]] auto text() const -> std::string {
        std::string all;
        for (const auto& failure : failures) all += failure + "|";
        return all;
    }

    std::vector<std::string> failures;

private:
    std::string context_;
};

auto contains(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto sleeper() -> Task<> { co_await sleep(1h); }

TEST(RunTest, a_day_passes_at_once) {
    Collected collected;
    run_test([]() -> Task<> { co_await sleep(24h); });
    EXPECT_EQ(collected.text(), "");
}

TEST(RunTest, an_error_fails_the_test) {
    Collected collected;
    run_test([]() -> Task<> {
        co_await yield_now();
        throw std::runtime_error("broken");
    });
    EXPECT_TRUE(contains(collected.text(), "the test threw: broken")) << collected.text();
}

TEST(RunTest, a_task_that_is_left_fails_the_test) {
    Collected collected;
    run_test([]() -> Task<> {
        spawn(sleeper());
        co_return;
    });
    EXPECT_TRUE(contains(collected.text(), "a spawned task was left")) << collected.text();
}

TEST(RunTest, a_timer_that_is_left_fails_the_test) {
    Collected collected;
    run_test([]() -> Task<> {
        this_loop().call_later(1h, [] {});
        co_return;
    });
    EXPECT_TRUE(contains(collected.text(), "a timer was left")) << collected.text();
}

TEST(TestLoop, a_timer_that_is_left_fails_the_test_and_names_its_place) {
    Collected collected;
    TestLoop loop;
    loop.run([]() -> Task<> {
        this_loop().call_later(1h, [] {});
        this_loop().call_later(1h, [] {}).cancel();
        co_return;
    });
    const std::string place = "testing_test.cpp:" + std::to_string(__LINE__ - 4);
    loop.finish();
    EXPECT_EQ(collected.text(), "a timer was left, of call_later or call_at at " + place + "|");
}

TEST(TestLoop, the_timers_of_tasks_that_are_left_are_theirs) {
    Collected collected;
    TestLoop loop;
    loop.run([]() -> Task<> {
        spawn(sleeper());
        co_await yield_now();
    });
    loop.finish();
    EXPECT_TRUE(contains(collected.text(), "a spawned task was left")) << collected.text();
    EXPECT_FALSE(contains(collected.text(), "timer")) << collected.text();
}

TEST(CancelEverywhere, a_timer_that_a_cancellation_leaves_is_a_failure) {
    Collected collected;
    CancelEverywhere([]() -> Task<> {
        auto timer = this_loop().call_later(1h, [] {});
        co_await sleep(1ms);
        timer.cancel();
    }).run();
    EXPECT_TRUE(contains(collected.text(), "[cancelled before step 0, in order] a timer was left")) << collected.text();
}

TEST(RunTest, a_descriptor_that_is_left_fails_the_test) {
    Collected collected;
    int left = -1;
    run_test([&]() -> Task<> {
        left = this_loop().backend().open_socket(AF_INET, SOCK_STREAM, 0);
        co_return;
    });
    EXPECT_GE(left, 0);
    EXPECT_TRUE(contains(collected.text(), "a descriptor was left open")) << collected.text();
}

TEST(RunTest, an_error_that_nobody_receives_fails_the_test) {
    Collected collected;
    run_test([]() -> Task<> {
        this_loop().call_soon([] { throw std::runtime_error("lost"); });
        co_await yield_now();
    });
    EXPECT_TRUE(contains(collected.text(), "an error that nobody received")) << collected.text();
    EXPECT_TRUE(contains(collected.text(), "lost")) << collected.text();
}

TEST(RunTest, a_deadlock_fails_the_test_and_says_who_waits_for_what) {
    Collected collected;
    run_test([]() -> Task<> {
        Event never{"the bus"};
        co_await never.wait();
    });
    EXPECT_TRUE(contains(collected.text(), "deadlock")) << collected.text();
    EXPECT_TRUE(contains(collected.text(), "the bus")) << collected.text();
    EXPECT_TRUE(contains(collected.text(), "testing_test.cpp")) << collected.text();
}

TEST(RunTest, without_a_framework_a_failure_is_thrown) {
    class Plain final : public Framework {
    public:
        void fail(const std::string& text) override { throw TestFailure(text); }
        [[nodiscard]] auto failed() const -> bool override { return false; }
        void with_context(const std::string&, const std::function<void()>& function) override { function(); }
    } plain;
    use_framework(plain);
    const auto text = error_of([] {
        run_test([]() -> Task<> {
            throw std::runtime_error("broken");
            co_return;
        });
    });
    GoogleTest::use();
    EXPECT_EQ(text, "the test threw: broken");
}

/// Which of two ready tasks runs first.
auto first_of_two() -> Task<int> {
    int first = 0;
    co_await task_group([&](TaskGroup& group) {
        for (int i : {1, 2}) {
            group.spawn([&first, i]() -> Task<> {
                if (first == 0) first = i;
                co_return;
            });
        }
    });
    co_return first;
}

TEST(SeededTest, tries_more_than_one_order) {
    std::set<int> seen;
    run_seeded_test([&]() -> Task<> {
        const int first = co_await first_of_two();
        seen.insert(first);
    });
    EXPECT_EQ(seen, (std::set<int>{1, 2}));
}

TEST(SeededTest, names_the_seed_that_fails_and_runs_it_again) {
    const auto body = [&]() -> Task<> {
        const int first = co_await first_of_two();
        if (first == 2) throw std::runtime_error("race");
    };
    std::string seed;
    {
        Collected collected;
        run_seeded_test(body, 50);
        ASSERT_EQ(collected.failures.size(), 1U) << "it stops at the first";
        const auto text = collected.text();
        ASSERT_TRUE(text.starts_with("[GYRE_TEST_SEED=")) << text;
        seed = text.substr(16, text.find(']') - 16);
    }
    EXPECT_NE(seed, "0") << "the plain order is first in, first out";
    ::setenv("GYRE_TEST_SEED", seed.c_str(), 1);
    {
        Collected collected;
        run_seeded_test(body);
        EXPECT_TRUE(contains(collected.text(), "race")) << "seed " << seed;
    }
    ::setenv("GYRE_TEST_SEED", "many", 1);
    const auto text = error_of([&] { run_seeded_test(body); });
    ::unsetenv("GYRE_TEST_SEED");
    EXPECT_EQ(text, "GYRE_TEST_SEED is a number, not 'many'");
}

TEST(CancelEverywhere, finds_the_step_at_which_something_leaks) {
    Collected collected;
    int held = 0;
    CancelEverywhere([&]() -> Task<> {
        co_await yield_now();
        ++held;  // not given back when the next wait is cancelled
        co_await yield_now();
        --held;
    })
        .before_each([&] { held = 0; })
        .invariant([&](const CancelledRun&) {
            if (held != 0) framework().fail("still held");
        })
        .orders(0)
        .run();
    ASSERT_EQ(collected.failures.size(), 1U) << collected.text();
    EXPECT_TRUE(contains(collected.text(), "cancelled before step 1")) << collected.text();
}

GYRE_TEST(AllBlocked, goes_on_when_nothing_else_can) {
    int steps = 0;
    auto busy = spawn([&]() -> Task<> {
        for (int i = 0; i < 100; ++i) {
            ++steps;
            co_await yield_now();
        }
        co_await sleep(1h);
    });
    co_await all_blocked();
    EXPECT_EQ(steps, 100);
    EXPECT_FALSE(busy.done());
    busy.cancel();
    const auto outcome = co_await as_outcome(busy.join());
    EXPECT_TRUE(failed_with<CancelledError>(outcome));
}

GYRE_TEST(IsCancelPoint, tells_what_waits_from_what_does_not) {
    const bool waits = co_await is_cancel_point([] { return sleeper(); });
    EXPECT_TRUE(waits);
    const bool runs_through = co_await is_cancel_point([]() -> Task<> { co_return; });
    EXPECT_FALSE(runs_through);
}

GYRE_SEEDED_TEST(Sequencer, steps_come_in_their_order) {
    std::vector<int> order;
    Sequencer sequence;
    co_await task_group([&](TaskGroup& group) {
        group.spawn([&]() -> Task<> {
            co_await sequence.step(0);
            order.push_back(0);
            co_await sequence.step(3);
            order.push_back(3);
        });
        group.spawn([&]() -> Task<> {
            co_await sequence.step(1);
            order.push_back(1);
            co_await sequence.step(2);
            order.push_back(2);
        });
    });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
    const auto again = co_await as_outcome(sequence.step(2));
    EXPECT_TRUE(failed_with<InvalidStateError>(again));
}

GYRE_TEST(Sequencer, a_cancelled_step_breaks_it_for_all) {
    Sequencer sequence;
    auto second = spawn(sequence.step(1));
    auto third = spawn(sequence.step(2));
    co_await all_blocked();
    second.cancel();
    const auto outcome = co_await as_outcome(third.join());
    EXPECT_TRUE(failed_with<InvalidStateError>(outcome));
    const auto cancelled = co_await as_outcome(second.join());
    EXPECT_TRUE(failed_with<CancelledError>(cancelled));
}

GYRE_TEST(MemoryStream, carries_bytes_both_ways_and_ends) {
    auto streams = memory_streams();
    auto& [left, right] = streams;
    co_await left.write("question\n");
    const auto question = co_await right.read_line();
    EXPECT_EQ(question, "question");
    co_await right.write("answer\n");
    co_await right.shutdown_write();
    const auto answer = co_await left.read_line();
    EXPECT_EQ(answer, "answer");
    const auto end = co_await left.read_line();
    EXPECT_FALSE(end.has_value());
}

GYRE_TEST(MemoryStream, short_reads_lose_nothing) {
    auto streams = memory_streams({.capacity = 7, .longest_transfer = 3});
    const std::string sent(1000, 'x');
    auto writer = spawn([&]() -> Task<> {
        co_await streams.first.write(sent);
        co_await streams.first.shutdown_write();
    });
    std::string got;
    for (;;) {
        const auto piece = co_await streams.second.read_some(100);
        if (piece.empty()) break;
        EXPECT_LE(piece.size(), 7U);
        got += piece;
    }
    EXPECT_EQ(got, sent);
    co_await writer.join();
}

GYRE_TEST(MemoryStream, ends_and_fails_at_the_chosen_byte) {
    for (std::size_t at : {0U, 1U, 4U}) {
        auto ending = memory_streams({.end_after = at});
        auto& [left, right] = ending;
        co_await left.write("12345");
        std::string got;
        for (;;) {
            const auto piece = co_await right.read_some(100);
            if (piece.empty()) break;
            got += piece;
        }
        EXPECT_EQ(got, std::string("12345").substr(0, at));
    }
    auto failing = memory_streams({.fail_after = 3, .refuse_after = 4});
    const auto written = co_await as_outcome(failing.first.write("12345"));
    EXPECT_TRUE(failed_with<IoError>(written));
    const auto piece = co_await failing.second.read_some(100);
    EXPECT_EQ(piece, "123");
    const auto more = co_await as_outcome(failing.second.read_some(std::size_t{100}));
    EXPECT_TRUE(failed_with<IoError>(more));
}

class Kernels : public OnLoops {};
GYRE_ON_LOOPS(Kernels);

TEST_P(Kernels, a_loop_of_each_kind_is_checked) {
    EXPECT_EQ(loop()->backend_name(), GetParam());
    run([]() -> Task<> { co_await sleep(1ms); });
}

}  // namespace
}  // namespace gyre::testing

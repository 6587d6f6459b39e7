// TaskGroup::start: the caller waits for started(), the task is the caller's until then and the group's from then on.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

class OnStart : public OnLoops {};
GYRE_ON_LOOPS(OnStart);

/// Says that it is ready after a millisecond, and then runs on until somebody ends it.
auto serve(Log& log, Started<int>& started) -> Task<> {
    const Guard guard(log, "server");
    co_await sleep(1ms);
    started(80);
    log.push_back("serving");
    co_await sleep(1h);
}

}  // namespace

TEST_P(OnStart, gives_the_value_and_leaves_the_task_to_the_group) {
    Log log;
    run([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            const int port = co_await group.start([&](Started<int>& started) { return serve(log, started); });
            log.push_back("port " + std::to_string(port));
            EXPECT_EQ(group.size(), 1U);
            co_await sleep(1ms);
            group.cancel();
        });
    });
    EXPECT_EQ(log, (Log{"serving", "port 80", "~server"}));
}

GYRE_TEST(Start, without_a_value_and_with_a_function) {
    bool ended = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        co_await group.start([&](Started<>& started) -> Task<> {
            started();
            co_await sleep(1ms);
            ended = true;
        });
        EXPECT_FALSE(ended);
        const std::string text = co_await group.start(+[](Started<std::string>& started) -> Task<> {
            started("ready");
            co_return;
        });
        EXPECT_EQ(text, "ready");
    });
    EXPECT_TRUE(ended);
}

GYRE_TEST(Start, an_error_before_started_comes_out_of_start_and_not_of_the_group) {
    bool sibling = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn([&]() -> Task<> {
            co_await sleep(5ms);
            sibling = true;
        });
        const auto outcome = co_await as_outcome(group.start([](Started<int>& started) -> Task<> {
            co_await sleep(1ms);
            throw std::runtime_error("port in use");
            started(1);
        }));
        EXPECT_EQ(describe(outcome.error()), "port in use");
        EXPECT_TRUE(group.errors().empty());
    });
    EXPECT_TRUE(sibling);
}

GYRE_TEST(Start, an_error_after_started_is_an_error_of_the_group) {
    int value = 0;
    const auto outcome = co_await as_outcome([&] {
        return task_group([&](TaskGroup& group) -> Task<> {
            value = co_await group.start([](Started<int>& started) -> Task<> {
                started(1);
                co_await sleep(1ms);
                throw std::runtime_error("later");
            });
            co_await sleep(1h);
        });
    });
    EXPECT_EQ(value, 1);
    EXPECT_EQ(describe(outcome.error()), "later");
}

GYRE_TEST(Start, an_end_without_started_is_an_error) {
    co_await task_group([&](TaskGroup& group) -> Task<> {
        const auto outcome = co_await as_outcome(
            group.start([](Started<int>&) -> Task<> { co_return; }, {.name = "lazy"}));
        EXPECT_EQ(describe(outcome.error()), "TaskGroup::start: task 'lazy' ended without calling started()");
    });
}

GYRE_TEST(Start, started_twice_is_an_error_of_the_task) {
    const auto outcome = co_await as_outcome(task_group([](TaskGroup& group) -> Task<> {
        co_await group.start([](Started<int>& started) -> Task<> {
            started(1);
            started(2);
            co_return;
        });
        co_await sleep(1h);
    }));
    EXPECT_EQ(describe(outcome.error()), "Started: the task has called started() before");
}

GYRE_TEST(Start, cancelling_the_caller_cancels_the_task_and_waits_for_it) {
    Log log;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        const Time begin = this_loop().now();
        const auto value = co_await move_on_after(1ms, group.start([&](Started<int>& started) -> Task<> {
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                co_await sleep(3ms);
                log.push_back("cleaned up");
            });
            started(1);
        }));
        EXPECT_FALSE(value.has_value());
        EXPECT_EQ(this_loop().now() - begin, 4ms);
        EXPECT_EQ(group.size(), 0U);
    });
    EXPECT_EQ(log, Log{"cleaned up"});
}

GYRE_TEST(Start, in_a_cancelled_scope_nothing_starts) {
    bool ran = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            scope.cancel();
            co_await group.start([&](Started<>& started) -> Task<> {
                ran = true;
                started();
                co_return;
            });
        });
        EXPECT_EQ(group.size(), 0U);
    });
    EXPECT_FALSE(ran);
}

// trio#2895 and its kind: started() after the caller was cancelled. The caller is let go, though the task runs on.
GYRE_TEST(Start, started_after_the_caller_was_cancelled_lets_the_caller_go) {
    Log log;
    const Time begin = this_loop().now();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        int value = 0;
        co_await move_on_after(1ms, [&]() -> Task<> {
            value = co_await group.start([&](Started<int>& started) -> Task<> {
                co_await shield([&]() -> Task<> {
                    co_await sleep(2ms);
                    started(5);
                    co_await sleep(10ms);
                });
                co_await sleep(1h);
            });
            log.push_back("value");
            co_await sleep(1h);
            log.push_back("never");
        });
        EXPECT_EQ(value, 5) << "completion beats cancellation";
        EXPECT_EQ(this_loop().now() - begin, 2ms) << "it does not wait for the shielded rest";
        EXPECT_EQ(group.size(), 1U);
    });
    EXPECT_EQ(log, Log{"value"});
    EXPECT_EQ(this_loop().now() - begin, 12ms) << "the group does, and the task ended at its next wait";
}

// trio#2544 and its kind: the group is cancelled while somebody starts a task from inside a shield.
GYRE_TEST(Start, in_a_shield_while_the_group_is_cancelled_never_hangs) {
    std::string text;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        co_await shield([&]() -> Task<> {
            this_loop().call_later(1ms, [&group] { group.cancel("enough"); });
            const auto waiting = co_await as_outcome(group.start([](Started<>& started) -> Task<> {
                co_await sleep(1h);
                started();
            }));
            EXPECT_EQ(describe(waiting.error()).find("cancelled: enough"), 0U) << describe(waiting.error());
            const auto late = co_await as_outcome(group.start([](Started<>& started) -> Task<> {
                started();
                co_return;
            }));
            text = describe(late.error());
        });
    });
    EXPECT_EQ(text.find("cancelled: enough"), 0U) << text;
}

GYRE_TEST(Start, results_are_read_by_their_handles_after_the_group_which_takes_no_more) {
    std::vector<TaskHandle<int>> handles;
    std::string refused;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            handles.push_back(group.spawn([i]() -> Task<int> {
                co_await sleep((3 - i) * 1ms);
                co_return i;
            }));
        }
        // Its joiner has its turn after the end of the last task, and before the frame of the group has its own.
        spawn([&, last = group.spawn(sleep(4ms))]() -> Task<> {
            co_await last.join();
            refused = error_of([&] { group.spawn(sleep(1ms)); });
        });
        co_return;
    });
    EXPECT_EQ(refused, "TaskGroup::spawn: the group has ended");
    int sum = 0;
    for (auto& handle : handles) {
        const int value = co_await handle.join();
        sum += value;
    }
    EXPECT_EQ(sum, 3);
}

TEST(Start, survives_cancellation_anywhere) {
    int alive = 0;
    CancelEverywhere([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 2; ++i) {
                const auto brief = [&alive, i](Started<int>& started) -> Task<> {
                    const Counted here(alive);
                    co_await sleep(1ms);
                    started(i);
                    co_await sleep(2ms);
                };
                const int value = co_await group.start(brief);
                EXPECT_EQ(value, i);
            }
            const auto never = [&alive](Started<>& started) -> Task<> {
                const Counted here(alive);
                co_await try_finally(sleep(1h), yield_now());
                started();
            };
            const bool through = co_await move_on_after(1ms, group.start(never));
            EXPECT_FALSE(through);
        });
    }).invariant([&](const CancelledRun&) {
          EXPECT_EQ(alive, 0);
      }).run();
}

}  // namespace gyre::testing

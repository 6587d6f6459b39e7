// TaskGroup: it ends after its children, the first error cancels the rest, an outer cancellation goes through.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <stdexcept>

namespace gyre::testing {

namespace {

auto hold(Log& log, std::string name) -> Task<> {
    const Guard guard(log, name);
    co_await sleep(1h);
    log.push_back("never " + name);
}

auto fail_after(Duration delay, std::string text) -> Task<> {
    co_await sleep(delay);
    throw std::runtime_error(text);
}

/// Fails when it is cancelled.
auto fail_in_cleanup(std::string text) -> Task<> {
    co_await try_finally(sleep(1h), [&]() -> Task<> {
        co_await yield_now();
        throw std::runtime_error(text);
    });
}

}  // namespace

GYRE_TEST(TaskGroup, ends_after_its_last_child_and_gives_the_value_of_its_body) {
    int ended = 0;
    const Time start = this_loop().now();
    const int value = co_await task_group([&](TaskGroup& group) -> Task<int> {
        for (int i = 1; i <= 3; ++i) {
            group.spawn([&ended, i]() -> Task<> {
                co_await sleep(i * 1ms);
                ++ended;
            });
        }
        EXPECT_EQ(group.size(), 3U);
        co_return 42;
    });
    EXPECT_EQ(value, 42);
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(this_loop().now() - start, 3ms);
}

GYRE_TEST(TaskGroup, an_empty_one_ends_at_once) {
    const int value = co_await task_group([](TaskGroup&) -> Task<int> { co_return 1; });
    EXPECT_EQ(value, 1);
    co_await task_group([](TaskGroup&) {});
}

GYRE_TEST(TaskGroup, its_body_may_be_an_ordinary_callable) {
    int ended = 0;
    co_await task_group([&](TaskGroup& group) {
        for (int i = 0; i < 3; ++i)
            group.spawn([&ended]() -> Task<> {
                co_await sleep(1ms);
                ++ended;
            });
    });
    EXPECT_EQ(ended, 3);
}

GYRE_TEST(TaskGroup, an_ordinary_body_that_throws_cancels_what_it_spawned) {
    Log log;
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(hold(log, "a"));
            throw std::runtime_error("body");
        });
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "body");
    EXPECT_TRUE(log.empty()) << "the child never started";
}

GYRE_TEST(TaskGroup, a_callable_that_throws_before_it_gives_its_task_cancels_what_it_spawned) {
    Log log;
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(hold(log, "a"));
            if (log.empty()) throw std::runtime_error("no body");
            return hold(log, "b");
        });
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "no body");
}

GYRE_TEST(TaskGroup, the_first_error_cancels_body_and_siblings_and_is_thrown_unchanged) {
    Log log;
    const Time start = this_loop().now();
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            const Guard guard(log, "body");
            group.spawn(hold(log, "sibling"));
            group.spawn(fail_after(2ms, "boom"));
            co_await sleep(1h);
        });
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "boom");
    EXPECT_EQ(this_loop().now() - start, 2ms);
    EXPECT_EQ(log.size(), 2U);
}

GYRE_TEST(TaskGroup, an_error_of_the_body_cancels_the_children) {
    Log log;
    const auto outcome = co_await as_outcome([&] {
        return task_group([&](TaskGroup& group) -> Task<int> {
            group.spawn(hold(log, "child"));
            co_await sleep(1ms);
            throw std::logic_error("body");
        });
    });
    EXPECT_TRUE(failed_with<std::logic_error>(outcome));
    EXPECT_EQ(log, Log{"~child"});
}

GYRE_TEST(TaskGroup, waits_for_clean_up_before_it_throws) {
    bool clean = false;
    bool failed = false;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&clean]() -> Task<> {
                co_await try_finally(sleep(1h), [&clean]() -> Task<> {
                    co_await sleep(10ms);
                    clean = true;
                });
            });
            group.spawn(fail_after(1ms, "x"));
            co_return;
        });
    } catch (const std::runtime_error&) {
        failed = true;
        EXPECT_TRUE(clean);
    }
    EXPECT_TRUE(failed);
}

GYRE_TEST(TaskGroup, later_errors_are_kept_and_go_to_the_handler) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::sibling);
        heard.push_back(describe(context.error));
    });
    std::size_t seen = 0;
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fail_after(1ms, "first"));
            group.spawn(fail_in_cleanup("second"));
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                co_await sleep(1ms);
                seen = group.errors().size();
            });
        });
    } catch (const std::runtime_error& error) {
        text = error.what();
    }
    EXPECT_EQ(text, "first");
    EXPECT_EQ(seen, 2U);
    EXPECT_EQ(heard, std::vector<std::string>{"second"});
}

GYRE_TEST(TaskGroup, collects_all_errors_on_request) {
    std::string text;
    std::vector<std::string> errors;
    try {
        co_await task_group({.errors = Errors::collect, .name = "downloads"}, [&](TaskGroup& group) -> Task<> {
            group.spawn(fail_after(1ms, "first"));
            group.spawn(fail_in_cleanup("second"));
            co_return;
        });
    } catch (const ExceptionGroup& group) {
        text = group.what();
        for (const auto& error : group.errors()) errors.push_back(describe(error));
    }
    EXPECT_EQ(errors, (std::vector<std::string>{"first", "second"}));
    EXPECT_EQ(text, "downloads (2 errors): first; second");
    const auto single = co_await as_outcome([] {
        return task_group({.errors = Errors::collect}, [](TaskGroup& group) { group.spawn(fail_after(1ms, "x")); });
    });
    EXPECT_TRUE(failed_with<ExceptionGroup>(single));
}

GYRE_TEST(TaskGroup, a_child_cancelled_by_its_handle_is_no_error) {
    bool done = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto handle = group.spawn(sleep(1h));
        group.spawn([&done]() -> Task<> {
            co_await sleep(2ms);
            done = true;
        });
        co_await sleep(1ms);
        handle.cancel();
        const auto joined = co_await as_outcome(handle.join());
        EXPECT_TRUE(failed_with<CancelledError>(joined));
    });
    EXPECT_TRUE(done);
}

GYRE_TEST(TaskGroup, an_error_joined_in_the_body_still_ends_the_group) {
    bool joined = false;
    const auto outcome = co_await as_outcome([&] {
        return task_group([&](TaskGroup& group) -> Task<> {
            auto handle = group.spawn(fail_after(1ms, "child"));
            try {
                co_await handle.join();
            } catch (const std::runtime_error&) {
                joined = true;
            }
            co_await sleep(1h);
        });
    });
    EXPECT_TRUE(joined) << "the joiner was told first: completion beats cancellation";
    EXPECT_TRUE(failed_with<std::runtime_error>(outcome));
}

GYRE_TEST(TaskGroup, may_cancel_itself) {
    Log log;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(hold(log, "child"));
        co_await sleep(1ms);
        group.cancel("enough");
        group.cancel("twice");
        co_await sleep(1h);
        log.push_back("never");
    });
    EXPECT_EQ(log, Log{"~child"});
    co_await sleep(1ms);  // the caller is not cancelled
    std::string text;
    try {
        co_await task_group([&](TaskGroup& group) -> Task<int> {
            group.cancel("no value");
            co_await sleep(1h);
            co_return 1;
        });
    } catch (const CancelledError& error) {
        text = error.reason();
    }
    EXPECT_EQ(text, "no value");
}

GYRE_TEST(TaskGroup, spawning_into_a_cancelled_group_starts_nothing) {
    int alive = 0;
    bool started = false;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.cancel();
        auto handle = group.spawn([&started, token = Counted(alive)]() -> Task<> {
            started = true;
            co_return;
        });
        EXPECT_FALSE(handle.done());
        EXPECT_EQ(group.size(), 1U);
        co_return;
    });
    EXPECT_FALSE(started);
    EXPECT_EQ(alive, 0);
}

GYRE_TEST(TaskGroup, children_may_spawn_after_the_body_has_ended) {
    int generation = 0;
    co_await task_group([&](TaskGroup& group) {
        group.spawn([&]() -> Task<> {
            co_await sleep(1ms);
            group.spawn([&]() -> Task<> {
                co_await sleep(1ms);
                generation = 2;
            });
        });
    });
    EXPECT_EQ(generation, 2);
}

GYRE_TEST(TaskGroup, an_outer_cancellation_reaches_body_and_children_and_goes_on) {
    Log log;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(hold(log, "child"));
            const Guard guard(log, "body");
            co_await sleep(1h);
        });
        log.push_back("never");
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(log.size(), 2U);
}

GYRE_TEST(TaskGroup, an_outer_cancellation_goes_on_also_when_the_body_had_ended) {
    Log log;
    const bool through = co_await move_on_after(1ms, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) { group.spawn(hold(log, "child")); });
        log.push_back("never");
    });
    EXPECT_FALSE(through);
    EXPECT_EQ(log, Log{"~child"});
}

GYRE_TEST(TaskGroup, an_error_counts_more_than_an_outer_cancellation) {
    std::string text;
    const auto outcome = co_await as_outcome(move_on_after(1ms,
        [&]() -> Task<> { co_await task_group([&](TaskGroup& group) { group.spawn(fail_in_cleanup("late")); }); }));
    EXPECT_EQ(describe(outcome.error()), "late");
}

GYRE_TEST(TaskGroup, a_supervisor_is_a_loop_around_as_outcome) {
    int runs = 0;
    const auto service = [&runs]() -> Task<int> {
        co_await sleep(1s);
        if (++runs < 3) throw std::runtime_error("down");
        co_return runs;
    };
    const auto keep_running = [&]() -> Task<int> {
        for (auto pause = 100ms;; pause *= 2) {
            auto outcome = co_await as_outcome(service());
            if (!outcome.is_error()) co_return std::move(outcome).value();
            co_await sleep(pause);
        }
    };
    const Time start = this_loop().now();
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto supervised = group.spawn(keep_running);
        auto other = group.spawn(sleep(1h));
        const int result = co_await supervised.join();
        EXPECT_EQ(result, 3);
        other.cancel();  // this one alone, and without an error for the group
    });
    EXPECT_EQ(this_loop().now() - start, 3s + 300ms);
}

GYRE_TEST(TaskGroup, nested_groups_end_from_the_inside) {
    Log log;
    const auto outcome = co_await as_outcome([&] {
        return task_group([&](TaskGroup& outer) -> Task<> {
            outer.spawn(hold(log, "outer child"));
            co_await task_group([&](TaskGroup& inner) -> Task<> {
                inner.spawn(hold(log, "inner child"));
                inner.spawn(fail_after(1ms, "inner error"));
                co_await sleep(1h);
            });
        });
    });
    EXPECT_EQ(describe(outcome.error()), "inner error");
    EXPECT_EQ(log, (Log{"~inner child", "~outer child"}));
}

GYRE_TEST(TaskGroup, a_handle_may_be_joined_after_the_group) {
    std::optional<TaskHandle<int>> handle;
    co_await task_group([&](TaskGroup& group) {
        handle = group.spawn([]() -> Task<int> {
            co_await sleep(1ms);
            co_return 8;
        });
    });
    const int value = co_await handle->join();
    EXPECT_EQ(value, 8);
}

}  // namespace gyre::testing

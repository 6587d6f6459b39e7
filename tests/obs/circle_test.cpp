// A circle of tasks that wait for each other is found when it closes, and only when it is certain.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

namespace gyre::testing {

namespace {

constexpr RunOptions raising{.on_deadlock = OnDeadlock::raise};

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto take_both(Lock& first, Lock& second, AnyDuration pause = 1ms) -> Task<> {
    const auto one = co_await first.acquire();
    co_await sleep(pause);
    const auto two = co_await second.acquire();
}
constexpr unsigned second_line = __LINE__ - 2;

auto take(Lock& lock) -> Task<> { const auto guard = co_await lock.acquire(); }

auto numbers(Lock& lock) -> AsyncGenerator<int> {
    co_yield 1;
    const auto guard = co_await lock.acquire();
    co_yield 2;
}

/// The second one in the body of a generator.
auto read_both(Lock& first, Lock& second, AnyDuration pause = 1ms) -> Task<> {
    const auto one = co_await first.acquire();
    auto source = numbers(second);
    static_cast<void>(co_await source.next());
    co_await sleep(pause);
    static_cast<void>(co_await source.next());
}

/// The second one in a branch beside one that ends at once.
auto gather_both(Lock& first, Lock& second, AnyDuration pause = 1ms) -> Task<> {
    const auto one = co_await first.acquire();
    co_await sleep(pause);
    co_await gather(sleep(0s), take(second));
}

/// What `body` ends with on a loop with `options`; empty if it succeeds.
template<class W>
auto error_on(const RunOptions& options, W body, bool errors_allowed = false) -> std::string {
    TestLoop loop("sim", options);
    if (errors_allowed) loop.allow_unreceived_errors();
    return error_of([&] { loop.run(body); });
}

}  // namespace

TEST(Circle, of_two_locks_is_raised_with_names_places_and_owners) {
    Lock left("left");
    Lock right("right");
    const auto text = error_on(raising, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(take_both(left, right), {.name = "Plato"});
            group.spawn(take_both(right, left), {.name = "Kant"});
        });
    });
    const std::string place = "circle_test.cpp:" + std::to_string(second_line);
    EXPECT_EQ(text,
        "deadlock: 2 tasks wait for each other in a circle"
        "\n  task 'Kant' waits at " +
            place +
            " on lock 'left', which task 'Plato' holds"
            "\n  task 'Plato' waits at " +
            place + " on lock 'right', which task 'Kant' holds");
}

TEST(Circle, of_five_locks_names_all_five) {
    std::vector<std::unique_ptr<Lock>> forks;
    for (int i = 0; i < 5; ++i) forks.push_back(std::make_unique<Lock>("fork " + std::to_string(i)));
    const auto text = error_on(raising, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (std::size_t i = 0; i < 5; ++i) {
                group.spawn(take_both(*forks[i], *forks[(i + 1) % 5]), {.name = "thinker " + std::to_string(i)});
            }
        });
    });
    EXPECT_TRUE(has(text, "5 tasks wait")) << text;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(has(text, "lock 'fork " + std::to_string(i))) << text;
        EXPECT_TRUE(has(text, "task 'thinker " + std::to_string(i) + "' waits")) << text;
    }
}

TEST(Circle, is_raised_by_default_and_so_ends_the_run) {
    Lock left("left");
    Lock right("right");
    const auto text = error_of([&] {
        run([&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) {
                group.spawn(take_both(left, right), {.name = "Plato"});
                group.spawn(take_both(right, left), {.name = "Kant"});
            });
        });
    });
    EXPECT_TRUE(has(text, "deadlock: 2 tasks wait for each other in a circle")) << text;
}

TEST(Circle, that_is_reported_to_nobody_is_thrown_at_the_end_of_the_run) {
    Lock left("left");
    Lock right("right");
    bool went_on = false;
    const auto work = [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(take_both(left, right), {.name = "Plato"});
            group.spawn(take_both(right, left), {.name = "Kant"});
            while (this_loop().unreceived_error_count() == 0) co_await sleep(1ms);
            group.cancel("seen");
        });
        went_on = true;
    };
    const auto text = error_of([&] { run(work(), {.on_deadlock = OnDeadlock::report}); });
    EXPECT_TRUE(went_on);
    EXPECT_TRUE(has(text, "deadlock: 2 tasks wait for each other in a circle")) << text;
}

TEST(Circle, is_reported_and_waited_in_if_that_is_asked_for) {
    Lock left("left");
    Lock right("right");
    std::vector<ErrorContext> errors;
    TestLoop loop("sim", {.on_deadlock = OnDeadlock::report});
    loop->set_exception_handler([&](const ErrorContext& context) { errors.push_back(context); });
    loop.run([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(take_both(left, right), {.name = "Plato"});
            group.spawn(take_both(right, left), {.name = "Kant"});
            co_await sleep(1s);
            EXPECT_EQ(group.size(), 2U) << "they wait on";
            group.cancel("seen");
        });
    });
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].origin, ErrorOrigin::deadlock);
    EXPECT_TRUE(has(errors[0].text(), "deadlock found in task 'Kant': deadlock: 2 tasks")) << errors[0].text();
}

TEST(Circle, goes_through_joins) {
    Lock lock("journal");
    const auto text = error_on(raising, [&]() -> Task<> {
        const auto held = co_await lock.acquire();
        auto child = spawn([&]() -> Task<> { const auto mine = co_await lock.acquire(); }, {.name = "child"});
        co_await sleep(1ms);
        const auto joined = co_await as_outcome(child.join());
        child.cancel();
        joined.error() ? std::rethrow_exception(joined.error()) : void();
    });
    EXPECT_TRUE(has(text, "task 'main' waits at circle_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "on join 'child'")) << text;
    EXPECT_TRUE(has(text, "task 'child' waits at circle_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "lock 'journal', which task 'main' holds")) << text;
}

TEST(Circle, of_a_parent_that_holds_what_its_group_needs) {
    Lock lock("journal");
    const auto text = error_on(raising, [&]() -> Task<> {
        const auto held = co_await lock.acquire();
        co_await task_group([&](TaskGroup& group) {
            group.spawn([&]() -> Task<> { const auto mine = co_await lock.acquire(); }, {.name = "child"});
        });
    });
    EXPECT_TRUE(has(text, "task 'main' waits")) << text;
    EXPECT_TRUE(has(text, "on group")) << text;
}

TEST(Circle, of_writers_of_two_tables) {
    RwLock users("users");
    RwLock orders("orders");
    const auto move = [](RwLock& from, RwLock& to) -> Task<> {
        const auto one = co_await from.write();
        co_await sleep(1ms);
        const auto two = co_await to.read();
    };
    const auto text = error_on(raising, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(move(users, orders), {.name = "a"});
            group.spawn(move(orders, users), {.name = "b"});
        });
    });
    EXPECT_TRUE(has(text, "lock 'users': read, which task 'a' holds")) << text;
}

/// Plato takes the left one first, and Kant the right one; whoever pauses longer closes the circle.
auto error_at_table(Task<> (*plato)(Lock&, Lock&, AnyDuration), AnyDuration pause, AnyDuration of_kant) -> std::string {
    Lock left("left");
    Lock right("right");
    return error_on(raising, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(plato(left, right, pause), {.name = "Plato"});
            group.spawn(take_both(right, left, of_kant), {.name = "Kant"});
        });
    });
}
constexpr std::string_view two_wait = "deadlock: 2 tasks wait for each other in a circle";

TEST(Circle, goes_through_the_body_of_a_generator) {
    const auto text = error_at_table(read_both, 1ms, 3ms);
    EXPECT_TRUE(has(text, two_wait)) << text;
    EXPECT_TRUE(has(text, "task 'Plato' waits at circle_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "lock 'right', which task 'Kant' holds")) << text;
    const auto closed_by_it = error_at_table(read_both, 3ms, 1ms);
    EXPECT_TRUE(has(closed_by_it, two_wait)) << closed_by_it;
}

TEST(Circle, goes_through_the_branch_of_a_gather_that_has_not_ended) {
    const auto text = error_at_table(gather_both, 1ms, 3ms);
    EXPECT_TRUE(has(text, two_wait)) << text;
    const auto only = [](Lock& first, Lock& second, AnyDuration pause) -> Task<> {
        const auto one = co_await first.acquire();
        co_await sleep(pause);
        co_await gather(take(second));
    };
    for (const auto pause : {1ms, 3ms}) {
        const auto of_only = error_at_table(only, pause, 2ms);
        EXPECT_TRUE(has(of_only, two_wait)) << of_only;
    }
    const auto last = [](Lock& first, Lock& second, AnyDuration pause) -> Task<> {
        const auto one = co_await first.acquire();
        co_await sleep(pause);
        std::vector<Task<>> works;
        works.push_back([]() -> Task<> { co_return; }());
        works.push_back(take(second));
        co_await gather(std::move(works));
    };
    const auto of_last = error_at_table(last, 3ms, 1ms);
    EXPECT_TRUE(has(of_last, two_wait)) << of_last;
}

TEST(Circle, is_none_while_branches_have_not_started) {
    Lock left("left");
    Lock right("right");
    // Plato's second branch gives the left one up.
    const auto plato = [&]() -> Task<> {
        auto held = co_await left.acquire();
        co_await sleep(2ms);
        const auto gives_up = [&]() -> Task<> {
            held.release();
            co_return;
        };
        co_await gather(take(right), gives_up());
    };
    const auto text = error_on(raising, [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(plato(), {.name = "Plato"});
            group.spawn(take_both(right, left), {.name = "Kant"});
        });
    });
    EXPECT_EQ(text, "nothing");
}

TEST(Circle, is_none_while_a_time_limit_ends_the_wait_inside_a_generator_or_the_read_of_it) {
    const auto limited_read = [](Lock& first, Lock& second, AnyDuration pause) -> Task<> {
        const auto one = co_await first.acquire();
        auto source = numbers(second);
        static_cast<void>(co_await source.next());
        co_await sleep(pause);
        const auto read = [&]() -> Task<> { static_cast<void>(co_await source.next()); };
        static_cast<void>(co_await move_on_after(1s, read));
    };
    EXPECT_EQ(error_at_table(limited_read, 1ms, 3ms), "nothing");
    EXPECT_EQ(error_at_table(limited_read, 3ms, 1ms), "nothing");
    const auto limited_inside = [](Lock& first, Lock& second, AnyDuration pause) -> Task<> {
        const auto one = co_await first.acquire();
        auto source = [](Lock& lock) -> AsyncGenerator<int> {
            const auto want = [&] { return take(lock); };
            static_cast<void>(co_await move_on_after(1s, want));
            co_yield 1;
        }(second);
        co_await sleep(pause);
        static_cast<void>(co_await source.next());
    };
    EXPECT_EQ(error_at_table(limited_inside, 1ms, 3ms), "nothing");
    EXPECT_EQ(error_at_table(limited_inside, 3ms, 1ms), "nothing");
}

TEST(Circle, is_none_while_a_time_limit_ends_it) {
    Lock left("left");
    Lock right("right");
    const auto hasty = [](Lock& first, Lock& second) -> Task<> {
        const auto one = co_await first.acquire();
        co_await sleep(1ms);
        co_await move_on_after(1s, [&]() -> Task<> { const auto two = co_await second.acquire(); });
    };
    EXPECT_EQ(error_on(raising,
                  [&]() -> Task<> {
                      co_await task_group([&](TaskGroup& group) {
                          group.spawn(hasty(left, right), {.name = "hasty"});
                          group.spawn(take_both(right, left), {.name = "Kant"});
                      });
                  }),
        "nothing");
}

/// Two tasks that wait for each other, in a group. The locks belong to the loop that runs it.
class School {
public:
    auto both() {
        return [this](TaskGroup& group) {
            group.spawn(take_both(left_, right_), {.name = "Plato"});
            group.spawn(take_both(right_, left_), {.name = "Kant"});
        };
    }
    auto in_a_group() {
        return [this](TaskGroup& group) { group.spawn(teach(), {.name = "school"}); };
    }
    auto teach() -> Task<> { co_await task_group(both()); }

private:
    Lock left_{"left"};
    Lock right_{"right"};
};

// The limit may be around the group that they are in, or further up; only a branch of `gather` is no limit.
TEST(Circle, is_none_while_a_time_limit_around_their_group_ends_it) {
    School one;
    const auto limited = [&]() -> Task<> {
        const bool ended = co_await move_on_after(1s, task_group(one.both()));
        EXPECT_FALSE(ended);
    };
    EXPECT_EQ(error_on(raising, limited), "nothing");
    School two;
    const auto limited_further_up = [&]() -> Task<> {
        const bool ended = co_await move_on_after(1s, task_group(two.in_a_group()));
        EXPECT_FALSE(ended);
    };
    EXPECT_EQ(error_on(raising, limited_further_up), "nothing");
    School three;
    const auto in_a_race = [&]() -> Task<> { static_cast<void>(co_await race(sleep(1s), three.teach())); };
    EXPECT_EQ(error_on(raising, in_a_race), "nothing");
    School four;
    const auto unlimited = [&]() -> Task<> { co_await gather(sleep(1s), task_group(four.in_a_group())); };
    EXPECT_TRUE(has(error_on(raising, unlimited), "2 tasks wait for each other"));
}

TEST(Circle, is_none_while_a_branch_may_still_give_the_lock_up) {
    Lock left("left");
    Lock right("right");
    EXPECT_EQ(error_on(raising,
                  [&]() -> Task<> {
                      auto other = spawn(
                          [&]() -> Task<> {
                              const auto held = co_await right.acquire();
                              co_await sleep(500us);
                              const auto second = co_await left.acquire();
                          },
                          {.name = "other"});
                      const auto hold = [&]() -> Task<> {
                          const auto held = co_await left.acquire();
                          co_await sleep(5ms);
                      };
                      const auto want = [&]() -> Task<> {
                          co_await sleep(1ms);
                          const auto mine = co_await right.acquire();
                      };
                      co_await gather(hold(), want());
                      co_await other.join();
                  }),
        "nothing");
}

TEST(Circle, is_none_if_the_owner_is_ready_to_run) {
    Lock left("left");
    Lock right("right");
    Event go("go");
    EXPECT_EQ(error_on(raising,
                  [&]() -> Task<> {
                      auto held = co_await left.acquire();
                      auto other = spawn(
                          [&]() -> Task<> {
                              const auto mine = co_await right.acquire();
                              const auto more = co_await left.acquire();
                          },
                          {.name = "other"});
                      co_await sleep(1ms);
                      held.release();  // `other` has it now, and is ready
                      const auto theirs = co_await right.acquire();
                      co_await other.join();
                  }),
        "nothing");
}

}  // namespace gyre::testing

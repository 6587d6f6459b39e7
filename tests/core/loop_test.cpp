// EventLoop: running, closing, errors that nobody received, deadlock.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <gyre/core/cancel_request.hpp>

#include <stdexcept>

namespace gyre::testing {

namespace {

auto give(int value) -> Task<int> {
    co_await sleep(1ms);
    co_return value;
}

auto fail(std::string text) -> Task<> {
    co_await yield_now();
    throw std::runtime_error(text);
}

}  // namespace

class Loop : public OnLoops {};
GYRE_ON_LOOPS(Loop);

TEST_P(Loop, says_which_backend_it_has) {
    EXPECT_EQ(loop()->backend_name(), GetParam());
    loop()->close();
    EXPECT_EQ(loop()->backend_name(), "closed");
}

TEST_P(Loop, runs_more_than_once) {
    EXPECT_EQ(run(give(1)), 1);
    EXPECT_EQ(run(give(2)), 2);
    EXPECT_EQ(run([]() -> Task<int> { co_return 3; }), 3);
    run(sleep(1ms));
}

TEST_P(Loop, tasks_live_on_between_runs) {
    int ticks = 0;
    std::optional<TaskHandle<>> ticker;
    run([&]() -> Task<> {
        ticker = spawn([&ticks]() -> Task<> {
            for (; ticks < 3; ++ticks) co_await sleep(1ms);
        });
        co_return;
    });
    EXPECT_EQ(loop()->background_task_count(), 1U);
    EXPECT_LT(ticks, 3);
    run([&]() -> Task<> { co_await ticker->join(); });
    EXPECT_EQ(ticks, 3);
    EXPECT_EQ(loop()->background_task_count(), 0U);
}

TEST_P(Loop, errors_and_cancellation_come_out_of_a_run) {
    EXPECT_EQ(error_of([&] { run(fail("boom")); }), "boom");
    const auto cancelled = loop()->run_to_outcome([]() -> Task<int> {
        auto* task = this_loop().scheduler().current->scope->task();
        task->cancel(internal::cancel_request(this_loop().scheduler(), "by hand", {}));
        co_await sleep(1h);
        co_return 1;
    });
    EXPECT_TRUE(cancelled.is_cancelled());
    EXPECT_EQ(cancelled.cause()->reason, "by hand");
}

TEST_P(Loop, inside_another_run_is_an_error_that_says_what_to_do) {
    std::string inner;
    std::string own;
    std::string closing;
    run([&]() -> Task<> {
        EventLoop other(backend::make_sim_backend());
        inner = error_of([&] { other.run_until_complete(give(1)); });
        own = error_of([&] { loop()->run_until_complete(give(1)); });
        closing = error_of([&] { loop()->close(); });
        EXPECT_NE(error_of([&] { other.close(); }), "nothing");
        EXPECT_TRUE(loop()->is_running());
        co_return;
    });
    EXPECT_NE(inner.find("co_await the work"), std::string::npos) << inner;
    EXPECT_NE(own.find("co_await the work"), std::string::npos) << own;
    EXPECT_NE(closing.find("close"), std::string::npos) << closing;
    EXPECT_FALSE(loop()->is_running());
}

TEST_P(Loop, close_is_idempotent_and_final) {
    run(give(1));
    EXPECT_FALSE(loop()->is_closed());
    loop()->close();
    loop()->close();
    EXPECT_TRUE(loop()->is_closed());
    EXPECT_NE(error_of([&] { run(give(1)); }).find("closed"), std::string::npos);
    EXPECT_NE(error_of([&] { loop()->run_forever(); }).find("closed"), std::string::npos);
    EXPECT_NE(error_of([&] { loop()->call_soon([] {}); }).find("closed"), std::string::npos);
    EXPECT_NE(error_of([&] { loop()->call_later(1s, [] {}); }).find("closed"), std::string::npos);
}

TEST_P(Loop, close_cancels_what_is_left_and_lets_it_clean_up) {
    Log log;
    run([&]() -> Task<> {
        spawn([&log]() -> Task<> {
            const Guard guard(log, "task");
            co_await try_finally(sleep(1h), [&log]() -> Task<> {
                co_await sleep(1ms);
                log.push_back("clean");
                // A task that is spawned now is cancelled in its turn.
                spawn([&log]() -> Task<> {
                    const Guard late(log, "late task");
                    co_await sleep(1h);
                    log.push_back("never");
                });
            });
        });
        spawn(sleep(1h));
        co_await sleep(1ms);
    });
    EXPECT_EQ(loop()->background_task_count(), 2U);
    loop()->close();
    EXPECT_EQ(loop()->background_task_count(), 0U);
    EXPECT_EQ(log, (Log{"clean", "~task", "~late task"}));
}

TEST_P(Loop, the_destructor_closes) {
    Log log;
    {
        TestLoop other(GetParam());
        other.allow_left_tasks();
        other.run([&]() -> Task<> {
            spawn([&log]() -> Task<> {
                const Guard guard(log, "task");
                co_await sleep(1h);
            });
            co_await yield_now();
        });
    }
    EXPECT_EQ(log, Log{"~task"});
}

TEST_P(Loop, runs_for_ever_until_stopped) {
    Log log;
    TimerHandle later;
    loop()->call_soon([&] { log.push_back("first"); });
    loop()->call_later(2ms, [&] {
        log.push_back("stop");
        loop()->call_soon([&] { log.push_back("ready already"); });
        loop()->stop();
        later = loop()->call_later(1h, [] {});
    });
    loop()->run_forever();
    EXPECT_EQ(log, (Log{"first", "stop", "ready already"}));
    loop()->call_soon([&] { loop()->stop(); });
    loop()->run_forever();
    later.cancel();
}

TEST_P(Loop, a_stopped_loop_closes_though_a_task_needs_time) {
    bool clean = false;
    loop()->call_later(1ms, [&] {
        spawn([&clean]() -> Task<> {
            co_await shield(sleep(3ms));
            clean = true;
        });
        loop()->call_later(1ms, [&] { loop()->stop(); });
    });
    loop()->run_forever();
    loop()->close();
    EXPECT_TRUE(clean);
}

TEST_P(Loop, has_one_object_of_each_type_that_a_room_asks_for) {
    struct Mine {
        explicit Mine(EventLoop& home) : loop(&home) {}
        EventLoop* loop;
        int value = 0;
    };
    run([]() -> Task<> {
        this_loop().local<Mine>().value = 3;
        co_return;
    });
    EXPECT_EQ(loop()->local<Mine>().value, 3);
    EXPECT_EQ(loop()->local<Mine>().loop, &*loop());
    loop()->close();
    EXPECT_NE(error_of([&] { static_cast<void>(loop()->local<Mine>()); }), "nothing");
}

TEST(Loop, there_is_none_outside_of_a_run) {
    EXPECT_NE(error_of([] { static_cast<void>(this_loop()); }).find("gyre::run"), std::string::npos);
    EXPECT_EQ(internal::current_loop(), nullptr);
}

TEST(Loop, refuses_unknown_backends) {
    EXPECT_NE(error_of([] { const EventLoop loop(RunOptions{.backend = "kqueue"}); }).find("kqueue"), std::string::npos);
}

TEST(Run, throws_what_a_forgotten_task_or_callback_left_behind) {
    EXPECT_EQ(error_of([] {
        run([]() -> Task<> {
            spawn(fail("task"));
            co_await sleep(1ms);
        });
    }),
        "task");
    EXPECT_EQ(error_of([] {
        run([]() -> Task<> {
            this_loop().call_soon([] { throw std::runtime_error("callback"); });
            co_await sleep(1ms);
        });
    }),
        "callback");
    EXPECT_EQ(error_of([] {
        run([]() -> Task<> {
            spawn(fail("task"));
            co_await sleep(1ms);
            throw std::runtime_error("main");
        });
    }),
        "main");
    EXPECT_EQ(run(give(4)), 4);
}

TEST(Run, throws_the_error_of_a_promise_that_nobody_looked_at) {
    const auto program = []() -> Task<> {
        Promise<int> promise;
        const auto future = promise.future();
        promise.set_error(std::make_exception_ptr(std::runtime_error("lost")));
        co_return;
    };
    EXPECT_EQ(error_of([&] { run(program()); }), "lost");
}

TEST(Run, throws_no_error_beside_one_that_was_received) {
    const auto fail = [](const char* text) -> Task<> {
        co_await yield_now();
        throw std::runtime_error(text);
    };
    const auto program = [&]() -> Task<> {
        const auto both = co_await as_outcome(task_group([&](TaskGroup& group) {
            group.spawn(fail("first"));
            group.spawn(fail("second"));
        }));
        EXPECT_TRUE(both.is_error());
        EXPECT_EQ(this_loop().unreceived_errors().size(), 1U);
    };
    EXPECT_EQ(error_of([&] { run(program()); }), "nothing");
}

TEST(Run, a_handler_takes_them) {
    int heard = 0;
    run([&]() -> Task<> {
        this_loop().set_exception_handler([&heard](const ErrorContext&) { ++heard; });
        spawn(fail("task"));
        co_await sleep(1ms);
    });
    EXPECT_EQ(heard, 1);
}

TEST(Run, a_handler_that_fails_ends_nothing_and_the_error_stays_counted) {
    TestLoop loop;
    int calls = 0;
    loop->set_exception_handler([&calls](const ErrorContext&) {
        ++calls;
        throw std::runtime_error("the handler's own");
    });
    loop.run([]() -> Task<> {
        spawn(fail("task"));
        this_loop().call_soon([] { throw std::runtime_error("callback"); });
        co_await sleep(1ms);
    });
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(loop->unreceived_error_count(), 2U);
}

TEST(Run, keeps_the_first_64_and_counts_all) {
    TestLoop loop;
    loop.allow_unreceived_errors();
    loop.run([]() -> Task<> {
        for (int i = 0; i < 100; ++i) spawn(fail(std::to_string(i)));
        co_await sleep(1ms);
    });
    EXPECT_EQ(loop->unreceived_errors().size(), 64U);
    EXPECT_EQ(loop->unreceived_error_count(), 100U);
    EXPECT_EQ(describe(loop->unreceived_errors()[0].error), "0");
}

TEST(Deadlock, is_found_in_simulated_time_with_names_and_places) {
    Event never("the event that nobody sets");
    std::string text;
    TestLoop loop;
    const auto wait = [&never]() -> Task<> { co_await never.wait(); };
    try {
        loop.run([&]() -> Task<> {
            auto waiter = spawn(wait(), {.name = "waiter"});
            co_await gather(waiter, sleep(1h));
        });
    } catch (const DeadlockError& error) {
        text = error.what();
    }
    loop.allow_left_tasks();
    EXPECT_NE(text.find("waiter"), std::string::npos) << text;
    EXPECT_NE(text.find("the event that nobody sets"), std::string::npos) << text;
    EXPECT_NE(text.find("loop_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("task 'main'"), std::string::npos) << text;
}

TEST(Deadlock, is_none_while_a_timer_is_armed) {
    Event event;
    TestLoop loop;
    loop.run([&]() -> Task<> {
        this_loop().call_later(1h, [&event] { event.set(); });
        co_await event.wait();
    });
}

TEST(ErrorContext, says_it_in_one_line) {
    const ErrorContext context{
        std::make_exception_ptr(std::runtime_error("refused")), ErrorOrigin::connection, "10.0.0.1:80"};
    EXPECT_EQ(context.text(), "connection 10.0.0.1:80: refused");
}

}  // namespace gyre::testing

// What is left at the end of a run is reported with the line where it began.

#include "support/loops.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs.hpp>

namespace gyre::testing {

namespace {

constexpr RunOptions raising{.on_leak = OnLeak::raise};

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto kept_streams() -> std::vector<net::Stream>& {
    static std::vector<net::Stream> streams;
    return streams;
}

class LeakScopes : public OnLoops {};
GYRE_ON_LOOPS(LeakScopes);

}  // namespace

TEST_P(LeakScopes, tell_what_a_part_of_a_program_leaves_and_where_that_began) {
    const auto wait = []() -> Task<> { co_await sleep(1h); };
    run([&]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto there_before = spawn(wait(), {.name = "there before"});
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(wait(), {.name = "before, in a group"});
            co_await yield_now();
            std::vector<net::Stream> kept;
            TaskHandle<void> left;
            {
                const obs::LeakScope scope;
                EXPECT_TRUE(scope.report().empty()) << scope.report().text();
                auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
                auto over = spawn(sleep(1ms));
                co_await over.join();
                left = spawn(wait(), {.name = "left"});
                group.spawn(wait(), {.name = "left in a group"});
                kept.push_back(std::move(stream));
                auto timer = this_loop().call_later(1h, [] {});
                co_await yield_now();
                const auto report = scope.report();
                EXPECT_EQ(report.timers, 1U) << report.text();
                EXPECT_EQ(report.task_count, 2U) << report.text();
                EXPECT_EQ(report.socket_count, 1U) << report.text();
                EXPECT_EQ(report.descriptors, 0U) << report.text();
                const std::string text = error_of([&] { scope.check(); });
                EXPECT_TRUE(has(text, "left at the end of the scope:\n")) << text;
                EXPECT_TRUE(has(text, "task 'left', spawned at leaks_test.cpp:")) << text;
                EXPECT_TRUE(has(text, "task 'left in a group', spawned at leaks_test.cpp:")) << text;
                EXPECT_TRUE(has(text, "opened at leaks_test.cpp:")) << text;
                EXPECT_FALSE(has(text, "before")) << text;
                timer.cancel();
                kept.clear();
                left.cancel();
                static_cast<void>(co_await as_outcome(left.join()));
                EXPECT_EQ(scope.report().task_count, 1U);
                EXPECT_EQ(scope.report().socket_count, 0U);
            }
            group.cancel("over");
        });
        there_before.cancel();
        static_cast<void>(co_await as_outcome(there_before.join()));
    }());
}

TEST_P(LeakScopes, know_a_later_task_from_one_that_was_there_at_its_place) {
    const auto wait = []() -> Task<> { co_await sleep(1h); };
    run([&]() -> Task<> {
        auto before = spawn(wait(), {.name = "before"});
        const obs::LeakScope scope;
        before.cancel();
        static_cast<void>(co_await as_outcome(before.join()));
        before = TaskHandle<void>();
        auto after = spawn(wait(), {.name = "after"});
        EXPECT_TRUE(has(scope.report().text(), "'after'")) << scope.report().text();
        after.cancel();
        static_cast<void>(co_await as_outcome(after.join()));
        EXPECT_NO_THROW(scope.check());
    }());
}

TEST(Leaks, of_tasks_say_where_they_were_spawned_and_where_they_stand) {
    const auto wait = []() -> Task<> { co_await sleep(1h); };
    const unsigned line = __LINE__ + 4;
    const std::string text = error_of([&] {
        run(
            [&]() -> Task<> {
                spawn(wait(), {.name = "backup"});
                co_await yield_now();
            },
            raising);
    });
    EXPECT_TRUE(has(text, "left at the end of the run")) << text;
    EXPECT_TRUE(has(text, ", is at leaks_test.cpp:" + std::to_string(line - 4 - 1))) << text;
    EXPECT_TRUE(has(text, "task 'backup', spawned at leaks_test.cpp:" + std::to_string(line))) << text;
}

TEST(Leaks, of_sockets_say_who_opened_them) {
    const std::string text = error_of([&] {
        run(
            []() -> Task<> {
                auto listener = co_await net::listen("127.0.0.1", 0);
                const auto open = [&]() -> Task<> {
                    auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
                    kept_streams().push_back(std::move(stream));
                };
                auto client = spawn(open(), {.name = "client"});
                co_await client.join();
            },
            raising);
    });
    kept_streams().clear();
    EXPECT_TRUE(has(text, "socket 127.0.0.1:")) << text;
    EXPECT_TRUE(has(text, "opened at leaks_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "by task 'client'")) << text;
    EXPECT_FALSE(has(text, "task 'client',")) << "it has ended: " << text;
}

TEST(Leaks, of_timers_say_who_asked) {
    const std::string text = error_of([&] {
        run(
            []() -> Task<> {
                this_loop().call_later(1h, [] {});
                co_return;
            },
            raising);
    });
    EXPECT_TRUE(has(text, "timer of call_later or call_at at leaks_test.cpp:" + std::to_string(__LINE__ - 5))) << text;
}

TEST(Leaks, of_every_loop_count) {
    const auto wait = []() -> Task<> { co_await sleep(1h); };
    RunOptions options = raising;
    options.loops = 2;
    const std::string text = error_of([&] {
        run(
            [&]() -> Task<> {
                const auto leave = [&]() -> Task<> {
                    spawn(wait(), {.name = "far away"});
                    co_return;
                };
                co_await on(loops()[1], leave());
            },
            options);
    });
    EXPECT_TRUE(has(text, "task 'far away', spawned at leaks_test.cpp:")) << text;
}

TEST(Leaks, a_run_that_leaves_nothing_is_fine) {
    run(
        []() -> Task<> {
            auto listener = co_await net::listen("127.0.0.1", 0);
            auto task = spawn(sleep(1ms));
            const auto timer = this_loop().call_later(0ms, [] {});
            auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
            co_await task.join();
        },
        raising);
}

TEST(Leaks, an_error_of_the_work_counts_more) {
    const auto wait = []() -> Task<> { co_await sleep(1h); };
    EXPECT_EQ(error_of([&] {
        run(
            [&]() -> Task<> {
                spawn(wait());
                co_await yield_now();
                throw std::runtime_error("mine");
            },
            raising);
    }),
        "mine");
}

TEST(Leaks, go_to_the_exception_handler_when_they_are_reported) {
    std::vector<ErrorContext> errors;
    Runner runner({.on_leak = OnLeak::report});
    runner.set_exception_handler([&](const ErrorContext& context) { errors.push_back(context); });
    runner.run([]() -> Task<> {
        spawn(sleep(1h), {.name = "backup"});
        co_await yield_now();
    });
    runner.close();
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors.at(0).origin, ErrorOrigin::leak);
    EXPECT_TRUE(has(errors.at(0).text(), "leak of the run: left at the end of the run:")) << errors.at(0).text();
}

}  // namespace gyre::testing

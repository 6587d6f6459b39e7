// What is left at the end of a run is reported with the line where it began.

#include "support/loops.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs.hpp>
#include <gyre/os/buffered_writer.hpp>
#include <gyre/os/directory.hpp>
#include <gyre/os/directory_watch.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/pipe.hpp>
#include <gyre/os/process.hpp>
#include <gyre/os/signals.hpp>

#include <csignal>
#include <memory>

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

namespace {

/// What outlives its run, whatever it is.
auto kept_things() -> std::vector<std::shared_ptr<void>>& {
    static std::vector<std::shared_ptr<void>> things;
    return things;
}

template<class T>
void keep(T thing) {
    kept_things().push_back(std::make_shared<T>(std::move(thing)));
}

/// The text of what a run leaves that does `work`.
template<class F>
auto left_after(F&& work) -> std::string {
    const std::string text = error_of([&] { run(work, raising); });
    kept_things().clear();
    return text;
}

}  // namespace

TEST(Leaks, of_files_and_directories_say_their_paths_and_who_opened_them) {
    unsigned line = 0;
    const std::string text = left_after([&]() -> Task<> {
        const auto open = [&]() -> Task<> {
            line = __LINE__ + 1;
            auto file = co_await fs::open("/dev/null", "r");
            keep(std::move(file));
            auto other = co_await fs::open("/dev/zero", "r");
        };
        auto reader = spawn(open(), {.name = "reader"});
        co_await reader.join();
        auto directory = co_await fs::Directory::open("/proc/self");
        keep(std::move(directory));
    });
    EXPECT_TRUE(has(text, "  file /dev/null, opened at leaks_test.cpp:" + std::to_string(line) + " by task 'reader'\n"))
        << text;
    EXPECT_TRUE(has(text, "  directory /proc/self, opened at leaks_test.cpp:")) << text;
    EXPECT_FALSE(has(text, "/dev/zero")) << "it was dropped: " << text;
}

TEST(Leaks, of_pipes_watches_signals_and_processes_name_each) {
    const std::string text = left_after([]() -> Task<> {
        auto pipe = open_pipe();
        keep(std::move(pipe.reader));
        auto watch = co_await fs::DirectoryWatch::open("/tmp");
        keep(std::move(watch));
        kept_things().push_back(std::make_shared<SignalSet>(std::initializer_list<int>{SIGUSR2}));
        auto child = co_await process::Command("sleep", "1000").spawn();
        keep(std::move(child));
        auto over = co_await process::Command("true").spawn();
        static_cast<void>(co_await over.wait());
    });
    EXPECT_TRUE(has(text, "  pipe pipe, opened at leaks_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "  watch /tmp, opened at leaks_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "  signals signals, opened at leaks_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "  process sleep")) << text;
    EXPECT_FALSE(has(text, "true")) << text;
}

TEST(Leaks, of_buffers_say_how_much_was_not_written) {
    const std::string text = left_after([]() -> Task<> {
        auto file = co_await fs::open("/dev/null", "w");
        fs::BufferedWriter writer(std::move(file));
        co_await writer.write("twelve bytes");
        keep(std::move(writer));
        auto other = co_await fs::open("/dev/null", "w");
        fs::BufferedWriter closed(std::move(other));
        co_await closed.write("x");
        co_await closed.close();
        keep(std::move(closed));
    });
    EXPECT_TRUE(has(text, "  buffer of /dev/null, with 12 bytes that were not written, opened at leaks_test.cpp:"))
        << text;
    EXPECT_EQ(text.find("buffer of"), text.rfind("buffer of")) << "one was closed: " << text;
}

TEST(Leaks, are_none_where_all_is_closed_or_dropped) {
    run(
        []() -> Task<> {
            auto file = co_await fs::open("/dev/null", "w");
            co_await file.close();
            keep(std::move(file));
            auto first = co_await fs::open("/dev/null", "r");
            auto second = co_await fs::open("/dev/zero", "r");
            first = std::move(second);
            auto pipe = open_pipe();
            co_await pipe.reader.close();
            keep(std::move(pipe.reader));
            const auto watch = co_await fs::DirectoryWatch::open("/tmp");
            const SignalSet signals{SIGUSR2};
            { const auto killed = co_await process::Command("sleep", "1000").spawn(); }
        },
        raising);
    kept_things().clear();
}

TEST(Leaks, of_a_scope_count_what_it_opened_and_has_not_closed) {
    run([]() -> Task<> {
        auto before = co_await fs::open("/dev/null", "r");
        const obs::LeakScope scope;
        std::optional<fs::File> file;
        {
            auto opened = co_await fs::open("/dev/zero", "r");
            file.emplace(std::move(opened));
        }
        const auto pipe = open_pipe();
        const auto report = scope.report();
        EXPECT_EQ(report.thing_count, 3U) << report.text();
        EXPECT_EQ(report.things.at(0).kind, "file");
        EXPECT_EQ(report.things.at(0).name, "/dev/zero");
        EXPECT_EQ(report.things.at(0).opened.file, "leaks_test.cpp");
        EXPECT_EQ(report.things.at(1).kind, "pipe");
        EXPECT_FALSE(has(report.text(), "/dev/null")) << "it was there before: " << report.text();
        EXPECT_TRUE(has(error_of([&] { scope.check(); }), "file /dev/zero, opened at")) << report.text();
        co_await file->close();
        EXPECT_EQ(scope.report().thing_count, 2U);
        EXPECT_EQ(obs::left_on(this_loop()).thing_count, 3U);
    });
}

TEST(Leaks, of_too_many_things_are_counted) {
    const std::string text = left_after([]() -> Task<> {
        for (int i = 0; i < 60; ++i) {
            auto pipe = open_pipe();
            keep(std::move(pipe.reader));
            keep(std::move(pipe.writer));
        }
        co_return;
    });
    EXPECT_TRUE(has(text, "  and 20 more such\n")) << text;
}

}  // namespace gyre::testing

// The warden: what it says of a loop that does not come back, and of all tasks on SIGQUIT.

#include "support/loops.hpp"

#include "child_output.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

/// The stalls that were reported, by whatever thread.
struct Reports {
    std::mutex mutex;
    std::vector<obs::StallReport> all;
    std::atomic<std::size_t> count = 0;

    static auto here() -> Reports& {
        static Reports reports;
        return reports;
    }
    static void add(const obs::StallReport& report) {
        Reports& reports = here();
        const std::lock_guard lock(reports.mutex);
        reports.all.push_back(report);
        ++reports.count;
    }
    static void clear() {
        const std::lock_guard lock(here().mutex);
        here().all.clear();
        here().count = 0;
    }
    static auto first() -> obs::StallReport {
        const std::lock_guard lock(here().mutex);
        return here().all.empty() ? obs::StallReport{} : here().all.front();
    }
};

/// Until something was reported; a machine that is too busy for that in ten seconds fails the test.
template<class F>
void until_reported(F&& step) {
    const auto end = backend::monotonic_time() + 10s;
    while (Reports::here().count == 0 && backend::monotonic_time() < end) step();
}

auto crunch() -> Task<> {
    until_reported([] {});  // to read the clock is work enough
    co_return;
}

/// Waits until the file has `part`; ten seconds at most.
void await_text(const std::string& path, std::string_view part) {
    const auto end = backend::monotonic_time() + 10s;
    while (backend::monotonic_time() < end) {
        std::ifstream file(path);
        std::ostringstream text;
        text << file.rdbuf();
        if (has(text.str(), part)) return;
        std::this_thread::sleep_for(5ms);  // seam: another process, or thread, writes the file
    }
}

}  // namespace

TEST(Warden, reports_a_loop_that_computes_while_it_does) {
    Reports::clear();
    run(
        []() -> Task<> {
            auto busy = spawn(crunch(), {.name = "cruncher"});
            co_await busy.join();
        },
        {.stall_limit = 10ms, .on_stall = Reports::add});
    const auto report = Reports::first();
    EXPECT_GE(report.lasted, Duration(10ms));
    EXPECT_EQ(report.task, "cruncher");
    EXPECT_FALSE(report.stack.empty());
    const std::string text = report.text();
    EXPECT_TRUE(has(text, "loop 0 has not come back for ")) << text;
    // On a machine whose cores are all taken the kernel says so instead.
    EXPECT_TRUE(report.cause == obs::StallCause::computation || report.cause == obs::StallCause::no_core) << text;
}

TEST(Warden, tells_a_call_that_blocks_from_own_code) {
    Reports::clear();
    run(
        []() -> Task<> {
            const auto block = []() -> Task<> {
                until_reported([] { std::this_thread::sleep_for(200ms); });  // seam: to block the loop is the point
                co_return;
            };
            co_await yield_now();
            co_await block();
        },
        {.stall_limit = 10ms, .on_stall = Reports::add});
    const auto report = Reports::first();
    EXPECT_EQ(report.cause, obs::StallCause::system_call) << report.text();
    EXPECT_EQ(report.task, "main");
    EXPECT_GE(report.awaits.size(), 1U) << report.text();
    EXPECT_EQ(report.awaits.front().file, "warden_test.cpp") << report.text();
}

TEST(Warden, says_nothing_of_a_loop_that_sleeps_or_works_in_short_turns) {
    Reports::clear();
    run(
        []() -> Task<> {
            co_await sleep(60ms);
            const auto end = this_loop().now() + 60ms;
            while (this_loop().now() < end) co_await yield_now();
        },
        {.stall_limit = 50ms, .on_stall = Reports::add});
    EXPECT_EQ(Reports::here().count, 0U) << Reports::first().text();
}

TEST(Warden, takes_no_limit_that_makes_no_sense) {
    const auto nothing = []() -> Task<> { co_return; };
    EXPECT_EQ(error_of([&] { run(nothing(), {.stall_limit = 1us}); }),
        "run: stall_limit is 1 us: at least 1 ms is needed, or 0 for none");
    EXPECT_THROW(run(nothing(), {.stall_limit = -1s}), std::invalid_argument);
    EXPECT_THROW(run(nothing(), {.loops = 2, .stall_limit = -1s}), std::invalid_argument) << "no thread is left behind";
}

TEST(WardenDump, comes_on_sigquit_from_every_loop_and_the_program_goes_on) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                Event bell("doorbell");
                const auto wait = [&bell]() -> Task<> { co_await bell.wait(); };
                auto visitor = spawn(wait(), {.name = "visitor"});
                co_await yield_now();
                ::kill(::getpid(), SIGQUIT);
                const auto look = [&path] { await_text(path, "loop 1 ("); };
                co_await to_thread(look);
                bell.set();
                co_await visitor.join();
                backend::write_to_standard_error("went on\n");
            },
            {.loops = 2, .dump_on_quit = true});
    });
    EXPECT_TRUE(has(text, "loop 0 (")) << text;
    EXPECT_TRUE(has(text, "loop 1 (")) << text;
    EXPECT_TRUE(has(text, "task 'visitor' (warden_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "waits on event 'doorbell'")) << text;
    EXPECT_TRUE(has(text, "went on\n")) << text;
}

TEST(WardenDump, shows_the_tasks_of_a_blocked_loop_while_it_is_blocked) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                Event bell("doorbell");
                const auto wait = [&bell]() -> Task<> { co_await bell.wait(); };
                auto visitor = spawn(wait(), {.name = "visitor"});
                const auto stuck = [&path]() -> Task<> {
                    ::kill(::getpid(), SIGQUIT);
                    await_text(path, "task 'visitor'");
                    backend::write_to_standard_error("not blocked any more\n");
                    co_return;
                };
                co_await yield_now();
                auto task = spawn(stuck(), {.name = "stuck"});
                co_await task.join();
                bell.set();
                co_await visitor.join();
            },
            {.dump_on_quit = true});
    });
    EXPECT_TRUE(has(text, "it does not answer: its turn lasts ")) << text;
    EXPECT_TRUE(has(text, "on the thread's stack")) << text;
    EXPECT_TRUE(has(text, "task 'stuck' (warden_test.cpp:")) << text;
    EXPECT_TRUE(has(text, ", running")) << text;
    const auto visitor = text.find("waits on event 'doorbell'");
    ASSERT_NE(visitor, std::string::npos) << text;
    EXPECT_LT(visitor, text.find("not blocked any more")) << text;
}

TEST(ThreadProbe, gives_the_stack_of_another_thread) {
    std::atomic<bool> over = false;
    std::atomic<bool> begun = false;
    backend::ThreadName name;
    std::thread other([&] {
        name = backend::this_thread();
        begun = true;
        while (!over) std::this_thread::yield();
    });
    while (!begun) std::this_thread::yield();
    const backend::ThreadProbe probe;
    backend::ThreadSample sample;
    int looked = 0;
    EXPECT_TRUE(const_cast<backend::ThreadProbe&>(probe).sample(
        name, 5s, sample, [](void* count) noexcept { ++*static_cast<int*>(count); }, &looked));
    EXPECT_EQ(looked, 1);
    EXPECT_GT(sample.depth, 2U);
    EXPECT_FALSE(backend::code_text(sample.stack[2]).empty());
    EXPECT_GT(backend::thread_activity(name.number).ran.count(), 0);
    over = true;
    other.join();
}

}  // namespace gyre::testing

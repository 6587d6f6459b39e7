// The warden: what it says of a loop that does not come back, and of all tasks on SIGQUIT.

#include "support/loops.hpp"

#include "child_output.hpp"

#include "obs/recent_stalls.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/warden.hpp>
#include <gyre/obs.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
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
        // Far more than a busy machine takes from a thread: the most of it is the call.
        {.stall_limit = 80ms, .on_stall = Reports::add});
    const auto report = Reports::first();
    EXPECT_EQ(report.cause, obs::StallCause::system_call) << report.text();
    EXPECT_EQ(report.task, "main");
    EXPECT_GE(report.awaits.size(), 1U) << report.text();
    EXPECT_EQ(report.awaits.front().file, "warden_test.cpp") << report.text();
}

namespace {

auto stalls_counted() -> std::uint64_t {
    const auto counts = obs::stall_counts();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

/// How often the thread of that name has gone to sleep by itself.
auto wakes_of(std::string_view name) -> std::uint64_t {
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string is;
        std::getline(std::ifstream(thread.path() / "comm") >> std::ws, is);
        if (is != name) continue;
        std::ifstream status(thread.path() / "status");
        for (std::string line; std::getline(status, line);) {
            constexpr std::string_view key = "voluntary_ctxt_switches:";
            if (line.starts_with(key)) return std::stoull(line.substr(key.size()));
        }
    }
    ADD_FAILURE() << "no thread " << name;
    return 0;
}

/// Blocks its loop until the number of stalls that were counted is `count`, and for `more`.
auto block_until_counted(std::uint64_t count, Duration more) -> Task<> {
    const auto end = backend::monotonic_time() + 10s;
    while (stalls_counted() < count && backend::monotonic_time() < end) {}
    const auto later = backend::monotonic_time() + more;
    while (backend::monotonic_time() < later) {}
    co_return;
}

}  // namespace

TEST(Warden, reports_the_next_stall_after_a_long_one_and_counts_each_once) {
    Reports::clear();
    const auto before = stalls_counted();
    run(
        [before]() -> Task<> {
            auto first = spawn(block_until_counted(before + 1, 500ms), {.name = "first"});
            co_await first.join();
            co_await sleep(20ms);
            auto second = spawn(block_until_counted(before + 2, 0ms), {.name = "second"});
            co_await second.join();
        },
        {.stall_limit = 10ms, .on_stall = Reports::add});
    EXPECT_EQ(stalls_counted(), before + 2);
    const std::lock_guard lock(Reports::here().mutex);
    const auto& all = Reports::here().all;
    EXPECT_GE(std::count_if(all.begin(), all.end(), [](const auto& report) { return report.task == "first"; }), 4);
    EXPECT_GE(std::count_if(all.begin(), all.end(), [](const auto& report) { return report.task == "second"; }), 1);
    const auto kept = obs::recent_stalls();
    ASSERT_GE(kept.size(), 2U);
    EXPECT_EQ(kept[kept.size() - 2].report.task, "first");
    EXPECT_GE(kept[kept.size() - 2].report.lasted, Duration(160ms)) << "as its last report says";
    EXPECT_EQ(kept.back().report.task, "second");
}

TEST(Warden, measures_a_stall_from_the_start_of_its_turn) {
    Time began{};
    const auto before = stalls_counted();
    run(
        [&]() -> Task<> {
            co_await sleep(1ms);
            began = backend::monotonic_time();  // the turn has begun
            auto task = spawn(block_until_counted(before + 1, 0ms), {.start = Start::eager});
            co_await task.join();
        },
        {.stall_limit = 40ms, .on_stall = Reports::add});
    ASSERT_EQ(stalls_counted(), before + 1);
    const auto kept = obs::recent_stalls().back();
    EXPECT_LE(kept.when - kept.report.lasted, began);
}

TEST(Warden, sleeps_while_all_loops_do_and_is_there_when_one_goes_on) {
    const auto before = stalls_counted();
    std::uint64_t wakes = 0;
    run(
        [&]() -> Task<> {
            co_await sleep(20ms);
            const auto at_first = wakes_of("gyre-warden");
            co_await sleep(400ms);
            wakes = wakes_of("gyre-warden") - at_first;
            auto blocks = spawn(block_until_counted(before + 1, 0ms));
            co_await blocks.join();
        },
        {.loops = 2, .stall_limit = 2ms, .on_stall = Reports::add});
    EXPECT_LE(wakes, 20U) << "200 times it would look at a loop that works";
    EXPECT_EQ(stalls_counted(), before + 1);
}

TEST(Warden, looks_for_stalls_without_a_limit_if_somebody_asks) {
#ifdef NDEBUG
    constexpr Duration usual = 25ms;
#else
    constexpr Duration usual = 5ms;
#endif
    const auto watcher = [](const RunOptions&, std::span<EventLoop* const>) -> std::unique_ptr<internal::Warden> {
        return nullptr;
    };
    EXPECT_EQ(internal::stall_limit({}), Duration::zero());
    EXPECT_EQ(internal::stall_limit({.dump_on_quit = true}), Duration::zero());
    EXPECT_EQ(internal::stall_limit({.on_stall = Reports::add}), usual);
    EXPECT_EQ(internal::stall_limit({.control = watcher}), usual);
    EXPECT_EQ(internal::stall_limit({.stall_limit = 0ms, .control = watcher}), Duration::zero());
    EXPECT_EQ(internal::stall_limit({.stall_limit = 1s, .on_stall = Reports::add}), Duration(1s));
    const std::string text = error_output_of([&watcher](const std::string&) {
        const auto before = stalls_counted();
        run(block_until_counted(before + 1, 0ms), {.control = watcher});
        backend::write_to_standard_error(stalls_counted() > before ? "counted\n" : "not counted\n");
        run(block_until_counted(before + 2, 0ms), {.stall_limit = 10ms, .control = watcher});
    });
    EXPECT_TRUE(text.starts_with("counted\n")) << "nobody has asked for it there: " << text;
    EXPECT_TRUE(has(text, "gyre: loop 0 has not come back for ")) << text;
}

TEST(Warden, counts_stalls_that_are_too_many_to_report_and_stops_the_recorder_for_them) {
    Reports::clear();
    const auto before = stalls_counted();
    bool stopped = false;
    run(
        [&]() -> Task<> {
            for (std::uint64_t i = 1; i <= 7; ++i) {
                if (i == 7) obs::start_recording(this_loop(), {.stop_on_stall = true});
                // Its memory may take as long as a stall, which counts once in a turn.
                co_await sleep(1ms);
                // One more than there are: a machine that is busy may have made some of its own.
                auto task = spawn(block_until_counted(stalls_counted() + 1, 0ms), {.name = "blocks"});
                co_await task.join();
                co_await sleep(20ms);
            }
            const Time end = this_loop().now() + 10s;
            while (obs::is_recording(this_loop()) && this_loop().now() < end) co_await sleep(1ms);
            stopped = !obs::is_recording(this_loop());
        },
        {.stall_limit = 10ms, .on_stall = Reports::add});
    EXPECT_GE(stalls_counted(), before + 7);
    const std::lock_guard lock(Reports::here().mutex);
    const auto& all = Reports::here().all;
    std::size_t stalls = 1;
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i].lasted <= all[i - 1].lasted) ++stalls;  // not the same once more
    }
    EXPECT_LE(stalls, 5U);
    EXPECT_TRUE(stopped);
}

namespace {

/// Blocks its loop until the stall that this is was found, and is kept as one that has lasted for `length`.
auto block_until_it_has_lasted(Duration length) -> Task<> {
    const auto count = stalls_counted() + 1;
    const auto end = backend::monotonic_time() + 10s;
    while (stalls_counted() < count && backend::monotonic_time() < end) {}
    const auto lasted = [] { return obs::recent_stalls().back().report.lasted; };
    while (lasted() < length && backend::monotonic_time() < end) std::this_thread::yield();
    EXPECT_GE(lasted(), length);
    co_return;
}

}  // namespace

TEST(Warden, keeps_how_long_a_stall_lasts_that_is_one_too_many_to_report) {
    Reports::clear();
    run(
        []() -> Task<> {
            for (int reported = 0; reported < 5; ++reported) {
                auto task = spawn(block_until_counted(stalls_counted() + 1, 0ms));
                co_await task.join();
                co_await sleep(20ms);
            }
            auto task = spawn(block_until_it_has_lasted(200ms), {.name = "the sixth"});
            co_await task.join();
        },
        {.stall_limit = 10ms, .on_stall = Reports::add});
    const std::lock_guard lock(Reports::here().mutex);
    const auto& all = Reports::here().all;
    EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const auto& report) { return report.task == "the sixth"; }));
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

TEST(WardenDump, finds_what_lasts_behind_any_number_of_tasks) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                Event bell("doorbell");
                Lock lock("cache");
                const auto wait = [&bell]() -> Task<> { co_await bell.wait(); };
                const auto take = [&]() -> Task<> {
                    const auto guard = co_await lock.acquire();
                    co_await bell.wait();
                };
                co_await task_group([&](TaskGroup& group) -> Task<> {
                    for (int i = 0; i < 15'000; ++i) group.spawn(wait());
                    group.spawn(take(), {.name = "holder"});
                    group.spawn(take(), {.name = "waiter"});
                    for (int turn = 0; turn < 4; ++turn) co_await yield_now();
                    ::kill(::getpid(), SIGQUIT);
                    const auto look = [&path] { await_text(path, " findings\n"); };
                    co_await to_thread(look);
                    group.cancel("seen");
                });
            },
            {.dump_on_quit = true, .long_wait = 50ms});
    });
    EXPECT_TRUE(has(text, "lock-held: task 'holder'"))
        << text.substr(text.size() - std::min<std::size_t>(text.size(), 2000));
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

TEST(WardenDump, comes_of_a_blocked_loop_whose_thread_did_not_answer_at_once) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                sigset_t probe{};
                sigemptyset(&probe);
                sigaddset(&probe, SIGURG);
                ::pthread_sigmask(SIG_BLOCK, &probe, nullptr);  // as a thread that has no core
                ::kill(::getpid(), SIGQUIT);
                await_text(path, "loop 0 does not answer");
                ::pthread_sigmask(SIG_UNBLOCK, &probe, nullptr);
                await_text(path, "task 'main'");
                backend::write_to_standard_error("not blocked any more\n");
                co_return;
            },
            {.dump_on_quit = true});
    });
    EXPECT_LT(text.find("loop 0 does not answer"), text.find("it does not answer: its turn lasts ")) << text;
    EXPECT_LT(text.find("task 'main' ("), text.find("not blocked any more")) << text;
}

namespace {

/// What arrives at the other end of a pipe that is standard error of a child, which does `work`.
/// @param flags of the pipe. @param pause before anything is read.
template<class F>
auto piped_error_of(int flags, F&& work) -> std::string {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    EXPECT_EQ(::fcntl(ends[1], F_SETFL, flags), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
        work();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string all;
    std::array<char, 512> bytes{};
    for (ssize_t count = 0; (count = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
        all.append(bytes.data(), static_cast<std::size_t>(count));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return all;
}

}  // namespace

TEST(StandardError, gets_a_whole_text_also_where_it_takes_a_piece_at_a_time) {
    const std::string text(300'000, 'x');
    for (const int flags : {0, O_NONBLOCK}) {
        EXPECT_EQ(piped_error_of(flags, [&] { backend::write_to_standard_error(text); }).size(), text.size()) << flags;
    }
}

TEST(StandardError, that_nobody_reads_holds_nobody_up) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        const std::string text(300'000, 'x');
        const std::atomic<bool> gives_up = true;
        const Time began = backend::monotonic_time();
        backend::write_to_standard_error(text, &gives_up);
        const Time given_up = backend::monotonic_time();
        backend::write_to_standard_error(text);
        const Time ended = backend::monotonic_time();
        const bool good = given_up - began < 900ms && ended - given_up >= 900ms && ended - given_up < 30s;
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace gyre::testing

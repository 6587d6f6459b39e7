// ProcessPool: functions of this program in other processes of it.

#include "exec/worker_protocol.hpp"
#include "os/os_support.hpp"
#include "support/loops.hpp"

#include <gyre/backend/processes.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <new>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

// Sanitizers map more memory than any limit would allow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GYRE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GYRE_TEST_SANITIZED 1
#endif
#endif

namespace gyre::testing {

namespace {

// A program that does not call worker_main, for one test.
const bool ignores_worker = [] {
    if (std::getenv("GYRE_TEST_IGNORES_WORKER") != nullptr && std::getenv("GYRE_WORKER") != nullptr) std::_Exit(3);
    return true;
}();

int calls = 0;

auto add(int a, long b) -> long { return a + b; }
auto process_id() -> int { return ::getpid(); }
auto count_calls() -> int { return ++calls; }
auto reversed(const std::vector<std::string>& words) -> std::vector<std::string> {
    return {words.rbegin(), words.rend()};
}
auto square(int x) -> int { return x * x; }
auto square_or_throw(int x) -> int {
    if (x == 3) throw std::out_of_range("three");
    return x * x;
}
void refuse() { throw std::invalid_argument("not today"); }
void throw_number() { throw 7; }
void leave(int code) { std::_Exit(code); }
void die() { ::raise(SIGKILL); }
void wait_for_ever() {
    for (;;) ::pause();
}
void announce_and_wait(const std::string& path) {
    static_cast<void>(::creat(path.c_str(), 0600));
    wait_for_ever();
}
#ifndef GYRE_TEST_SANITIZED
auto eat(std::size_t bytes) -> std::size_t {
    const std::vector<char> food(bytes, 'x');
    asm volatile("" ::"r"(food.data()) : "memory");  // the compiler may not leave it out
    return food.size();
}
#endif
auto big(std::size_t size) -> std::string { return std::string(size, 'x'); }
void set_calls(int value) { calls = value; }
auto get_calls() -> int { return calls; }
/// A pool in a worker, with a worker that is busy for ever. @return the number of that one.
auto nested_worker() -> int {
    auto* pool = new ProcessPool(1);  // left behind on purpose: this process will be killed
    const int number = pool->submit<&process_id>().get();
    pool->submit<&wait_for_ever>().detach();
    return number;
}

/// A child of this process that has all that it has, the channel to the pool too. @return its number.
auto fork_idler() -> int {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::alarm(30);
    wait_for_ever();
    return 0;
}
void leave_idler(const std::string& path) {
    std::ofstream(path) << fork_idler() << std::flush;
    std::_Exit(7);
}
auto with_idler() -> std::pair<int, int> { return {::getpid(), fork_idler()}; }
void wait_with_idler(const std::string& path) {
    std::ofstream(path + "~") << fork_idler() << std::flush;
    ::rename((path + "~").c_str(), path.c_str());
    wait_for_ever();
}
/// Answers piece by piece, each `pause` after the one before.
void answer_slowly(std::chrono::milliseconds pause) {
    const internal::WorkerHeader header{internal::WorkerMessage::value, 1};
    const char nothing = '\xc0';
    std::this_thread::sleep_for(pause);  // seam: a worker process has no loop
    static_cast<void>(::write(internal::worker_descriptor, &header, sizeof header));
    std::this_thread::sleep_for(pause);  // seam: a worker process has no loop
    static_cast<void>(::write(internal::worker_descriptor, &nothing, 1));
    std::_Exit(0);  // what it has sent counts all the same
}
auto number_in(const std::string& path) -> int {
    int number = 0;
    std::ifstream(path) >> number;
    ::unlink(path.c_str());
    return number;
}

auto open_process(int number) -> int { return static_cast<int>(::syscall(SYS_pidfd_open, number, 0)); }
auto ended_within(int descriptor, int milliseconds) -> bool {
    pollfd request{.fd = descriptor, .events = POLLIN, .revents = 0};
    return ::poll(&request, 1, milliseconds) == 1;
}

class ProcessPoolOn : public OnLoops {};
GYRE_ON_LOOPS(ProcessPoolOn);

}  // namespace

TEST_P(ProcessPoolOn, calls_functions_in_another_process) {
    run([]() -> Task<> {
        ProcessPool pool(2);
        const long sum = co_await pool.submit<&add>(1, 2);
        EXPECT_EQ(sum, 3);
        const int other = co_await pool.submit<&process_id>();
        EXPECT_NE(other, ::getpid());
        std::vector<std::string> words{"a", "b", "c"};
        auto job = pool.submit<&reversed>(std::move(words));
        const auto back = co_await std::move(job);
        EXPECT_EQ(back.front(), "c");
        co_await pool.submit<&set_calls>(5);
        co_await pool.shutdown();
        EXPECT_EQ(pool.statistics().running, 0U);
    });
}

TEST_P(ProcessPoolOn, errors_come_over_with_type_and_text) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        auto job = pool.submit<&refuse>();
        const auto outcome = co_await as_outcome(std::move(job));
        try {
            outcome.value();
        } catch (const RemoteError& error) {
            EXPECT_STREQ(error.what(), "not today");
            EXPECT_EQ(error.type_name(), "std::invalid_argument");
        }
        EXPECT_TRUE(failed_with<RemoteError>(outcome));
        auto number = pool.submit<&throw_number>();
        const auto thrown = co_await as_outcome(std::move(number));
        EXPECT_EQ(describe(thrown.error()), "an exception of type int");
    });
}

TEST_P(ProcessPoolOn, a_worker_that_dies_fails_only_its_job) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        auto leaving = pool.submit<&leave>(9);
        auto next = pool.submit<&add>(1, 1);
        const auto left = co_await as_outcome(std::move(leaving));
        try {
            left.value();
        } catch (const BrokenWorkerError& error) {
            EXPECT_EQ(error.exit_code(), 9);
            EXPECT_EQ(error.signal(), 0);
            EXPECT_NE(std::string_view(error.what()).find("it exited with code 9"), std::string_view::npos)
                << error.what();
        }
        EXPECT_TRUE(failed_with<BrokenWorkerError>(left));
        const long two = co_await std::move(next);
        EXPECT_EQ(two, 2);
        auto dying = pool.submit<&die>();
        const auto died = co_await as_outcome(std::move(dying));
        try {
            died.value();
        } catch (const BrokenWorkerError& error) {
            EXPECT_EQ(error.signal(), SIGKILL);
        }
        EXPECT_TRUE(failed_with<BrokenWorkerError>(died));
        const long three = co_await pool.submit<&add>(1, 2);
        EXPECT_EQ(three, 3);
        EXPECT_EQ(pool.statistics().started, 3U);
        EXPECT_EQ(pool.statistics().running, 1U);
    });
}

TEST_P(ProcessPoolOn, a_worker_that_died_idle_fails_nobody) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        const int number = co_await pool.submit<&process_id>();
        const int process = open_process(number);
        ::kill(number, SIGKILL);
        EXPECT_TRUE(ended_within(process, 5000));
        ::close(process);
        const int other = co_await pool.submit<&process_id>();
        EXPECT_NE(other, number);
    });
}

TEST_P(ProcessPoolOn, a_worker_that_dies_is_missed_though_a_child_of_it_has_the_channel) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        const std::string path = ::testing::TempDir() + "gyre_idler_" + std::to_string(::getpid());
        auto job = pool.submit<&leave_idler>(path);
        const auto left = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<BrokenWorkerError>(left));
        EXPECT_NE(describe(left.error()).find("it exited with code 7"), std::string::npos) << describe(left.error());
        const int first = number_in(path);
        EXPECT_GT(first, 0);
        EXPECT_EQ(::kill(first, SIGKILL), 0) << "it was there until now";
        // The same with one that dies while nobody uses it.
        const auto both = co_await pool.submit<&with_idler>();
        const int process = open_process(both.first);
        ::kill(both.first, SIGKILL);
        EXPECT_TRUE(ended_within(process, 5000));
        ::close(process);
        const long two = co_await pool.submit<&add>(1, 1);
        EXPECT_EQ(two, 2);
        EXPECT_EQ(::kill(both.second, SIGKILL), 0);
    });
}

TEST_P(ProcessPoolOn, a_process_that_is_killed_takes_its_children_along) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        const std::string path = ::testing::TempDir() + "gyre_idler_" + std::to_string(::getpid());
        auto job = pool.submit<&wait_with_idler>(path);
        while (::access(path.c_str(), F_OK) != 0) co_await yield_now();
        const int idler = open_process(number_in(path));
        EXPECT_GE(idler, 0);
        const bool through = co_await move_on_after(1ms, std::move(job));
        EXPECT_FALSE(through);
        EXPECT_TRUE(ended_within(idler, 5000));
        ::close(idler);
    });
}

TEST_P(ProcessPoolOn, maps_in_order_in_chunks) {
    run([]() -> Task<> {
        ProcessPool pool(2);
        std::vector<int> inputs(100);
        for (int i = 0; i < 100; ++i) inputs[static_cast<std::size_t>(i)] = i;
        const MapOptions chunks{.chunk_size = 9};
        const auto squares = co_await pool.map<&square>(inputs, chunks);
        EXPECT_EQ(squares.size(), 100U);
        EXPECT_EQ(squares[99], 99 * 99);
        co_await pool.map<&set_calls>(inputs, chunks);
        auto failing = pool.map<&square_or_throw>(inputs);
        const auto outcome = co_await as_outcome(std::move(failing));
        EXPECT_EQ(describe(outcome.error()), "three");
    });
}

TEST_P(ProcessPoolOn, a_process_is_replaced_after_so_many_jobs) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.max_tasks_per_child = 2});
        std::vector<int> counts;
        for (int i = 0; i < 5; ++i) {
            const int count = co_await pool.submit<&count_calls>();
            counts.push_back(count);
        }
        EXPECT_EQ(counts, (std::vector<int>{1, 2, 1, 2, 1}));
    });
}

TEST_P(ProcessPoolOn, each_process_is_initialized) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.max_tasks_per_child = 1});
        pool.initialize_with<&set_calls>(40);
        for (int i = 0; i < 2; ++i) {
            const int value = co_await pool.submit<&get_calls>();
            EXPECT_EQ(value, 40);
        }
        ProcessPool broken(1);
        broken.initialize_with<&refuse>();
        auto job = broken.submit<&get_calls>();
        const auto outcome = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<BrokenPoolError>(outcome));
        EXPECT_EQ(describe(outcome.error()), "ProcessPool: the initializer of a worker process failed: not today");
    });
}

TEST_P(ProcessPoolOn, a_job_that_takes_too_long_is_killed) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.time_limit = 30ms});
        auto job = pool.submit<&wait_for_ever>();
        const auto outcome = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<TimeoutError>(outcome)) << describe(outcome.error());
        const long two = co_await pool.submit<&add>(1, 1);
        EXPECT_EQ(two, 2);
    });
}

TEST_P(ProcessPoolOn, the_time_limit_is_that_of_the_whole_job) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.time_limit = 500ms});
        auto job = pool.submit<&answer_slowly>(350ms);
        const auto outcome = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<TimeoutError>(outcome)) << describe(outcome.error());
        ProcessPool patient(1, {.time_limit = 60s});
        co_await patient.submit<&answer_slowly>(1ms);
    });
}

TEST_P(ProcessPoolOn, cancelling_a_wait_ends_the_start_of_a_process) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.start_limit = 40s});
        const std::string path = ::testing::TempDir() + "gyre_started_" + std::to_string(::getpid());
        pool.initialize_with<&announce_and_wait>(path);
        auto job = pool.submit<&process_id>();
        while (::access(path.c_str(), F_OK) != 0) co_await yield_now();
        ::unlink(path.c_str());
        const auto begin = std::chrono::steady_clock::now();
        const auto number = co_await move_on_after(1ms, std::move(job));
        EXPECT_FALSE(number.has_value());
        EXPECT_EQ(pool.statistics().running, 0U);
        EXPECT_EQ(pool.statistics().started, 1U);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    });
}

TEST_P(ProcessPoolOn, a_process_whose_initializer_answers_too_much_is_ended) {
    const auto descriptors = open_descriptors();
    run([]() -> Task<> {
        ProcessPool pool(1, {.message_limit_bytes = 1000});
        EXPECT_NE(error_of([&] {
            pool.initialize_with<&reversed>(std::vector<std::string>(1000, "word"));
        }).find("are larger than message_limit_bytes"),
            std::string::npos);
        pool.initialize_with<&big>(2000U);
        for (int i = 0; i < 2; ++i) {
            auto job = pool.submit<&process_id>();
            const auto outcome = co_await as_outcome(std::move(job));
            EXPECT_TRUE(failed_with<SerializeError>(outcome)) << describe(outcome.error());
            EXPECT_EQ(pool.statistics().running, 0U);
        }
        EXPECT_EQ(pool.statistics().started, 2U);
        co_await pool.shutdown();
    });
    loop()->close();
    EXPECT_LE(open_descriptors().size(), descriptors.size()) << "those of the processes were leaked";
}

TEST_P(ProcessPoolOn, cancelling_a_wait_kills_the_process) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        const int number = co_await pool.submit<&process_id>();
        const int process = open_process(number);
        const std::string path = ::testing::TempDir() + "gyre_begun_" + std::to_string(number);
        auto job = pool.submit<&announce_and_wait>(path);
        while (::access(path.c_str(), F_OK) != 0) co_await yield_now();
        ::unlink(path.c_str());
        const bool through = co_await move_on_after(1ms, std::move(job));
        EXPECT_FALSE(through);
        const int other = co_await pool.submit<&process_id>();
        EXPECT_TRUE(ended_within(process, 5000));
        ::close(process);
        EXPECT_NE(other, number);
    });
}

TEST_P(ProcessPoolOn, messages_have_a_limit) {
    run([]() -> Task<> {
        ProcessPool pool(1, {.message_limit_bytes = 1000});
        EXPECT_NE(error_of([&] {
            static_cast<void>(pool.submit<&reversed>(std::vector<std::string>(1000, "word")));
        }).find("are larger than message_limit_bytes"),
            std::string::npos);
        auto job = pool.submit<&big>(2000U);
        const auto outcome = co_await as_outcome(std::move(job));
        EXPECT_TRUE(failed_with<SerializeError>(outcome)) << describe(outcome.error());
        auto fits = pool.submit<&big>(500U);
        const auto text = co_await std::move(fits);
        EXPECT_EQ(text.size(), 500U);
    });
}

TEST_P(ProcessPoolOn, large_messages_pass) {
    run([]() -> Task<> {
        ProcessPool pool(1);
        auto job = pool.submit<&big>(std::size_t{20'000'000});
        const auto text = co_await std::move(job);
        EXPECT_EQ(text.size(), 20'000'000U);
    });
}

#ifndef GYRE_TEST_SANITIZED
TEST(ProcessPool, memory_is_limited) {
    ProcessPool pool(1, {.memory_limit_bytes = 256UL << 20U});
    EXPECT_EQ(pool.submit<&eat>(std::size_t{1} << 20U).get(), std::size_t{1} << 20U);
    auto job = pool.submit<&eat>(std::size_t{1} << 30U);
    try {
        job.get();
        ADD_FAILURE() << "it has eaten";
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.type_name(), "std::bad_alloc");
    }
}
#endif

TEST(ProcessPool, serves_plain_threads_and_refuses_after_shutdown) {
    ProcessPool pool(1);
    EXPECT_EQ(pool.submit<&add>(2, 3).get(), 5);
    TestLoop loop;
    loop.run([&]() -> Task<> { co_await pool.shutdown(); });
    EXPECT_EQ(
        error_of([&] { static_cast<void>(pool.submit<&process_id>()); }), "submit: the pool 'processes' was shut down");
}

TEST(ProcessPool, no_orphan_is_left_when_a_process_is_killed) {
    ProcessPool pool(1);
    const int nested = pool.submit<&nested_worker>().get();
    const int process = open_process(nested);
    EXPECT_GE(process, 0);
    EXPECT_FALSE(ended_within(process, 20)) << "it is busy";
    EXPECT_THROW(pool.submit<&die>().get(), BrokenWorkerError);  // the parent of `nested`
    EXPECT_TRUE(ended_within(process, 5000));
    ::close(process);
}

TEST(ProcessPool, a_program_that_does_not_call_worker_main_is_told) {
    ::setenv("GYRE_TEST_IGNORES_WORKER", "1", 1);
    ProcessPool pool(1);
    const std::string text = error_of([&] { pool.submit<&process_id>().get(); });
    ::unsetenv("GYRE_TEST_IGNORES_WORKER");
    EXPECT_EQ(text,
        "ProcessPool: a worker process ended before it was ready: it exited with code 3; does main begin with `if "
        "(auto code = "
        "gyre::worker_main(argc, argv)) return *code;`?");
    EXPECT_TRUE(ignores_worker);
}

TEST(ProcessPool, the_destructor_ends_the_processes) {
    int process = -1;
    {
        ProcessPool pool(1);
        process = open_process(pool.submit<&process_id>().get());
    }
    EXPECT_TRUE(ended_within(process, 0));
    ::close(process);
}

TEST(ProcessPool, survives_cancellation_anywhere) {
    ProcessPool pool(2);
    CancelEverywhere([&pool]() -> Task<> {
        const long sum = co_await pool.submit<&add>(1, 2);
        EXPECT_EQ(sum, 3);
        co_await gather(pool.submit<&add>(1, 2), pool.submit<&square>(3));
    })
        .at_most(20)
        .run();
}

}  // namespace gyre::testing

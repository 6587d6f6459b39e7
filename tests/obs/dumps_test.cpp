// Dumps that are taken all the time: of loops under load, and of processes that are stopped or end.
// GYRE_DUMPS in the environment says how many: `./dev check dumps` takes 10,000 with both sanitizers.

#include "support/loops.hpp"

#include "child_output.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

auto dumps_wanted() -> int {
    const char* text = std::getenv("GYRE_DUMPS");
    return text == nullptr ? 500 : std::atoi(text);
}

/// Everything that a dump can meet: locks, queues, permits, time limits, branches, groups, errors, cancellation.
class Load {
public:
    auto run(const std::atomic<bool>& over) -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 20; ++i) group.spawn(lock_things(over), {.name = "locker"});
            for (int i = 0; i < 5; ++i) group.spawn(give(over), {.name = "giver"});
            group.spawn(take(over), {.name = "taker"});
            for (int i = 0; i < 5; ++i) group.spawn(branch(over));
            for (int i = 0; i < 3; ++i) group.spawn(fail_and_cancel(over), {.name = "breaker"});
        });
    }

private:
    auto lock_things(const std::atomic<bool>& over) -> Task<> {
        while (!over) {
            const auto held = co_await lock_.acquire();
            const auto permit = co_await pool_.acquire();
            co_await yield_now();
        }
    }
    auto give(const std::atomic<bool>& over) -> Task<> {
        while (!over) {
            const auto given = co_await move_on_after(1ms, queue_.put(1));
            if (!given) co_await yield_now();
        }
    }
    auto take(const std::atomic<bool>& over) -> Task<> {
        while (!over) {
            const auto taken = co_await move_on_after(1ms, queue_.get());
            if (!taken) co_await yield_now();
        }
    }
    auto branch(const std::atomic<bool>& over) -> Task<> {
        const auto step = [](int times) -> Task<int> {
            for (int i = 0; i < times; ++i) co_await yield_now();
            co_return times;
        };
        while (!over) {
            const auto all = co_await gather(step(1), step(2), timeout(1h, step(3)));
            EXPECT_EQ(std::get<1>(all), 2);
        }
    }
    auto fail_and_cancel(const std::atomic<bool>& over) -> Task<> {
        const auto fail = []() -> Task<> {
            co_await yield_now();
            throw std::runtime_error("meant to");
        };
        while (!over) {
            auto sleeper = spawn(sleep(1h), {.name = "sleeper"});
            const auto failed = co_await as_outcome(task_group([&](TaskGroup& group) {
                group.spawn(fail());
                group.spawn(sleep(1h));
            }));
            EXPECT_TRUE(failed.is_error());
            sleeper.cancel();
            const auto cancelled = co_await as_outcome(sleeper.join());
            EXPECT_TRUE(cancelled.is_error());
        }
    }

    Lock lock_{"lock"};
    Semaphore pool_{2, "pool"};
    Queue<int> queue_{3, "queue"};
};

/// Asks `loop` for its tasks, from another thread, and looks at them there.
void take_dump(EventLoop& loop) {
    std::promise<obs::Snapshot> answer;
    loop.post([&] { answer.set_value(obs::snapshot(loop)); });
    const obs::Snapshot look = answer.get_future().get();
    std::ostringstream text;
    obs::write_text(text, look);
    obs::write_json(text, look);
    static_cast<void>(obs::findings(look));
    EXPECT_NE(text.str().find("locker"), std::string::npos);
    for (const auto& task : look.tasks) EXPECT_FALSE(task.stack.lost);
}

auto file_has(const std::string& path, std::string_view part) -> bool {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str().find(part) != std::string::npos;
}

}  // namespace

TEST(Dumps, are_taken_thousands_of_times_under_load) {
    std::atomic<bool> over = false;
    run(
        [&]() -> Task<> {
            std::vector<EventLoop*> all;
            for (EventLoop& loop : loops()) all.push_back(&loop);
            std::atomic<std::size_t> busy = 0;
            std::thread asker([&] {
                while (busy < all.size()) std::this_thread::yield();
                for (int i = 0; i < dumps_wanted(); ++i) take_dump(*all[static_cast<std::size_t>(i) % all.size()]);
                over = true;
            });
            const auto work = [&]() -> Task<> {
                Load load;
                const auto begin = [&]() -> Task<> {
                    co_await yield_now();
                    ++busy;
                };
                co_await gather(load.run(over), begin());
            };
            co_await for_each_loop(work);
            asker.join();
        },
        {.loops = 3});
}

TEST(Dumps, of_a_stopped_process_come_when_it_goes_on) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                const pid_t self = ::getpid();
                const pid_t other = ::fork();
                if (other == 0) {  // stops its parent, asks it meanwhile, and lets it go on
                    ::kill(self, SIGSTOP);
                    ::kill(self, SIGQUIT);
                    ::usleep(50'000);
                    const bool is_early = file_has(path, "task 'main'");
                    ::kill(self, SIGCONT);
                    ::_exit(is_early ? 1 : 0);
                }
                const auto end = backend::monotonic_time() + 20s;
                while (!file_has(path, "task 'main'") && backend::monotonic_time() < end) co_await sleep(5ms);
                int status = 0;
                ::waitpid(other, &status, 0);
                if (status == 0) backend::write_to_standard_error("went on\n");
            },
            {.dump_on_quit = true, .long_wait = 20ms});
    });
    EXPECT_NE(text.find("task 'main' ("), std::string::npos) << text;
    EXPECT_NE(text.find("went on\n"), std::string::npos) << text;
}

TEST(Dumps, of_a_process_whose_runs_begin_and_end_do_no_harm) {
    const std::string text = error_output_of([](const std::string&) {
        std::signal(SIGQUIT, [](int) {});  // between two runs nobody else takes it
        std::atomic<bool> over = false;
        std::thread asker([&] {
            while (!over) {
                ::kill(::getpid(), SIGQUIT);
                std::this_thread::yield();
            }
        });
        for (int i = 0; i < 100; ++i) {
            run(
                []() -> Task<> {
                    auto left = spawn(sleep(1h), {.name = "left"});
                    co_await sleep(1ms);
                },
                {.loops = 2, .dump_on_quit = true, .long_wait = 1ms});
        }
        over = true;
        asker.join();
        backend::write_to_standard_error("all ended\n");
    });
    EXPECT_NE(text.find("all ended\n"), std::string::npos);
}

}  // namespace gyre::testing

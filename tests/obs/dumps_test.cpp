// Dumps that are taken all the time, in every way that there is, of loops under load, and of processes that are blocked, are
// stopped or end. GYRE_DUMPS in the environment says how many: `./dev check dumps` takes 10,000 with both sanitizers.

#include "child_output.hpp"
#include "obs/stepped_read.hpp"
#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

/// The part of all that a test takes; ten at least.
auto dumps_wanted(int percent) -> int {
    const char* text = std::getenv("GYRE_DUMPS");
    return std::max(10, (text == nullptr ? 500 : std::atoi(text)) * percent / 100);
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

/// Looks at all that was seen, as who asks for it does.
void check_dump(const obs::Snapshot& look) {
    std::ostringstream text;
    obs::write_text(text, look);
    obs::write_json(text, look);
    static_cast<void>(obs::findings(look));
    EXPECT_NE(text.str().find("locker"), std::string::npos) << text.str();
    for (const auto& task : look.tasks) EXPECT_FALSE(task.stack.lost);
}

/// Asks `loop` for its tasks, all in one go.
void take_at_once(EventLoop& loop) {
    std::promise<obs::Snapshot> answer;
    loop.post([&] { answer.set_value(obs::snapshot(loop)); });
    check_dump(answer.get_future().get());
}

/// Asks as the control socket and the warden do. It may be left alone, and lives as long as the loop needs it.
class AsksFromAThread final : public obs::TaskAsker {
public:
    [[nodiscard]] auto is_gone() const noexcept -> bool override { return gone; }
    void goes_on(const obs::RawSnapshot& /*so_far*/) noexcept override {
        if (leaves_at_once) gone = true;
    }
    void answer(std::shared_ptr<obs::RawSnapshot> raw) noexcept override { answered.set_value(std::move(raw)); }

    bool leaves_at_once = false;
    std::atomic<bool> gone = false;
    std::promise<std::shared_ptr<obs::RawSnapshot>> answered;
};

/// In steps of three tasks, between which most of them do something else; every fifth reader leaves after its first step.
void take_in_steps(EventLoop& loop, int number) {
    const auto asker = std::make_shared<AsksFromAThread>();
    asker->leaves_at_once = number % 5 == 4;
    auto answer = asker->answered.get_future();
    obs::read_in_steps(loop, obs::SnapshotOptions().most_tasks, asker, 3);
    if (asker->leaves_at_once) return;
    const auto look = obs::decode(*answer.get(), {});
    EXPECT_GT(look.steps, 1U);
    check_dump(look);
}

/// Interrupts the thread of `loop` until that was in the middle of something. @return false if it never was.
auto take_by_interrupting(EventLoop& loop, backend::ThreadProbe& probe) -> bool {
    for (int tries = 0; tries < 100; ++tries) {
        obs::TaskLook look(loop, 10'000);
        if (!look.look(probe)) continue;
        check_dump(look.take({}));
        return true;
    }
    return false;
}

/// Three loops under load, and on a thread beside them `ask` with all of them, and whether that goes on.
template<class F>
void run_under_load(F&& ask, RunOptions options = {}) {
    std::atomic<bool> over = false;
    options.loops = 3;
    run(
        [&]() -> Task<> {
            std::vector<EventLoop*> all;
            for (EventLoop& loop : loops()) all.push_back(&loop);
            std::atomic<std::size_t> busy = 0;
            std::thread asker([&] {
                while (busy < all.size()) std::this_thread::yield();
                ask(all);
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
        options);
}

/// A child whose standard error this process reads, and which it sends signals.
class DumpingChild {
public:
    template<class F>
    explicit DumpingChild(F&& program) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        child_ = ::fork();
        if (child_ == 0) {
            ::close(ends[0]);
            ::dup2(ends[1], STDERR_FILENO);
            ::close(ends[1]);
            program();
            ::_exit(::testing::Test::HasFailure() ? 1 : 0);
        }
        ::close(ends[1]);
        end_ = ends[0];
    }
    DumpingChild(const DumpingChild&) = delete;
    auto operator=(const DumpingChild&) -> DumpingChild& = delete;
    ~DumpingChild() {
        while (read_more()) {}
        ::close(end_);
        int status = 0;
        ::waitpid(child_, &status, 0);
        EXPECT_EQ(status, 0) << text_;
    }

    void send(int signal) const { ::kill(child_, signal); }
    /// Reads until all `parts` have come since the last call. @return false if the child ended without.
    auto await(const std::vector<std::string_view>& parts) -> bool {
        const auto has_come = [this](std::string_view part) { return text_.find(part) != std::string::npos; };
        while (!std::all_of(parts.begin(), parts.end(), has_come)) {
            if (!read_more()) return false;
        }
        text_.clear();
        return true;
    }

private:
    auto read_more() -> bool {
        std::array<char, 16'384> bytes{};
        const auto count = ::read(end_, bytes.data(), bytes.size());
        if (count > 0) text_.append(bytes.data(), static_cast<std::size_t>(count));
        return count > 0;
    }

    pid_t child_ = -1;
    int end_ = -1;
    std::string text_;
};

const std::vector<std::string_view> dump_of_three = {"loop 0 (", "loop 1 (", "loop 2 ("};

std::atomic<bool> told_to_end = false;

/// For a child: three loops under load that dump on SIGQUIT, until SIGUSR1.
void run_until_told() {
    std::signal(SIGUSR1, [](int) { told_to_end = true; });
    run_under_load(
        [](const auto&) {
            backend::write_to_standard_error("at work\n");
            while (!told_to_end) ::usleep(1'000);
        },
        {.dump_on_quit = true, .long_wait = 20ms});
}

}  // namespace

TEST(Dumps, are_taken_at_once_under_load) {
    run_under_load([](const std::vector<EventLoop*>& all) {
        for (int i = 0; i < dumps_wanted(30); ++i) take_at_once(*all[static_cast<std::size_t>(i) % all.size()]);
    });
}

TEST(Dumps, are_taken_in_steps_under_load_by_two_at_once) {
    run_under_load([](const std::vector<EventLoop*>& all) {
        const auto take = [&all] {
            for (int i = 0; i < dumps_wanted(10); ++i) take_in_steps(*all[static_cast<std::size_t>(i) % all.size()], i);
        };
        std::thread other(take);
        take();
        other.join();
    });
}

TEST(Dumps, are_taken_on_sigquit_under_load) {
    DumpingChild child(run_until_told);
    ASSERT_TRUE(child.await({"at work\n"}));
    for (int i = 0; i < dumps_wanted(20); ++i) {
        child.send(SIGQUIT);
        ASSERT_TRUE(child.await(dump_of_three)) << i;
    }
    child.send(SIGUSR1);
}

TEST(Dumps, are_taken_of_a_process_that_is_stopped_again_and_again) {
    DumpingChild child(run_until_told);
    ASSERT_TRUE(child.await({"at work\n"}));
    for (int i = 0; i < dumps_wanted(10); ++i) {
        child.send(SIGSTOP);
        child.send(SIGQUIT);
        child.send(SIGCONT);
        ASSERT_TRUE(child.await(dump_of_three)) << i;
    }
    child.send(SIGUSR1);
}

TEST(Dumps, are_taken_of_a_loop_that_is_blocked) {
    const auto block = []() -> Task<> {
        Event bell("doorbell");
        const auto wait = [&bell]() -> Task<> { co_await bell.wait(); };
        std::vector<TaskHandle<void>> waiting;
        for (int i = 0; i < 20; ++i) waiting.push_back(spawn(wait(), {.name = "locker"}));
        co_await yield_now();
        EventLoop& loop = this_loop();
        std::thread asker([&loop] {
            backend::ThreadProbe probe;
            for (int i = 0; i < dumps_wanted(10); ++i) EXPECT_TRUE(take_by_interrupting(loop, probe)) << i;
        });
        asker.join();  // which blocks this loop
        bell.set();
        for (auto& task : waiting) co_await task.join();
    };
    run(block);
    const auto block_the_other = [&block]() -> Task<> { co_await on(loops()[1], block); };
    run(block_the_other, {.loops = 2});
}

TEST(Dumps, are_taken_on_sigquit_of_a_process_of_which_a_loop_is_blocked) {
    for (const std::size_t which : {0, 1}) {
        DumpingChild child([which] {
            std::signal(SIGUSR1, [](int) { told_to_end = true; });
            const auto block = []() -> Task<> {
                auto left = spawn(sleep(1h), {.name = "left"});
                co_await yield_now();
                backend::write_to_standard_error("at work\n");
                while (!told_to_end) ::usleep(1'000);
            };
            const auto block_one = [&block, which]() -> Task<> { co_await on(loops()[which], block); };
            run(block_one, {.loops = 2, .dump_on_quit = true});
        });
        ASSERT_TRUE(child.await({"at work\n"}));
        for (int i = 0; i < dumps_wanted(1); ++i) {  // each waits for 100 ms
            child.send(SIGQUIT);
            ASSERT_TRUE(child.await({"it does not answer: its turn lasts ", "task 'left'"})) << which << ": " << i;
        }
        child.send(SIGUSR1);
    }
}

TEST(Dumps, are_asked_for_while_loops_end) {
    for (int i = 0; i < dumps_wanted(10); ++i) {
        const auto asker = std::make_shared<AsksFromAThread>();
        auto answer = asker->answered.get_future();
        run([&]() -> Task<> {
            for (int n = 0; n < 20; ++n) static_cast<void>(spawn(sleep(1h), {.name = "left"}));
            for (int n = 0; n < i % 20; ++n) co_await yield_now();
            obs::read_in_steps(this_loop(), obs::SnapshotOptions().most_tasks, asker, 1);
            for (int n = 0; n < i % 7; ++n) co_await yield_now();
        });
        // It had begun, or its loop dropped it before: then nobody is answered.
        if (answer.wait_for(0s) != std::future_status::ready) continue;
        const auto look = obs::decode(*answer.get(), {});
        for (const auto& task : look.tasks) EXPECT_TRUE(task.name == "left" || task.name == "main") << task.name;
    }
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
        for (int i = 0; i < dumps_wanted(5); ++i) {
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

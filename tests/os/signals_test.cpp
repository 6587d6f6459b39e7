// Signals as something to wait for, on any thread, and the polite end of a program.

#include "os_support.hpp"

#include <sys/wait.h>

#include <csignal>
#include <thread>

namespace gyre::testing {

using process::Command;
using process::Stdio;

namespace {

auto disposition(int signal) -> void (*)(int) {
    struct sigaction now{};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler;
}

}  // namespace

class Signals : public KeepsDescriptors {
protected:
    void TearDown() override {
        KeepsDescriptors::TearDown();
        for (const int signal : {SIGUSR1, SIGUSR2, SIGINT, SIGTERM, SIGHUP}) {
            EXPECT_EQ(disposition(signal), SIG_DFL) << signal;
        }
    }
};
GYRE_ON_KERNEL(Signals);

TEST_P(Signals, come_in_the_loop) {
    run([]() -> Task<> {
        SignalSet signals{SIGUSR1, SIGUSR2};
        EXPECT_EQ(signals.try_next(), std::nullopt);
        this_loop().call_later(1ms, [] { ::kill(::getpid(), SIGUSR2); });
        const int late = co_await signals.next();
        EXPECT_EQ(late, SIGUSR2);
        ::raise(SIGUSR1);
        EXPECT_EQ(signals.try_next(), SIGUSR1);
        EXPECT_EQ(signals.try_next(), std::nullopt);
    });
}

TEST_P(Signals, the_same_one_twice_counts_once_and_the_lowest_comes_first) {
    run([]() -> Task<> {
        SignalSet signals{SIGUSR1, SIGUSR2};
        for (const int signal : {SIGUSR2, SIGUSR2, SIGUSR1}) ::raise(signal);
        const int first = co_await signals.next();
        const int second = co_await signals.next();
        EXPECT_EQ(first, SIGUSR1);
        EXPECT_EQ(second, SIGUSR2);
        auto none = co_await move_on_after(5ms, signals.next());
        EXPECT_EQ(none, std::nullopt);
    });
}

TEST_P(Signals, every_set_gets_them_whatever_the_order_in_which_they_go) {
    run([]() -> Task<> {
        auto first = std::make_unique<SignalSet>(std::initializer_list<int>{SIGUSR1});
        SignalSet second{SIGUSR1, SIGUSR2};
        ::raise(SIGUSR1);
        const int one = co_await first->next();
        const int two = co_await second.next();
        EXPECT_EQ(one, SIGUSR1);
        EXPECT_EQ(two, SIGUSR1);
        first.reset();
        ::raise(SIGUSR1);
        const int three = co_await second.next();
        EXPECT_EQ(three, SIGUSR1);
    });
}

TEST_P(Signals, put_back_what_was_there) {
    ::signal(SIGUSR1, SIG_IGN);
    {
        SignalSet signals{SIGUSR1};
        EXPECT_NE(disposition(SIGUSR1), SIG_IGN);
    }
    EXPECT_EQ(disposition(SIGUSR1), SIG_IGN);
    {
        SignalSet signals{SIGUSR1};
        ::signal(SIGUSR1, SIG_DFL);  // somebody else takes it over
    }
    EXPECT_EQ(disposition(SIGUSR1), SIG_DFL);
}

TEST_P(Signals, a_blocked_one_is_let_through_and_blocked_again) {
    sigset_t set;
    sigset_t before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    run([]() -> Task<> {
        ::raise(SIGUSR1);
        SignalSet signals{SIGUSR1};
        const int signal = co_await signals.next();
        EXPECT_EQ(signal, SIGUSR1);
    });
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, &before, &after);
    EXPECT_EQ(sigismember(&after, SIGUSR1), 1);
}

TEST_P(Signals, what_nobody_can_receive_is_refused) {
    EXPECT_EQ(error_of([] { SignalSet{SIGKILL}; }), "SignalSet: signal 9 cannot be received");
    EXPECT_EQ(error_of([] { SignalSet{SIGSTOP}; }), "SignalSet: signal 19 cannot be received");
    EXPECT_EQ(
        error_of([] { SignalSet{SIGSEGV}; }), "SignalSet: signal 11 is a fault of the program, which cannot wait");
    EXPECT_EQ(error_of([] { SignalSet{65}; }), "SignalSet: signal 65 does not exist");
    EXPECT_EQ(error_of([] { SignalSet(std::span<const int>()); }), "SignalSet: it is empty, and would wait for ever");
    EXPECT_EQ(error_of([] { SignalSet({SIGUSR1, 32}); }), "receive signals: Invalid argument");
}

TEST_P(Signals, there_is_a_limit_of_sets) {
    std::vector<std::unique_ptr<SignalSet>> sets;
    const auto more = [&] { sets.push_back(std::make_unique<SignalSet>(std::initializer_list<int>{SIGUSR1})); };
    EXPECT_EQ(error_of([&] {
        for (int i = 0; i < 1000; ++i) more();
    }),
        "receive signals: Too many users");
    EXPECT_EQ(sets.size(), 256U);
    sets.pop_back();
    more();
}

TEST_P(Signals, a_cancelled_wait_loses_none) {
    run([]() -> Task<> {
        SignalSet signals{SIGUSR1};
        auto waiter = spawn(signals.next());
        co_await all_blocked();
        ::raise(SIGUSR1);
        waiter.cancel();
        auto outcome = co_await as_outcome(waiter.join());
        if (outcome.has_value()) {
            EXPECT_EQ(outcome.value(), SIGUSR1);
        } else {
            EXPECT_EQ(signals.try_next(), SIGUSR1);
        }
    });
}

TEST_P(Signals, reach_loops_on_other_threads) {
    std::atomic<int> ready = 0;
    std::atomic<int> seen = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            gyre::run([&]() -> Task<> {
                SignalSet signals{SIGUSR1};
                ++ready;
                const int signal = co_await signals.next();
                if (signal == SIGUSR1) ++seen;
            });
        });
    }
    run([&]() -> Task<> {
        co_await until([&] { return ready == 3; });
        ::kill(::getpid(), SIGUSR1);
        co_await until([&] { return seen == 3; });
    });
    for (auto& thread : threads) thread.join();
}

TEST_P(Signals, a_handler_is_called_in_the_loop_until_it_is_dropped) {
    run([]() -> Task<> {
        std::vector<int> calls;
        std::optional<SignalHandler> handler = on_signal(SIGHUP, [&](int signal) {
            static_cast<void>(this_loop());
            calls.push_back(signal);
            if (calls.size() == 2) handler.reset();
        });
        for (std::size_t i = 1; i <= 2; ++i) {
            ::raise(SIGHUP);
            EXPECT_EQ(calls.size(), i - 1) << "not in the signal handler itself";
            co_await until([&] { return calls.size() == i; });
        }
        EXPECT_FALSE(handler);
        EXPECT_EQ(calls, (std::vector<int>{SIGHUP, SIGHUP}));
    });
}

TEST_P(Signals, what_a_handler_throws_goes_to_the_loop) {
    run([]() -> Task<> {
        std::string error;
        this_loop().set_exception_handler([&](const ErrorContext& context) { error = describe(context.error); });
        auto handler = on_signal(SIGHUP, [](int) { throw std::runtime_error("no"); });
        ::raise(SIGHUP);
        co_await until([&] { return !error.empty(); });
        EXPECT_EQ(error, "no");
        this_loop().set_exception_handler({});
    });
}

TEST_P(Signals, a_graceful_stop_cancels_and_names_the_signal) {
    run([]() -> Task<> {
        std::string cause;
        GracefulStop stop;
        auto ended = co_await stop.run([&]() -> Task<int> {
            this_loop().call_soon([] { ::raise(SIGTERM); });
            auto outcome = co_await as_outcome(sleep(60s));
            cause = outcome.cause()->reason;
            co_await sleep(1s);
            co_return 5;
        });
        EXPECT_EQ(ended, std::nullopt);
        EXPECT_EQ(cause, "stopped by SIGTERM");
        EXPECT_EQ(stop.signal(), SIGTERM);
        EXPECT_EQ(stop.exit_code(), 143);
        auto value = co_await stop.run([]() -> Task<int> { co_return 5; });
        EXPECT_EQ(value, 5);
        EXPECT_EQ(stop.exit_code(), 0);
    });
}

TEST_P(Signals, what_was_ignored_stays_ignored) {
    ::signal(SIGINT, SIG_IGN);
    run([]() -> Task<> {
        GracefulStop stop;
        const bool ended = co_await stop.run([]() -> Task<> {
            ::raise(SIGINT);
            co_await sleep(5ms);
        });
        EXPECT_TRUE(ended);
    });
    ::signal(SIGINT, SIG_DFL);
}

TEST_P(Signals, a_graceful_stop_that_has_nothing_to_hear_runs_the_work) {
    ::signal(SIGINT, SIG_IGN);  // as in a background job of a script
    run([]() -> Task<> {
        GracefulStop stop{SIGINT};
        const bool ended = co_await stop.run([]() -> Task<> {
            ::raise(SIGINT);
            co_await sleep(5ms);
        });
        EXPECT_TRUE(ended);
        EXPECT_EQ(stop.signal(), 0);
        EXPECT_EQ(disposition(SIGINT), SIG_IGN);
    });
    ::signal(SIGINT, SIG_DFL);
    run([]() -> Task<> {
        GracefulStop empty(std::initializer_list<int>{});
        const auto outcome = co_await as_outcome(empty.run(sleep(0ms)));
        EXPECT_TRUE(failed_with<std::invalid_argument>(outcome)) << "nobody would ever stop it";
    });
}

TEST_P(Signals, a_program_ends_with_the_code_of_the_signal) {
    EXPECT_EQ(run_until_signal([]() -> Task<int> { co_return 3; }), 3);
    EXPECT_EQ(run_until_signal([]() -> Task<> { co_return; }), 0);
    EXPECT_EQ(run_until_signal([]() -> Task<> {
        ::raise(SIGINT);
        co_await sleep(60s);
    }),
        130);
}

TEST_P(Signals, the_second_one_kills_a_program_whose_clean_up_hangs) {
    const pid_t child = ::fork();
    if (child == 0) {
        static_cast<void>(run_until_signal([]() -> Task<> {
            co_await try_finally(sleep(60s), [] {
                ::raise(SIGINT);
                return sleep(60s);
            });
        }));
        ::_exit(1);
    }
    int status = 0;
    for (int i = 0; i < 2000 && ::waitpid(child, &status, WNOHANG) == 0; ++i) {
        if (i % 20 == 5) ::kill(child, SIGINT);
        ::usleep(2000);
    }
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(SignalSet, survives_cancellation_anywhere) {
    const auto descriptors = open_descriptors();
    int sent = 0;
    int received = 0;
    CancelEverywhere([&]() -> Task<> {
        SignalSet signals{SIGUSR1};
        auto handler = on_signal(SIGUSR2, [](int) {});
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await yield_now();
                ::raise(SIGUSR1);
                ::raise(SIGUSR2);
                ++sent;
            });
            co_await signals.next();
            ++received;
        });
    })
        .on(kernel_backend())
        .before_each([&] { sent = received = 0; })
        .invariant([&](const CancelledRun& run) {
            EXPECT_LE(received, sent);
            EXPECT_EQ(open_descriptors(), descriptors) << run.text();
            EXPECT_EQ(disposition(SIGUSR1), SIG_DFL) << run.text();
            EXPECT_EQ(disposition(SIGUSR2), SIG_DFL) << run.text();
        })
        .run();
}

TEST(SignalsInSimulation, a_graceful_stop_runs_the_work) {
    TestLoop loop;
    loop.run([]() -> Task<> {
        GracefulStop stop;
        const bool ended = co_await stop.run(sleep(1s));
        EXPECT_TRUE(ended);
    });
}

}  // namespace gyre::testing

// Programs as children: started, fed, read, signalled and reaped.

#include "os_support.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

namespace gyre::testing {

using process::Command;
using process::Stdio;

class Process : public KeepsDescriptors {
protected:
    void TearDown() override {
        KeepsDescriptors::TearDown();
        EXPECT_EQ(children(), std::vector<int>{}) << "a child is left, or a zombie";
    }
};
GYRE_ON_KERNEL(Process);

TEST_P(Process, run_feeds_and_captures) {
    run([]() -> Task<> {
        auto result = co_await Command("sh", "-c", "cat; echo oops >&2; exit 3").input("from stdin").run();
        EXPECT_EQ(result.exit_code, 3);
        EXPECT_EQ(result.output, "from stdin");
        EXPECT_EQ(result.error_output, "oops\n");
        EXPECT_FALSE(result.success());
        EXPECT_EQ(result.text(), "exited with 3");
    });
}

TEST_P(Process, run_without_input_reads_an_empty_one) {
    run([]() -> Task<> {
        auto result = co_await Command("cat").run();
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_EQ(result.output, "");
    });
}

TEST_P(Process, a_signal_is_a_negative_exit_code) {
    run([]() -> Task<> {
        auto result = co_await Command::shell("kill -9 $$").run();
        EXPECT_EQ(result.exit_code, -SIGKILL);
        EXPECT_EQ(result.signal(), SIGKILL);
        EXPECT_EQ(result.text(), "killed by signal 9 (Killed)");
    });
}

TEST_P(Process, large_input_and_outputs_do_not_block_one_another) {
    run([]() -> Task<> {
        const std::string text(3'000'000, 'x');
        auto result = co_await Command::shell("tee /dev/stderr").input(text).run();
        EXPECT_TRUE(result.output == text);
        EXPECT_TRUE(result.error_output == text);
    });
}

TEST_P(Process, a_child_that_does_not_read_its_input_is_no_error) {
    run([]() -> Task<> {
        auto result = co_await Command::shell("exec <&-; echo done").input(std::string(1'000'000, 'x')).run();
        EXPECT_EQ(result.output, "done\n");
        EXPECT_EQ(result.exit_code, 0);
    });
}

TEST_P(Process, endless_output_ends_with_a_limit_error_that_names_the_command) {
    run([]() -> Task<> {
        auto outcome = co_await as_outcome(Command("yes").output_limit(100'000).run());
        EXPECT_TRUE(failed_with<net::LimitError>(outcome));
        EXPECT_EQ(describe(outcome.error()),
            "yes wrote more than 100000 bytes: read its output as it comes, or raise output_limit");
        EXPECT_EQ(children(), std::vector<int>{});
    });
}

TEST_P(Process, a_pipeline_ends_its_first_part) {
    run([]() -> Task<> {
        auto result = co_await Command::shell("yes | head -n 2").run();
        EXPECT_EQ(result.output, "y\ny\n");
    });
}

TEST_P(Process, check_throws_what_the_command_said) {
    run([]() -> Task<> {
        auto outcome = co_await as_outcome(Command::shell("echo out; echo why >&2; exit 7").name("tool").check());
        EXPECT_TRUE(failed_with<process::ProcessError>(outcome));
        EXPECT_EQ(describe(outcome.error()), "/bin/sh -c 'echo out; echo why >&2; exit 7' exited with 7: why");
        try {
            std::rethrow_exception(outcome.error());
        } catch (const process::ProcessError& error) {
            EXPECT_EQ(error.result().output, "out\n");
            EXPECT_EQ(error.result().exit_code, 7);
        }
        auto fine = co_await Command("true").check();
        EXPECT_TRUE(fine.success());
    });
}

TEST_P(Process, what_cannot_be_started_says_why) {
    run([]() -> Task<> {
        auto missing = co_await as_outcome(Command("no-such-program-anywhere").run());
        EXPECT_EQ(describe(missing.error()), "run no-such-program-anywhere: No such file or directory");
        auto folder = co_await as_outcome(Command("true").directory("/no/such/folder").run());
        EXPECT_EQ(describe(folder.error()), "run true in /no/such/folder: No such file or directory");
        auto refused = co_await as_outcome(Command("/etc/passwd").spawn());
        EXPECT_EQ(describe(refused.error()), "run /etc/passwd: Permission denied");
        auto file = co_await as_outcome(Command("cat").input_file("/no/such/file").spawn());
        EXPECT_EQ(describe(file.error()), "open /no/such/file: No such file or directory");
        auto passed = co_await as_outcome(Command("true").pass(999).spawn());
        EXPECT_EQ(describe(passed.error()), "pass descriptors to true: Bad file descriptor");
    });
}

TEST_P(Process, bad_commands_are_refused_where_they_are_built) {
    EXPECT_EQ(error_of([] { Command(std::vector<std::string>{}); }), "Command: no program is named");
    EXPECT_EQ(error_of([] { Command(""); }), "Command: no program is named");
    EXPECT_EQ(error_of([] { Command("a", std::string("b\0c", 3)); }), "Command: an argument with a NUL byte");
    EXPECT_EQ(error_of([] { Command("a").environment("A=B", "c"); }),
        "Command: 'A=B' cannot be the name of an environment variable");
    EXPECT_EQ(error_of([] { Command("a").output(Stdio::merge); }),
        "Command: Stdio::merge is for the error output, not for the output");
    EXPECT_EQ(Command("a", "it's", "b", "").text(), "a 'it'\\''s' b ''");
    EXPECT_EQ(error_of([] { Command("a").pass(5, 7).pass(6, 7); }), "Command: descriptor 7 is passed twice");
    EXPECT_EQ(error_of([] { static_cast<void>(Command("a").input("text").spawn()); }),
        "Command: spawn does not feed a text; use Stdio::pipe and Child::communicate");
}

TEST_P(Process, spawned_with_pipes_it_is_talked_to) {
    run([]() -> Task<> {
        auto child = co_await Command("cat").input(Stdio::pipe).output(Stdio::pipe).spawn();
        EXPECT_EQ(child.status(), std::nullopt);
        for (const std::string text : {"one", "two"}) {
            co_await child.input().write(text + "\n");
            auto line = co_await child.output().read_line();
            EXPECT_EQ(line, text);
        }
        co_await child.input().shutdown_write();
        auto end = co_await child.output().read_line();
        EXPECT_EQ(end, std::nullopt);
        auto status = co_await child.wait();
        EXPECT_EQ(status.exit_code, 0);
        EXPECT_EQ(child.status()->exit_code, 0);
        EXPECT_FALSE(child.kill()) << "it has ended, and nobody else may be hit";
        EXPECT_EQ(error_of([&] { static_cast<void>(child.error_output()); }),
            "error_output of a child that has no pipe there: use Stdio::pipe");
    });
}

TEST_P(Process, communicate_with_a_spawned_child) {
    run([]() -> Task<> {
        auto child = co_await Command::shell("cat; echo err >&2")
                         .input(Stdio::pipe)
                         .output(Stdio::pipe)
                         .error_output(Stdio::merge)
                         .spawn();
        auto result = co_await child.communicate("text\n");
        EXPECT_EQ(result.output, "text\nerr\n");
        EXPECT_EQ(result.error_output, "");
    });
}

TEST_P(Process, a_cancelled_communicate_closes_the_pipes_and_leaves_the_child) {
    run([]() -> Task<> {
        auto child = co_await Command::shell("sleep 60").input(Stdio::pipe).output(Stdio::pipe).spawn();
        auto result = co_await move_on_after(10ms, child.communicate(std::string(1'000'000, 'x')));
        EXPECT_FALSE(result);
        EXPECT_EQ(child.status(), std::nullopt);
        EXPECT_TRUE(child.output().is_closed());
        auto status = co_await child.stop();
        EXPECT_EQ(status.exit_code, -SIGTERM);
    });
}

TEST_P(Process, a_command_that_was_moved_from_is_given_another) {
    run([]() -> Task<> {
        Command given = Command("true");
        Command taken = std::move(given);
        const Command copied = given;  // NOLINT(bugprone-use-after-move): of nothing, and nothing itself
        given = taken;
        taken = copied;
        const auto ran = co_await given.check();
        EXPECT_EQ(ran.exit_code, 0);
    });
}

TEST_P(Process, a_child_that_was_moved_from_says_so) {
    run([]() -> Task<> {
        auto child = co_await Command("true").spawn();
        auto kept = std::move(child);
        // NOLINTBEGIN(bugprone-use-after-move)
        const std::string empty = "this Child is empty: it was moved from";
        EXPECT_EQ(error_of([&] { static_cast<void>(child.pid()); }), empty);
        EXPECT_EQ(error_of([&] { static_cast<void>(child.name()); }), empty);
        EXPECT_EQ(error_of([&] { static_cast<void>(child.status()); }), empty);
        EXPECT_EQ(error_of([&] { static_cast<void>(child.input()); }), empty);
        EXPECT_EQ(error_of([&] { static_cast<void>(child.wait()); }), empty);
        EXPECT_EQ(error_of([&] { child.kill(); }), empty);
        EXPECT_EQ(error_of([&] { child.kill_group(); }), empty);
        const auto communicated = co_await as_outcome(child.communicate());
        EXPECT_EQ(describe(communicated.error()), empty);
        const auto stopped = co_await as_outcome(child.stop());
        EXPECT_EQ(describe(stopped.error()), empty);
        // NOLINTEND(bugprone-use-after-move)
        const auto status = co_await kept.wait();
        EXPECT_EQ(status.exit_code, 0);
    });
}

TEST_P(Process, a_timeout_beyond_all_time_is_none) {
    run([]() -> Task<> {
        const auto
            result = co_await Command("true").timeout(std::chrono::hours::max()).grace(std::chrono::hours::max()).run();
        EXPECT_EQ(result.exit_code, 0);
    });
}

TEST_P(Process, a_cancelled_run_kills_and_reaps) {
    run([]() -> Task<> {
        auto late = co_await move_on_after(20ms, Command("sleep", "60").run());
        EXPECT_FALSE(late);
        EXPECT_EQ(children(), std::vector<int>{});
    });
}

TEST_P(Process, a_timeout_stops_the_whole_group) {
    TemporaryFolder folder;
    run([&]() -> Task<> {
        // Both ignore the polite request, so that the grace passes.
        const std::string script = "trap '' TERM; (trap '' TERM; echo $BASHPID; exec sleep 60) & echo $!; wait";
        auto command = Command("sh", "-c", script);
        command.output_file(folder / "pids").timeout(100ms).grace(50ms);
        auto outcome = co_await as_outcome(command.run());
        EXPECT_TRUE(failed_with<TimeoutError>(outcome));
        EXPECT_NE(describe(outcome.error()).find("did not end within its timeout"), std::string::npos);
    });
    std::ifstream pids(folder / "pids");
    int count = 0;
    for (int pid = 0; pids >> pid; ++count) EXPECT_TRUE(ends_soon(pid)) << pid << " runs on";
    EXPECT_GE(count, 1);
}

TEST_P(Process, destroying_a_running_child_kills_its_group) {
    run([]() -> Task<> {
        int grandchild = 0;
        int pid = 0;
        {
            auto child = co_await Command::shell("sleep 60 & echo $!; wait").output(Stdio::pipe).spawn();
            auto line = co_await child.output().read_line();
            grandchild = std::stoi(line.value());
            pid = child.pid();
            EXPECT_EQ(::kill(grandchild, 0), 0);
        }
        co_await until([&] { return children().empty(); });
        EXPECT_EQ(::kill(pid, 0), -1) << "it was not reaped";
        EXPECT_TRUE(ends_soon(grandchild));
    });
}

TEST_P(Process, the_loop_reaps_what_nobody_waits_for) {
    run([]() -> Task<> {
        auto child = co_await Command("true").spawn();
        co_await until([&] { return child.status().has_value(); });
        EXPECT_EQ(children(), std::vector<int>{});
        auto status = co_await child.wait();
        EXPECT_TRUE(status.success());
    });
}

TEST_P(Process, closing_the_loop_does_not_wait_for_a_sleeping_child) {
    loop().allow_left_tasks();
    std::optional<process::Child> child;
    run([&]() -> Task<> { child = co_await Command("sleep", "60").spawn(); });
    loop()->close();
    EXPECT_EQ(children(), std::vector<int>{});
    EXPECT_TRUE(child->status().has_value());
    child.reset();
}

TEST_P(Process, many_wait_for_one) {
    run([]() -> Task<> {
        auto child = co_await Command::shell("read line; exit 4").input(Stdio::pipe).spawn();
        auto first = spawn(child.wait());
        auto second = spawn(child.wait());
        auto third = spawn(child.wait());
        co_await all_blocked();
        third.cancel();
        co_await child.input().write("go\n");
        auto one = co_await first.join();
        auto two = co_await second.join();
        EXPECT_EQ(one.exit_code, 4);
        EXPECT_EQ(two.exit_code, 4);
        auto cancelled = co_await as_outcome(third.join());
        EXPECT_TRUE(third.cancelled());
    });
}

TEST_P(Process, two_hundred_at_once) {
    run([]() -> Task<> {
        std::vector<int> codes(200);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 200; ++i) {
                group.spawn([&codes, i]() -> Task<> {
                    auto result = co_await Command("sh", "-c", "read word; echo $word; exit $word")
                                      .input(std::to_string(i) + "\n")
                                      .run();
                    EXPECT_EQ(result.output, std::to_string(i) + "\n");
                    codes[static_cast<std::size_t>(i)] = result.exit_code;
                });
            }
            co_return;
        });
        for (int i = 0; i < 200; ++i) EXPECT_EQ(codes[static_cast<std::size_t>(i)], i);
        EXPECT_EQ(children(), std::vector<int>{});
    });
}

TEST_P(Process, a_child_has_only_the_descriptors_that_it_was_given) {
    // Not close-on-exec, as another library might have it.
    const int stray = ::open("/dev/null", O_RDONLY);
    const int passed = ::open("/etc/hostname", O_RDONLY | O_CLOEXEC);
    run([&]() -> Task<> {
        auto plain = co_await Command::shell("ls /proc/self/fd | wc -l").run();
        EXPECT_EQ(std::stoi(plain.output), 4) << "0, 1, 2 and that of ls itself";
        auto given = co_await Command::shell("readlink /proc/self/fd/7").pass(passed, 7).run();
        EXPECT_EQ(given.output, "/etc/hostname\n");
        auto swapped = co_await Command::shell("readlink /proc/self/fd/" + std::to_string(stray))
                           .pass(passed, stray)
                           .pass(stray, passed)
                           .run();
        EXPECT_EQ(swapped.output, "/etc/hostname\n");
    });
    ::close(stray);
    ::close(passed);
}

TEST_P(Process, a_child_begins_with_every_signal_at_its_default) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const auto pipes = ::signal(SIGPIPE, SIG_IGN);
    run([]() -> Task<> {
        auto result = co_await Command("cat", "/proc/self/status").run();
        for (const std::string name : {"SigBlk", "SigIgn", "SigCgt"}) {
            EXPECT_NE(result.output.find(name + ":\t0000000000000000\n"), std::string::npos) << result.output;
        }
    });
    ::signal(SIGPIPE, pipes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_P(Process, works_when_sigchld_is_ignored) {
    const auto before = ::signal(SIGCHLD, SIG_IGN);
    run([]() -> Task<> {
        auto result = co_await Command::shell("echo hello; exit 5").run();
        EXPECT_EQ(result.output, "hello\n");
        EXPECT_EQ(result.exit_code, result.is_known ? 5 : 255);
        auto late = co_await move_on_after(10ms, Command("sleep", "60").run());
        EXPECT_FALSE(late);
    });
    ::signal(SIGCHLD, before);
}

TEST_P(Process, environment_directory_and_limits_are_the_childs) {
    TemporaryFolder folder;
    ::setenv("GYRE_OUTER", "outer", 1);
    run([&]() -> Task<> {
        auto inherited = co_await Command::shell("echo $GYRE_OUTER $GYRE_INNER").environment("GYRE_INNER", "in").run();
        EXPECT_EQ(inherited.output, "outer in\n");
        auto without = co_await Command::shell("echo ${GYRE_OUTER-unset}").without_environment("GYRE_OUTER").run();
        EXPECT_EQ(without.output, "unset\n");
        auto empty = co_await Command("/usr/bin/env").clear_environment().environment("A", "b").run();
        EXPECT_EQ(empty.output, "A=b\n");
        auto path = co_await as_outcome(Command("true").environment("PATH", "/nowhere").run());
        EXPECT_EQ(describe(path.error()), "run true: No such file or directory");
        auto place = co_await Command("pwd").directory(folder.path()).run();
        EXPECT_EQ(place.output, std::filesystem::canonical(folder.path()).string() + "\n");
        auto limited = co_await Command::shell("ulimit -n; umask; nice")
                           .resource_limit(RLIMIT_NOFILE, 64)
                           .file_mask(027)
                           .niceness(3)
                           .run();
        EXPECT_EQ(limited.output, "64\n0027\n3\n");
    });
    ::unsetenv("GYRE_OUTER");
}

TEST_P(Process, groups_and_sessions) {
    run([]() -> Task<> {
        const auto group_and_session = [](process::Group group) -> Task<std::pair<int, int>> {
            auto child = co_await Command("cat").input(Stdio::pipe).group(group).spawn();
            const int pid = child.pid();
            const std::pair found{::getpgid(pid) == pid ? 0 : ::getpgid(pid), ::getsid(pid) == pid ? 0 : ::getsid(pid)};
            co_await child.input().shutdown_write();
            co_await child.wait();
            co_return found;
        };
        auto own = co_await group_and_session(process::Group::own);
        EXPECT_EQ(own, std::pair(0, int{::getsid(0)}));
        auto inherited = co_await group_and_session(process::Group::inherit);
        EXPECT_EQ(inherited, std::pair(int{::getpgid(0)}, int{::getsid(0)}));
        auto session = co_await group_and_session(process::Group::session);
        EXPECT_EQ(session, std::pair(0, 0));
    });
}

TEST_P(Process, files_as_streams) {
    TemporaryFolder folder;
    std::ofstream(folder / "in") << "content";
    run([&]() -> Task<> {
        auto copy = Command("cat");
        copy.input_file(folder / "in").output_file(folder / "out");
        co_await copy.check();
        copy.output_file(folder / "out", true);
        co_await copy.check();
        auto result = co_await Command("cat", (folder / "out").string()).check();
        EXPECT_EQ(result.output, "contentcontent");
    });
}

TEST_P(Process, works_on_another_thread) {
    std::string output;
    std::thread([&] {
        output = gyre::run([]() -> Task<std::string> {
            auto result = co_await Command("echo", "from a thread").run();
            co_return result.output;
        });
    }).join();
    EXPECT_EQ(output, "from a thread\n");
}

TEST_P(Process, threads_spawn_side_by_side) {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            gyre::run([&]() -> Task<> {
                for (int i = 0; i < 10; ++i) {
                    auto result = co_await Command("sh", "-c", "cat; ls /proc/self/fd | wc -l").input("x\n").run();
                    if (result.output == "x\n4\n") ++good;
                }
            });
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 40);
}

TEST_P(Process, stop_kills_what_does_not_listen) {
    run([]() -> Task<> {
        auto child = co_await Command::shell("trap '' TERM; echo ready; while :; do sleep 1; done")
                         .output(Stdio::pipe)
                         .spawn();
        co_await child.output().read_line();
        auto status = co_await child.stop(20ms);
        EXPECT_EQ(status.exit_code, -SIGKILL);
        auto polite = co_await Command::shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done")
                          .output(Stdio::pipe)
                          .spawn();
        co_await polite.output().read_line();
        auto ended = co_await polite.stop();
        EXPECT_EQ(ended.exit_code, 9);
    });
}

namespace {

/// The loop reaps a child that was dropped in its own time; the run is over when it has.
auto until_reaped(std::function<Task<>()> scenario) -> Task<> {
    co_await try_finally(scenario, [] { return until([] { return children().empty(); }); });
}

/// Cancels a scenario with real children everywhere: none may be left, nor a descriptor.
void cancel_everywhere(std::function<Task<>()> scenario) {
    const auto descriptors = open_descriptors();
    CancelEverywhere([&] { return until_reaped(scenario); })
        .on(kernel_backend())
        .at_most(20)
        .invariant([&](const CancelledRun& run) {
            EXPECT_EQ(children(), std::vector<int>{}) << run.text();
            EXPECT_EQ(open_descriptors(), descriptors) << run.text();
        })
        .run();
}

}  // namespace

TEST(Command, survives_cancellation_anywhere) {
    cancel_everywhere([]() -> Task<> {
        auto result = co_await Command::shell("cat; sleep 0.01; echo end >&2")
                          .input(std::string(100'000, 'x'))
                          .error_output_file("/dev/null")
                          .run();
        EXPECT_EQ(result.output.size(), 100'000U);
    });
}

TEST(Child, survives_cancellation_anywhere) {
    cancel_everywhere([]() -> Task<> {
        auto child = co_await Command("cat").input(Stdio::pipe).output(Stdio::pipe).spawn();
        auto waiter = spawn(child.wait());
        co_await child.input().write("one\n");
        co_await child.output().read_line();
        co_await child.input().shutdown_write();
        co_await waiter.join();
        auto other = co_await Command("sleep", "60").spawn();
        co_await other.stop();
    });
}

TEST(ProcessInSimulation, is_refused_clearly) {
    TestLoop loop;
    loop.run([]() -> Task<> {
        auto outcome = co_await as_outcome(Command("true").run());
        EXPECT_EQ(describe(outcome.error()), "run true: the simulated world has no processes");
    });
}

}  // namespace gyre::testing

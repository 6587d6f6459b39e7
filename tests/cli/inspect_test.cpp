// gyre ps, tree, why, stalls, locks, fds, top on programs in known states, as a person uses them.

#include "cli/inspected_program.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace gyre::testing {

class InspectTool : public InspectedProgram {};

namespace {

auto dine(Lock& first, Lock& second) -> Task<> {
    const auto one = co_await first.acquire();
    co_await sleep(1ms);
    const auto two = co_await second.acquire();
}

/// A request that is answered without a wait, as it is refused.
auto post(std::string url) -> Task<int> {
    http::Client client;
    auto response = co_await client.post(url).body("x");
    co_await response.text();
    co_return response.status();
}

}  // namespace

TEST_F(InspectTool, ps_lists_programs_and_shows_tasks) {
    show(visited, [this] {
        const auto list = tool({"ps"});
        EXPECT_EQ(list.status, 0) << list.out;
        EXPECT_TRUE(has(list.out, self_ + "  cli_test ")) << list.out;
        const auto rows = nlohmann::json::parse(tool({"ps", "--json"}).out);
        const auto own = std::find_if(
            rows.begin(), rows.end(), [](const auto& row) { return row["pid"] == ::getpid(); });
        ASSERT_NE(own, rows.end()) << "others may run as well";
        EXPECT_EQ((*own)["tasks"], 2);
        for (const std::string& target : {self_, std::string("cli_test"), folder_ + "/gyre/" + self_ + ".sock"}) {
            const auto text = tool({"ps", target});
            EXPECT_EQ(text.status, 0) << text.out;
            EXPECT_TRUE(has(text.out, "task 'visitor' (inspected_program.hpp:")) << text.out;
            EXPECT_TRUE(has(text.out, "waits on event 'doorbell'")) << text.out;
        }
        const auto json = nlohmann::json::parse(tool({"ps", self_, "--json"}).out);
        EXPECT_EQ(json["loops"][0]["task_count"], 2);
        const auto tree = tool({"tree", self_});
        EXPECT_TRUE(has(tree.out, "- task 'visitor'")) << tree.out;
        EXPECT_TRUE(has(tree.out, ": event 'doorbell', at inspected_program.hpp:")) << tree.out;
    });
    EXPECT_FALSE(has(tool({"ps"}).out, self_ + "  cli_test ")) << "its run has ended";
}

TEST_F(InspectTool, says_why_a_program_cannot_be_looked_at) {
    const auto none = tool({"ps", "999999999"});
    EXPECT_EQ(none.status, 1);
    EXPECT_TRUE(has(none.out, "gyre: there is no process 999999999")) << none.out;
    const auto plain = tool({"ps", self_});
    EXPECT_TRUE(has(plain.out, "(cli_test) has no control socket")) << plain.out;
    EXPECT_TRUE(has(plain.out, "RunOptions::control")) << plain.out;
    EXPECT_TRUE(has(tool({"tree", "nobody"}).out, "is called 'nobody'"));
    EXPECT_TRUE(has(tool({"tree", "/tmp/no.sock"}).out, "there is no such socket"));
    show(visited, [this] {
        const auto unknown = tool({"why", "baker", self_});
        EXPECT_EQ(unknown.status, 1);
        EXPECT_TRUE(has(unknown.out, "no task is called 'baker'")) << unknown.out;
        EXPECT_TRUE(has(unknown.out, "'visitor'")) << "it says which there are\n" << unknown.out;
    });
}

TEST_F(InspectTool, tells_of_a_stopped_and_of_a_killed_program) {
    RunningTool server({"serve", folder_, "--port", "0"});
    ASSERT_TRUE(server.await("Ctrl-C ends it")) << server.out;
    const std::string process = std::to_string(server.process());
    EXPECT_TRUE(has(tool({"ps", process}).out, "waits on socket"));
    EXPECT_TRUE(has(tool({"ps", "gyre-serve"}).out, "waits on socket")) << "it has a name of its own";
    ::kill(server.process(), SIGQUIT);
    EXPECT_TRUE(server.await("waits on socket")) << "it writes the same itself, and goes on\n" << server.out;
    ::kill(server.process(), SIGSTOP);
    int status = 0;
    ASSERT_EQ(::waitpid(server.process(), &status, WUNTRACED), server.process());
    const auto stopped = tool({"ps", process});
    EXPECT_EQ(stopped.status, 1);
    EXPECT_TRUE(has(stopped.out, "(gyre-serve) is stopped, by SIGSTOP or Ctrl-Z")) << stopped.out;
    EXPECT_TRUE(has(stopped.out, "kill -CONT " + process)) << stopped.out;
    ::kill(server.process(), SIGCONT);
    EXPECT_EQ(tool({"ps", process}).status, 0);
    const std::string socket = folder_ + "/gyre/" + process + ".sock";
    EXPECT_TRUE(fs::exists(socket));
    server.kill();
    const auto gone = tool({"ps", process});
    EXPECT_TRUE(has(gone.out, "there is no process " + process)) << gone.out;
    EXPECT_FALSE(fs::exists(socket)) << "what it left behind is removed";
}

TEST_F(InspectTool, leaves_out_a_process_that_is_gone_though_its_socket_is_open) {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fs::create_directory(folder_ + "/gyre");
    fs::permissions(folder_ + "/gyre", fs::perms::owner_all);
    const pid_t child = ::fork();
    if (child == 0) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof address.sun_path, "%s/gyre/%d.sock", folder_.c_str(), ::getpid());
        const bool done = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                          ::listen(listener, 16) == 0;
        ::_exit(done ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    const std::string process = std::to_string(child);
    const auto list = tool({"ps"});
    EXPECT_EQ(list.status, 0);
    EXPECT_FALSE(has(list.out, " " + process + "  ")) << list.out;
    EXPECT_TRUE(fs::exists(folder_ + "/gyre/" + process + ".sock")) << "somebody listens there still";
    ::close(listener);
    static_cast<void>(tool({"ps"}));
    EXPECT_FALSE(fs::exists(folder_ + "/gyre/" + process + ".sock"));
}

TEST_F(InspectTool, tells_the_runs_of_one_process_apart) {
    const std::string first = folder_ + "/gyre/" + self_ + ".sock";
    const std::string second = folder_ + "/gyre/" + self_ + ".2.sock";
    const auto baked = [](Stage& stage) -> Task<> {
        Event oven("oven");
        auto baker = spawn(wait_for(oven), {.name = "baker"});
        co_await stage.hold();
        oven.set();
        co_await baker.join();
    };
    const auto look = [&] {
        const auto list = tool({"ps"});
        EXPECT_TRUE(has(list.out, "  " + first + "\n")) << list.out;
        EXPECT_TRUE(has(list.out, "  " + second + "\n")) << list.out;
        const auto by_number = tool({"ps", self_});
        EXPECT_TRUE(has(by_number.out, "visitor")) << by_number.out;
        EXPECT_FALSE(has(by_number.out, "baker")) << by_number.out;
        EXPECT_TRUE(has(by_number.out,
            "has 2 runs, and this is the one of " + self_ + ".sock; name another by its socket: " + second + "\n"))
            << by_number.out;
        const auto by_socket = tool({"ps", second});
        EXPECT_TRUE(has(by_socket.out, "baker")) << by_socket.out;
        EXPECT_FALSE(has(by_socket.out, "has 2 runs")) << by_socket.out;
    };
    show(visited, [&] {
        EXPECT_FALSE(has(tool({"ps"}).out, first)) << "there is one only";
        show(baked, look);
    });
}

TEST_F(InspectTool, doctor_finds_nothing_in_a_server_that_has_answered_and_waits) {
    std::ofstream(folder_ + "/hello.txt") << "hello";
    RunningTool server({"serve", folder_, "--port", "0"});
    ASSERT_TRUE(server.await("/ (Ctrl-C ends it)")) << server.out;
    const auto at = server.out.find("http://");
    const std::string url = server.out.substr(at, server.out.find(' ', at) - at);
    for (int i = 0; i < 3; ++i) {
        const auto got = tool({"get", url + "hello.txt", "--stdout"});
        EXPECT_EQ(got.status, 0) << got.out;
        EXPECT_TRUE(has(got.out, "hello")) << got.out;
        EXPECT_EQ(run(post(url + "hello.txt")), 405);
    }
    const auto told = tool({"doctor", std::to_string(server.process()), "--json"});
    ASSERT_EQ(told.status, 0) << told.out;
    const auto answer = nlohmann::json::parse(told.out);
    for (const auto& finding : answer.at("findings")) {
        EXPECT_EQ(finding["rule"], "long-slice") << "only that the machine was busy\n" << told.out;
    }
}

TEST_F(InspectTool, shows_the_tasks_of_a_blocked_loop) {
    const auto program = [](Stage& stage) -> Task<> {
        Event bell("doorbell");
        auto visitor = spawn(wait_for(bell), {.name = "visitor"});
        const auto cruncher = [&stage]() -> Task<> {
            stage.block();
            co_return;
        };
        co_await yield_now();
        auto busy = spawn(cruncher(), {.name = "cruncher"});
        co_await busy.join();
        bell.set();
        co_await visitor.join();
    };
    const auto look = [this] {
        const auto text = tool({"ps", self_});
        EXPECT_TRUE(has(text.out, "it does not answer: its turn lasts ")) << text.out;
        EXPECT_TRUE(has(text.out, "task 'cruncher' (inspect_test.cpp:")) << text.out;
        EXPECT_TRUE(has(text.out, "waits on event 'doorbell'")) << text.out;
        EXPECT_TRUE(has(tool({"ps"}).out, "a loop does not answer"));
        EXPECT_TRUE(has(tool({"tree", self_}).out, "does not answer: its turn lasts"));
        const auto stalls = tool({"stalls", self_});
        EXPECT_TRUE(has(stalls.out, "now: loop 0 has not come back for ")) << stalls.out;
        EXPECT_TRUE(has(stalls.out, "in task 'cruncher'")) << stalls.out;
        const auto top = tool({"top", "--once", self_});
        EXPECT_TRUE(has(top.out, "LOOP 0 DOES NOT ANSWER")) << top.out;
    };
    show(program, look);
}

TEST_F(InspectTool, top_has_no_backend_for_a_loop_that_cannot_be_read) {
    const auto program = [](Stage& stage) -> Task<> {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        stage.block();
        co_return;
    };
    show(program, [this] {
        const auto top = tool({"top", "--once", self_});
        EXPECT_TRUE(has(top.out, "1 loop  0 tasks")) << top.out;
    });
}

TEST_F(InspectTool, shows_stalls_that_are_over) {
    const auto program = [](Stage& stage) -> Task<> {
        const auto cruncher = []() -> Task<> {
            const auto end = this_loop().now() + 200ms;
            while (this_loop().now() < end) {}
            co_return;
        };
        auto busy = spawn(cruncher(), {.name = "cruncher"});
        co_await busy.join();
        co_await stage.hold();
    };
    RunOptions options;
    options.stall_limit = 10ms;
    options.on_stall = [](const obs::StallReport&) {};
    show(
        program,
        [this] {
            const auto text = tool({"stalls", self_});
            EXPECT_TRUE(has(text.out, " ago: loop 0 had not come back for ")) << text.out;
            EXPECT_TRUE(has(text.out, "in task 'cruncher'")) << text.out;
            const auto json = nlohmann::json::parse(tool({"stalls", self_, "--json"}).out);
            EXPECT_EQ(json["stall_limit_ns"], 10'000'000);
            EXPECT_FALSE(json["stalls"].empty());
        },
        options);
}

TEST_F(InspectTool, finds_who_holds_what_and_deadlocks) {
    const auto program = [](Stage& stage) -> Task<> {
        this_loop().set_exception_handler([](const ErrorContext&) {});
        Lock left("left fork"), right("right fork");
        Queue<int> full(1, "counter");
        static_cast<void>(full.try_put(1));
        const auto put = [&full]() -> Task<> { co_await full.put(2); };
        const auto hold = [&stage]() -> Task<> { co_await stage.hold(); };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dine(left, right), {.name = "Plato"});
            group.spawn(dine(right, left), {.name = "Kant"});
            group.spawn(put(), {.name = "waiter"});
            co_await sleep(5ms);
            co_await hold();
            group.cancel("seen");
        });
    };
    show(program,
        [this] {
            const auto locks = tool({"locks", self_});
            EXPECT_TRUE(has(locks.out, "lock 'left fork', which task 'Plato' holds")) << locks.out;
            EXPECT_TRUE(has(locks.out, "1 task waits: task 'Kant' at inspect_test.cpp:")) << locks.out;
            EXPECT_TRUE(has(locks.out, "deadlock: 2 tasks wait for each other in a circle")) << locks.out;
            EXPECT_TRUE(has(locks.out, "queue: put 'counter', with 1 items of 1")) << locks.out;
            const auto why = tool({"why", "Plato", self_});
            EXPECT_TRUE(has(why.out, "task 'Plato' (inspect_test.cpp:")) << why.out;
            EXPECT_TRUE(has(why.out, "which is held by task 'Kant'")) << why.out;
            EXPECT_TRUE(has(why.out, "a circle, none of these can ever go on")) << why.out;
            const auto json = nlohmann::json::parse(tool({"why", "Plato", self_, "--json"}).out);
            EXPECT_EQ(json[0]["circle"], true);
            EXPECT_EQ(json[0]["chain"].size(), 3U);
            const auto objects = nlohmann::json::parse(tool({"locks", self_, "--json"}).out);
            EXPECT_EQ(objects["objects"].size(), 3U);
            EXPECT_EQ(objects["circles"][0].size(), 2U);
        },
        {.on_deadlock = OnDeadlock::report});
}

TEST_F(InspectTool, follows_who_waits_through_groups_joins_and_gather) {
    const auto program = [](Stage& stage) -> Task<> {
        Lock lock("journal");
        Event bell("doorbell");
        const auto done = [&]() -> Task<> { co_return; };
        const auto locked = [&]() -> Task<> { const auto mine = co_await lock.acquire(); };
        const auto gathers = [&]() -> Task<> { co_await gather(done(), locked()); };
        const auto has_group = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) {
                group.spawn(gathers(), {.name = "oldest"});
                group.spawn(locked(), {.name = "younger"});
            });
        };
        auto guard = spawn(
            [&]() -> Task<> {
                const auto mine = co_await lock.acquire();
                co_await bell.wait();
            },
            {.name = "guard"});
        co_await yield_now();
        auto parent = spawn(has_group(), {.name = "parent"});
        auto joins = spawn([&]() -> Task<> { co_await parent.join(); }, {.name = "joins"});
        co_await sleep(5ms);
        co_await stage.hold();
        bell.set();
        co_await joins.join();
    };
    show(program, [this] {
        const auto why = tool({"why", "joins", self_});
        const std::size_t join = why.out.find("which is task 'parent'");
        const std::size_t group = why.out.find("whose oldest is task 'oldest'");
        const std::size_t held = why.out.find("which is held by task 'guard'");
        ASSERT_NE(held, std::string::npos) << why.out;
        EXPECT_LT(join, group) << why.out;
        EXPECT_LT(group, held) << why.out;
        EXPECT_TRUE(has(why.out.substr(held), "waits on event 'doorbell'")) << why.out;
        const auto json = nlohmann::json::parse(tool({"why", "joins", self_, "--json"}).out);
        EXPECT_EQ(json[0]["chain"].size(), 4U);
        EXPECT_EQ(json[0]["circle"], false);
    });
}

TEST_F(InspectTool, follows_who_waits_to_the_one_that_holds_the_only_permit) {
    const auto program = [](Stage& stage) -> Task<> {
        Semaphore slots(1, "slots");
        CapacityLimiter desks(1, "desks");
        Event bell("doorbell");
        const auto has_slot = [&]() -> Task<> {
            const auto slot = co_await slots.acquire();
            co_await bell.wait();
        };
        const auto has_desk = [&]() -> Task<> {
            const auto desk = co_await desks.acquire();
            co_await bell.wait();
        };
        const auto wants_slot = [&]() -> Task<> { const auto slot = co_await slots.acquire(); };
        const auto wants_desk = [&]() -> Task<> { const auto desk = co_await desks.acquire(); };
        const auto hold = [&stage]() -> Task<> { co_await stage.hold(); };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(has_slot(), {.name = "sitter"});
            group.spawn(has_desk(), {.name = "writer"});
            co_await yield_now();
            group.spawn(wants_slot(), {.name = "stander"});
            group.spawn(wants_desk(), {.name = "reader"});
            co_await sleep(5ms);
            co_await hold();
            bell.set();
        });
    };
    show(program, [this] {
        const auto slot = tool({"why", "stander", self_});
        EXPECT_TRUE(has(slot.out, "which is held by task 'sitter'")) << slot.out;
        EXPECT_TRUE(has(slot.out, "waits on event 'doorbell'")) << slot.out;
        const auto desk = tool({"why", "reader", self_});
        EXPECT_TRUE(has(desk.out, "which is held by task 'writer'")) << desk.out;
        const auto json = nlohmann::json::parse(tool({"why", "stander", self_, "--json"}).out);
        EXPECT_EQ(json[0]["chain"].size(), 2U);
    });
}

TEST_F(InspectTool, shows_no_socket_of_a_folder_or_process_that_is_another) {
    show(visited, [this] {
        const std::string folder = folder_ + "/gyre";
        // It is this process that listens there, and not number 1.
        fs::create_directory(folder_ + "/elsewhere");
        fs::rename(folder, folder_ + "/elsewhere/gyre");
        EXPECT_TRUE(has(tool({"ps", folder_ + "/elsewhere/gyre/" + self_ + ".sock"}).out, "visitor"));
        fs::create_directory_symlink(folder_ + "/elsewhere/gyre", folder);
        EXPECT_FALSE(has(tool({"ps"}).out, self_ + "  cli_test ")) << "a link is not followed";
        fs::remove(folder);
        fs::rename(folder_ + "/elsewhere/gyre", folder);
        EXPECT_TRUE(has(tool({"ps"}).out, self_ + "  cli_test "));
        fs::rename(folder + "/" + self_ + ".sock", folder + "/1.sock");
        const auto rows = nlohmann::json::parse(tool({"ps", "--json"}).out);
        EXPECT_TRUE(std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row["pid"] == 1; }));
        fs::rename(folder + "/1.sock", folder + "/" + self_ + ".sock");
    });
}

TEST_F(InspectTool, removes_sockets_of_the_dead_and_nothing_in_a_folder_of_somebody_else) {
    fs::create_directory(folder_ + "/gyre");
    const std::string dead = folder_ + "/gyre/999999999.sock";
    std::ofstream(dead) << "";
    static_cast<void>(tool({"ps"}));
    EXPECT_FALSE(fs::exists(dead));
    if (::geteuid() != 0) return;  // only root looks into the folders of others
    const std::string others = "/tmp/gyre-54321";
    fs::create_directory(others);  // of root, and not of user 54321
    std::ofstream(others + "/999999999.sock") << "";
    static_cast<void>(tool({"ps"}));
    EXPECT_TRUE(fs::exists(others + "/999999999.sock"));
    EXPECT_EQ(::chown(others.c_str(), 54321, 54321), 0);
    static_cast<void>(tool({"ps"}));
    EXPECT_FALSE(fs::exists(others + "/999999999.sock"));
    fs::remove_all(others);
}

TEST_F(InspectTool, tells_of_a_cancellation_that_is_not_over) {
    const auto program = [](Stage& stage) -> Task<> {
        Event bell("doorbell");
        const auto cleanup = [&stage]() -> Task<> { co_await stage.hold(); };
        const auto linger = [&]() -> Task<> {
            co_await try_finally([&] { return wait_for(bell); }, [&] { return cleanup(); });
        };
        auto slow = spawn(linger(), {.name = "slow"});
        co_await yield_now();
        slow.cancel("not needed");
        try {
            co_await slow.join();
        } catch (const CancelledError&) {}
    };
    show(program, [this] {
        const auto why = tool({"why", "slow", self_});
        EXPECT_TRUE(has(why.out, " ago and not ended: not needed (cancelled at inspect_test.cpp:")) << why.out;
    });
}

TEST_F(InspectTool, shows_descriptors_with_their_tasks) {
    const auto program = [](Stage& stage) -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto accept = [&listener]() -> Task<> {
            auto stream = co_await listener.accept();
            const auto text = co_await stream.read_some();
        };
        auto accepting = spawn(accept(), {.name = "acceptor"});
        auto client = co_await net::connect(listener.local_address());
        co_await sleep(2ms);
        co_await stage.hold();
        accepting.cancel();
    };
    show(program, [this] {
        const auto text = tool({"fds", self_});
        EXPECT_EQ(text.status, 0) << text.out;
        EXPECT_TRUE(has(text.out, " listens\n")) << text.out;
        EXPECT_TRUE(has(text.out, " established\n")) << text.out;
        EXPECT_TRUE(has(text.out, "task 'acceptor': receive at ")) << text.out;
        EXPECT_TRUE(has(text.out, self_ + ".sock listens\n")) << text.out;
        const auto rows = nlohmann::json::parse(tool({"fds", self_, "--json"}).out);
        EXPECT_GT(rows.size(), 5U);
    });
}

TEST_F(InspectTool, top_prints_one_screen) {
    show(visited, [this] {
        const auto top = tool({"top", "--once", self_});
        EXPECT_EQ(top.status, 0) << top.out;
        EXPECT_TRUE(has(top.out, "cli_test (process " + self_ + "), up ")) << top.out;
        EXPECT_TRUE(has(top.out, " turns/s ")) << top.out;
        EXPECT_TRUE(has(top.out, "  visitor ")) << top.out;
        EXPECT_EQ(std::count(top.out.begin(), top.out.end(), '\n'), 24);
    });
    const auto refused = tool({"top", self_});
    EXPECT_EQ(refused.status, 1);
}

TEST_F(InspectTool, top_lives_on_a_terminal_and_gives_it_back) {
    show(visited, [this] {
        RunningTool top({"top", self_, "--interval", "0.1"}, RunningTool::On::terminal);
        EXPECT_TRUE(top.await("\x1b[?1049h")) << "a screen of its own";
        EXPECT_TRUE(top.await("visitor")) << top.out;
        top.type("/visi\r");
        EXPECT_TRUE(top.await("only 'visi'")) << top.out;
        top.type("\r");
        EXPECT_TRUE(top.await("waits on event 'doorbell'")) << top.out;
        top.type("\x1b");
        EXPECT_TRUE(top.await("TASK (n)")) << top.out;
        top.type("h");
        EXPECT_TRUE(top.await("turn")) << top.out;
        EXPECT_TRUE(top.await("below")) << top.out;
        top.type("h");
        top.type(" ");
        EXPECT_TRUE(top.await("PAUSED")) << top.out;
        top.resize(50, 12);
        EXPECT_TRUE(top.await("\x1b[H")) << "drawn anew, though it stands still";
        top.type("?");
        EXPECT_TRUE(top.await("sort by name")) << top.out;
        top.type("qq");
        EXPECT_EQ(top.wait(), 0) << top.out;
        EXPECT_TRUE(top.out.ends_with("\x1b[?25h\x1b[?1049l")) << "the terminal is as it was";
    });
}

TEST_F(InspectTool, top_goes_on_when_the_program_has_ended_and_leaves_on_a_signal) {
    std::unique_ptr<RunningTool> top;
    show(visited, [&] {
        top = std::make_unique<RunningTool>(
            std::vector<std::string>{"top", self_, "--interval", "0.1"}, RunningTool::On::terminal);
        EXPECT_TRUE(top->await("visitor")) << top->out;
    });
    EXPECT_TRUE(top->await("has closed its control socket")) << top->out;
    ::kill(top->process(), SIGTERM);
    EXPECT_EQ(top->wait(), 0);
    EXPECT_TRUE(top->out.ends_with("\x1b[?25h\x1b[?1049l"));
}

}  // namespace gyre::testing

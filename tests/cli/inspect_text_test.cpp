// What gyre shows of a program beyond its tasks: who opened a socket, errors, stalls, levels of measuring; and that no text of a
// program reaches the terminal as an order.

#include "cli/inspected_program.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace gyre::testing {

class InspectText : public InspectedProgram {
protected:
    /// What `gyre ps` says of a program that listens at its socket and never answers: this process.
    [[nodiscard]] auto said_of_one_that_is_mute() const -> std::string {
        fs::create_directories(folder_ + "/gyre");
        const std::string path = folder_ + "/gyre/" + self_ + ".sock";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size());
        const int mute = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::bind(mute, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(mute, 16), 0);
        const auto list = tool({"ps"});
        ::close(mute);
        fs::remove(path);
        return list.out;
    }
    /// Whether a terminal takes something of `text` for an order.
    [[nodiscard]] static auto steers(const std::string& text) -> bool {
        return has(text, "\x1b") || has(text, "\x07") || has(text, "\x7f") || has(text, "\xC2\x9B");
    }
};

TEST_F(InspectText, advises_sigquit_only_where_it_gets_a_dump) {
    std::string text = said_of_one_that_is_mute();
    EXPECT_TRUE(has(text, "does not answer /v1/figures in time: the machine is too busy")) << text;
    EXPECT_FALSE(has(text, "SIGQUIT")) << "it would end the program\n" << text;
    const auto before = std::signal(SIGQUIT, [](int) {});
    text = said_of_one_that_is_mute();
    EXPECT_TRUE(has(text, "SIGQUIT may still get a dump out of it")) << text;
    std::signal(SIGQUIT, before);
}

TEST_F(InspectText, get_and_demo_write_a_dump_on_sigquit_and_go_on) {
    auto listening = [](Stage& stage) -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);  // and nobody answers
        std::unique_ptr<RunningTool> get = std::make_unique<RunningTool>(
            std::vector<std::string>{"get", "--discard", "http://" + listener.local_address().text() + "/"});
        auto stream = co_await listener.accept();
        // Who has sent its request waits for the answer, and does nothing else.
        static_cast<void>(co_await stream.fill());
        ::kill(get->process(), SIGQUIT);
        EXPECT_TRUE(get->await("waits on socket")) << get->out;
        ::kill(get->process(), SIGTERM);
        EXPECT_EQ(get->wait(), 143) << get->out;
        stage.ready = true;
    };
    show(listening, [] {});
    RunningTool demo({"demo", "-j", "1", "--failures"});
    EXPECT_TRUE(demo.await("the demo site is at")) << demo.out;
    ::kill(demo.process(), SIGQUIT);
    EXPECT_TRUE(demo.await("task 'http server'")) << demo.out;
}

TEST_F(InspectText, no_name_steers_the_terminal) {
    const std::string bad =
        "\x1b]0;owned\x07 \x7f \xC2\x9B"
        "31m \xC3\xBC";
    const auto program = [&bad](Stage& stage) -> Task<> {
        Event bell(bad);
        auto visitor = spawn(wait_for(bell), {.name = bad});
        const auto cruncher = []() -> Task<> {
            const auto end = this_loop().now() + 100ms;
            while (this_loop().now() < end) {}
            co_return;
        };
        auto busy = spawn(cruncher(), {.name = bad});
        co_await busy.join();
        co_await stage.hold();
        bell.set();
        co_await visitor.join();
    };
    RunOptions options;
    options.stall_limit = 10ms;
    options.on_stall = [](const obs::StallReport&) {};
    show(
        program,
        [this] {
            for (const char* command : {"ps", "tree", "locks", "stalls", "fds", "doctor", "top"}) {
                std::vector<std::string> arguments{command, self_};
                if (std::string_view(command) == "top") arguments.emplace_back("--once");
                const auto text = tool(arguments);
                EXPECT_EQ(text.status, 0) << text.out;
                EXPECT_FALSE(steers(text.out)) << command << "\n" << text.out;
                if (std::string_view(command) == "top") continue;
                arguments.emplace_back("--json");
                const auto json = tool(arguments);
                EXPECT_FALSE(steers(json.out)) << command << "\n" << json.out;
                EXPECT_TRUE(nlohmann::json::accept(json.out)) << json.out;
            }
            EXPECT_TRUE(has(tool({"ps", self_}).out, "'?]0;owned? ? ?31m \xC3\xBC'")) << "letters stay";
            const auto all = nlohmann::json::parse(tool({"ps", self_, "--json"}).out);
            EXPECT_TRUE(has(all.dump(), "\xC2\x9B")) << "nothing is lost for a program";
        },
        options);
}

TEST_F(InspectText, says_who_opened_a_socket) {
    const auto program = [](Stage& stage) -> Task<> {
        const auto server = [&stage]() -> Task<> {
            auto listener = co_await net::listen("127.0.0.1", 0);
            co_await stage.hold();
        };
        auto opener = spawn(server(), {.name = "opener"});
        co_await opener.join();
    };
    show(program, [this] {
        const auto text = tool({"fds", self_});
        EXPECT_TRUE(has(text.out, "opened at inspect_text_test.cpp:")) << text.out;
        EXPECT_TRUE(has(text.out, " by task 'opener'\n")) << text.out;
        const auto rows = nlohmann::json::parse(tool({"fds", self_, "--json"}).out);
        EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [](const auto& row) {
            return has(row.value("opened", ""), "by task 'opener'");
        })) << rows.dump();
    });
}

TEST_F(InspectText, shows_errors_that_nobody_received) {
    const auto program = [](Stage& stage) -> Task<> {
        const auto fail = []() -> Task<> {
            co_await yield_now();
            throw std::runtime_error("no such lamp");
        };
        spawn(fail(), {.name = "lamplighter"});
        co_await sleep(1ms);
        co_await stage.hold();
    };
    const auto program_without_end = [program](Stage& stage) -> Task<> {
        co_await program(stage);
        this_loop().set_exception_handler([](const ErrorContext&) {});
    };
    std::string text;
    std::string json;
    Stage stage;
    std::thread thread([&] {
        try {
            run([&] { return program_without_end(stage); }, {.control = &obs::control_socket});
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "no such lamp");  // as always of an error that nobody received
        }
    });
    while (!stage.ready) std::this_thread::yield();
    text = tool({"ps", self_}).out;
    json = tool({"ps", self_, "--json"}).out;
    stage.over = true;
    thread.join();
    EXPECT_TRUE(has(text, "  not received: task 'lamplighter' (inspect_text_test.cpp:")) << text;
    EXPECT_TRUE(has(text, "no such lamp")) << text;
    EXPECT_EQ(nlohmann::json::parse(json)["loops"][0]["errors"].size(), 1U) << json;
}

TEST_F(InspectText, ps_says_that_a_loop_could_not_be_read) {
    RunOptions options;
    options.control = &obs::control_socket;
    Runner runner(options);
    runner.run(yield_now());
    const auto list = tool({"ps"});  // nobody runs the loop now, and it has no thread that could be looked at
    EXPECT_TRUE(has(list.out, "a loop could not be read: its tasks are not counted")) << list.out;
}

TEST_F(InspectText, stalls_say_in_json_what_is_blocked_now) {
    const auto program = [](Stage& stage) -> Task<> {
        const auto cruncher = [&stage]() -> Task<> {
            stage.block();
            co_return;
        };
        co_await yield_now();
        auto busy = spawn(cruncher(), {.name = "cruncher"});
        co_await busy.join();
    };
    show(program, [this] {
        const auto json = nlohmann::json::parse(tool({"stalls", self_, "--json"}).out);
        ASSERT_EQ(json["blocked"].size(), 1U) << json.dump();
        EXPECT_EQ(json["blocked"][0]["task"], "task 'cruncher'");
        EXPECT_FALSE(json["blocked"][0]["thread_stack"].empty());
        EXPECT_GE(json["blocked"][0]["blocked_for_ns"], 0);
    });
}

TEST_F(InspectText, doctor_looks_as_long_as_it_is_told) {
    const auto program = [](Stage& stage) -> Task<> {
        Lock cache("cache");
        Event answer("answer");
        const auto refresh = [&]() -> Task<> {
            const auto guard = co_await cache.acquire();
            co_await answer.wait();
        };
        const auto want = [&cache]() -> Task<> { const auto guard = co_await cache.acquire(); };
        auto holding = spawn(refresh(), {.name = "refresh"});
        auto waiting = spawn(want(), {.name = "request"});
        co_await stage.hold();
        answer.set();
        co_await waiting.join();
        co_await holding.join();
    };
    show(program, [this] {
        const auto found = tool({"doctor", self_, "--long", "0.1"});
        EXPECT_EQ(found.status, 0) << found.out;
        EXPECT_TRUE(has(found.out, "(lock-held)")) << found.out;
        EXPECT_NE(tool({"doctor", self_, "--long", "21"}).status, 0);
    });
}

TEST_F(InspectText, top_switches_the_level_of_measuring) {
    std::atomic<int> switched = 0;
    const auto program = [&switched](Stage& stage) -> Task<> {
        stage.ready = true;
        for (const Timing wanted : {Timing::exact, Timing::sampled}) {
            while (this_loop().timing() != wanted && !stage.over) co_await sleep(1ms);
            ++switched;
        }
        co_await stage.hold();
    };
    const auto has_switched = [&switched](int times) {  // the program looks once in a while
        const auto end = backend::monotonic_time() + 10s;
        while (switched < times && backend::monotonic_time() < end) std::this_thread::yield();
        return switched == times;
    };
    show(program, [&] {
        RunningTool top({"top", self_, "--interval", "0.1"}, RunningTool::On::terminal);
        EXPECT_TRUE(top.await("TASK (n)")) << top.out;
        EXPECT_FALSE(has(top.out, "timing exact")) << top.out;
        top.type("t");
        EXPECT_TRUE(top.await("timing exact")) << top.out;
        EXPECT_TRUE(has_switched(1));
        top.type("t");
        EXPECT_TRUE(has_switched(2));
        top.type("q");
        EXPECT_EQ(top.wait(), 0) << top.out;
    });
}

TEST_F(InspectText, top_says_that_it_does_not_look_at_all_tasks) {
    constexpr int many = 5'100;
    const auto program = [](Stage& stage) -> Task<> {
        Event bell("doorbell");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < many; ++i) group.spawn(wait_for(bell));
            co_await stage.hold();
            bell.set();
        });
    };
    show(program, [this] {
        const auto text = tool({"top", "--once", self_});
        EXPECT_TRUE(has(text.out, "only 5000 of 5101 tasks are looked at")) << text.out;
        RunningTool top({"top", self_, "--interval", "0.1"}, RunningTool::On::terminal);
        EXPECT_TRUE(top.await("TASK (n)")) << top.out;
        top.type("/nobody\r");
        EXPECT_TRUE(top.await("no task fits 'nobody'")) << top.out;
        EXPECT_TRUE(top.await("  only 5000 of 5101 tasks are looked at")) << top.out;
        top.type("q");
        EXPECT_EQ(top.wait(), 0);
    });
}

}  // namespace gyre::testing

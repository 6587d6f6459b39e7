// What gyre why, locks, tree and fds say of a program that they see in part: a loop that could not be read, tasks that were not
// looked at, tasks that were looked at at different moments, no descriptor left, no room for the output.

#include "cli/inspected_program.hpp"

#include <gyre/http/server/app.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>

#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace gyre::testing {

using Json = nlohmann::json;

class InspectParts : public InspectedProgram {
protected:
    /// Runs `look` while a control socket at `canned_` gives these answers to requests for a snapshot, the last one for ever.
    void show_canned(std::vector<Json> answers, const std::function<void()>& look) {
        const auto program = [this, &answers](Stage& stage) -> Task<> {
            std::size_t asked = 0;
            http::App app;
            app.get("/v1/snapshot", [&](http::Request&) -> Task<http::Response> {
                const Json& answer = answers[std::min(asked++, answers.size() - 1)];
                co_return http::Response::json(answer.dump());
            });
            auto listener = co_await net::listen_unix(canned_);
            auto serving = spawn(http::serve_http(std::move(listener), app.handler()));
            co_await stage.hold();
            serving.cancel();
        };
        show(program, look);
    }

    [[nodiscard]] static auto answer(Json tasks, const Json& of_loop) -> Json {
        Json loop = {{"loop", 0}, {"backend", "mixed"}, {"task_count", tasks.size()}, {"tasks", std::move(tasks)}};
        loop.update(of_loop);
        return {{"version", 1}, {"uptime_ns", 1}, {"loops", Json::array({loop})}};
    }
    /// A task that stands at that line of dine.cpp and waits for a lock of another.
    [[nodiscard]] static auto diner(int id, const char* name, int line, int owner, const char* owner_name) -> Json {
        return {{"id", id}, {"parent", 0}, {"name", name}, {"state", "waiting"},
            {"spawned", {{"file", "dine.cpp"}, {"line", 1}}},
            {"awaits", Json::array({{{"file", "dine.cpp"}, {"line", line}}})},
            {"wait", {{"kind", "lock"}, {"object", "fork"}, {"address", owner}, {"owner_id", owner},
                         {"owner", owner_name}, {"text", "lock 'fork'"}}}};
    }
    [[nodiscard]] static auto table(int line_of_plato, const Json& of_loop) -> Json {
        return answer({diner(1, "Plato", line_of_plato, 2, "Kant"), diner(2, "Kant", 8, 1, "Plato")}, of_loop);
    }
    /// The tasks of a case of circles.json, which the tests of the page have too.
    [[nodiscard]] static auto tasks_of(std::string_view name) -> Json {
        for (const Json& each : circles()) {
            if (each["name"] == name) return each["tasks"];
        }
        ADD_FAILURE() << "there is no case '" << name << "'";
        return Json::array();
    }
    [[nodiscard]] static auto circles() -> Json { return Json::parse(std::ifstream(GYRE_CIRCLES)); }
    /// Their names, in order.
    [[nodiscard]] static auto names_of(const Json& tasks) -> Json {
        std::vector<std::string> names;
        for (const Json& task : tasks) names.push_back(task["name"]);
        std::sort(names.begin(), names.end());
        return names;
    }
    /// What the tool says of these tasks.
    [[nodiscard]] auto said(std::vector<std::string> arguments, const Json& tasks) -> std::string {
        std::string text;
        arguments.push_back(canned_);
        show_canned({answer(tasks, Json::object())}, [&] { text = tool(arguments).out; });
        return text;
    }
    [[nodiscard]] auto text_of_file(const std::string& name) const -> std::string {
        std::ostringstream text;
        text << std::ifstream(folder_ + "/" + name).rdbuf();
        return std::move(text).str();
    }

    std::string canned_ = folder_ + "/canned.sock";
};

TEST_F(InspectParts, a_loop_that_could_not_be_read_is_no_all_clear) {
    RunOptions options;
    options.control = &obs::control_socket;
    Runner runner(options);
    runner.run(yield_now());  // nobody runs the loop now, and it has no thread that could be looked at
    constexpr std::string_view unread = "loop 0 could not be read: nothing is known of its tasks";
    for (const char* command : {"tree", "locks", "fds"}) {
        const auto text = tool({command, self_}).out;
        EXPECT_TRUE(has(text, unread)) << command << "\n" << text;
        EXPECT_FALSE(has(text, "0 tasks")) << command << "\n" << text;
        EXPECT_FALSE(has(text, "\nno task waits")) << command << "\n" << text;
    }
    EXPECT_TRUE(has(tool({"locks", self_, "--json"}).out, unread));
    const auto why = tool({"why", "visitor", self_}).out;
    EXPECT_TRUE(has(why, "gyre: " + std::string(unread) + "; of those that were looked at no task is called")) << why;
}

TEST_F(InspectParts, circles_are_those_that_the_page_draws) {
    for (const Json& each : circles()) {
        const auto found = Json::parse(said({"locks", "--json"}, each["tasks"]));
        Json for_good = Json::array();
        for (const Json& circle : found["circles"]) for_good.push_back(names_of(circle));
        Json for_now = Json::array();
        for (const Json& circle : found["circles_for_now"]) for_now.push_back(names_of(circle["tasks"]));
        EXPECT_EQ(for_good, each["circles"]) << each["name"];
        EXPECT_EQ(for_now, each["for_now"]) << each["name"];
    }
}

TEST_F(InspectParts, why_follows_each_of_several_branches) {
    const auto both = said({"why", "x"}, tasks_of("two branches that wait for others"));
    EXPECT_TRUE(has(both, "\na branch of task 'x' waits for what is held by task 'y' (dine.cpp:1), waiting\n")) << both;
    EXPECT_TRUE(has(both, "\na branch of task 'x' waits for what is held by task 'z' (dine.cpp:1), waiting\n")) << both;
    EXPECT_TRUE(has(both, "    at dine.cpp:13\n    waits on sleep\n")) << both;
    const auto race = said({"why", "x"}, tasks_of("one branch of a race of several"));
    EXPECT_TRUE(has(race, "a branch of task 'x' waits for what is held by task 'y' (")) << race;
    EXPECT_TRUE(has(race, "which is held by task 'x': see above\n")) << "a race is no deadlock\n" << race;
    const auto json = Json::parse(said({"why", "x", "--json"}, tasks_of("two branches that wait for others")));
    EXPECT_EQ(json[0]["branches"].size(), 2U) << json;

    Json many = Json::array({diner(1, "x", 8, 2, "of 2")});
    Json branches = Json::array();
    for (int id = 2; id < 200; ++id) {
        many.push_back(diner(id, "owner", 8, 1, "x"));
        many.back()["wait"] = {{"kind", "sleep"}, {"text", "sleep"}};
        branches.push_back({{"awaits", Json::array()}, {"wait", diner(0, "", 1, id, "owner")["wait"]}});
    }
    many[0]["wait"] = {{"kind", "gather"}, {"text", "gather"}};
    many[0]["branches"] = branches;
    const auto crowd = said({"why", "x"}, many);
    EXPECT_TRUE(has(crowd, "... and 169 more of its branches wait for tasks\n")) << crowd;
}

TEST_F(InspectParts, locks_names_who_holds_permits_and_who_waits_for_itself) {
    const auto permit = said({"locks"}, tasks_of("one of two holders"));
    EXPECT_TRUE(has(permit, "    held by task 'y': lock 'a', which task 'x' holds, at dine.cpp:12\n")) << permit;
    EXPECT_TRUE(has(permit, "    held by task 'z': sleep, at dine.cpp:13\n")) << permit;
    const auto reader = said({"locks"}, tasks_of("the only reader of a lock"));
    EXPECT_TRUE(has(reader, "    held by task 'y': ")) << reader;
    const auto ended = said({"locks"}, tasks_of("a holder that has ended"));
    EXPECT_TRUE(has(ended, "    held by task 'y', which has ended and not given it back\n")) << ended;
    const auto alone = said({"locks"}, tasks_of("a task that has the only permit itself"));
    EXPECT_TRUE(has(alone, "deadlock: 1 task waits for itself\n")) << alone;
    const auto json = Json::parse(said({"locks", "--json"}, tasks_of("one of two holders")));
    EXPECT_TRUE(has(json.dump(), "\"holders\":[{\"ended\":false,\"task\":\"y\"")) << json;
}

TEST_F(InspectParts, a_text_of_several_lines_is_one) {
    const Json errors = {{"errors", Json::array({"disk full\n  second line\r\n\nlast\n", "a\rb"})}};
    show_canned({answer(Json::array(), errors)}, [this] {
        const auto text = tool({"ps", canned_}).out;
        EXPECT_TRUE(has(text, "not received: disk full; second line; last\n")) << text;
        EXPECT_TRUE(has(text, "not received: a?b\n")) << text;
    });
}

TEST_F(InspectParts, tells_how_many_tasks_were_looked_at) {
    show_canned({table(8, {{"task_count", 5}})}, [this] {
        constexpr std::string_view part = "loop 0: 2 of 5 tasks were looked at\n";
        EXPECT_TRUE(has(tool({"tree", canned_}).out, part));
        EXPECT_TRUE(has(tool({"locks", canned_}).out, part));
        EXPECT_TRUE(has(tool({"why", "Kant", canned_}).out, part));
        EXPECT_TRUE(has(tool({"why", "Hume", canned_}).out, "loop 0: 2 of 5 tasks were looked at; of those"));
    });
    show_canned({table(8, Json::object())}, [this] {
        EXPECT_FALSE(has(tool({"tree", canned_}).out, "looked at"));
        EXPECT_FALSE(has(tool({"locks", canned_}).out, "looked at"));
    });
}

TEST_F(InspectParts, an_owner_that_was_not_looked_at_has_not_gone) {
    const auto why_of = [this](const Json& of_loop) {
        std::string text;
        show_canned({answer(Json::array({diner(1, "Plato", 8, 2, "Kant")}), of_loop)},
            [&] { text = tool({"why", "Plato", canned_}).out; });
        return text;
    };
    constexpr std::string_view unseen = "the owner, 'Kant', is not among the tasks that were looked at\n";
    EXPECT_TRUE(has(why_of({{"task_count", 2}}), unseen));
    EXPECT_TRUE(has(why_of({{"steps", 2}}), unseen));
    EXPECT_TRUE(has(why_of(Json::object()), "the owner, 'Kant', is not among the tasks any more\n"));
}

TEST_F(InspectParts, what_two_looks_in_steps_show_alike_is_a_deadlock) {
    const Json in_steps = {{"steps", 3}};
    for (const auto& second : {table(8, in_steps), table(8, Json::object())}) {
        show_canned({table(8, in_steps), second}, [this] {
            const auto locks = tool({"locks", canned_}).out;
            EXPECT_TRUE(has(locks, "deadlock: 2 tasks wait for each other in a circle\n")) << locks;
        });
    }
    show_canned({table(8, in_steps)}, [this] {
        const auto why = tool({"why", "Kant", canned_}).out;
        EXPECT_TRUE(has(why, "a circle, none of these can ever go on\n")) << why;
    });
}

TEST_F(InspectParts, what_moved_between_two_looks_in_steps_is_no_deadlock) {
    const Json in_steps = {{"steps", 3}};
    constexpr std::string_view perhaps = "task 'Plato' was looked at at another moment than the others";
    show_canned({table(8, in_steps), table(9, in_steps)}, [&] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "in a circle, for now: " + std::string(perhaps))) << locks;
        EXPECT_TRUE(has(locks, "`gyre doctor` can tell")) << locks;
        EXPECT_FALSE(has(locks, "deadlock")) << locks;
    });
    show_canned({table(8, in_steps), table(9, in_steps)}, [&] {
        const auto why = tool({"why", "Kant", canned_}).out;
        EXPECT_TRUE(has(why, "a circle for now; " + std::string(perhaps))) << why;
    });
}

TEST_F(InspectParts, a_circle_over_two_loops_takes_two_looks_that_agree) {
    // Plato of loop 0 waits for his work there, number 12, which Kant of loop 1 holds up.
    const auto look = [](int line_of_work) {
        Json asks = diner(1, "Plato", 8, 12, "dine.cpp:1");
        asks["wait"] = {{"kind", "other loop"}, {"loop", 1}, {"address", 7}, {"owner_id", 12}, {"owner", "dine.cpp:1"},
            {"text", "other loop 1, task of dine.cpp:1"}};
        Json works = diner(12, "work", line_of_work, 1, "Plato");
        works["sender"] = "task 'Plato' of loop 0";
        works["sender_id"] = 1;
        Json both = answer(Json::array({asks}), {{"loop", 0}});
        both["loops"].push_back(answer(Json::array({works}), {{"loop", 1}})["loops"][0]);
        return both;
    };
    show_canned({look(8)}, [this] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "deadlock: 2 tasks wait for each other in a circle\n")) << locks;
        EXPECT_TRUE(has(locks, "task 'work', for task 'Plato' of loop 0 waits at dine.cpp:8")) << locks;
        const auto why = tool({"why", "Plato", canned_}).out;
        EXPECT_TRUE(has(why, "which is task 'work' (dine.cpp:1), for task 'Plato' of loop 0, waiting\n")) << why;
        EXPECT_TRUE(has(why, "a circle, none of these can ever go on\n")) << why;
        EXPECT_TRUE(has(tool({"tree", canned_}).out, "task 'work', for task 'Plato' of loop 0: lock"));
    });
    show_canned({look(8), look(9)}, [this] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "in a circle, for now: task 'work' was looked at at another moment")) << locks;
        EXPECT_FALSE(has(locks, "deadlock")) << locks;
    });
    Json limited = look(8);
    limited["loops"][0]["tasks"][0]["limit_left"] = 5'000'000'000;
    show_canned({limited}, [this] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "in a circle, for now: task 'Plato' has a time limit, 5")) << locks;
    });
    Json alone = look(8);
    alone["loops"].erase(1);
    show_canned({alone}, [this] {
        const auto why = tool({"why", "Plato", canned_}).out;
        EXPECT_TRUE(has(why, "the task of loop 1 that does the work is not among the tasks")) << why;
    });
}

TEST_F(InspectParts, a_limit_of_who_asks_ends_a_circle_of_those_who_work_for_it) {
    const auto look = [](const Json& more) {
        Json asks = diner(3, "Hume", 8, 1, "Plato");
        asks["wait"] = {{"kind", "other loop"}, {"loop", 1}, {"owner_id", 1}, {"owner", "dine.cpp:1"},
            {"text", "other loop 1, task of dine.cpp:1"}};
        asks.update(more);
        Json both = table(8, {{"loop", 1}});
        both["loops"][0]["tasks"][0]["sender"] = "task 'Hume' of loop 0";
        both["loops"][0]["tasks"][0]["sender_id"] = 3;
        both["loops"].push_back(answer(Json::array({asks}), {{"loop", 0}})["loops"][0]);
        return both;
    };
    show_canned({look(Json::object())},
        [this] { EXPECT_TRUE(has(tool({"locks", canned_}).out, "deadlock: 2 tasks wait for each other")); });
    show_canned({look({{"limit_left", 5'000'000'000}})}, [this] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "for now: task 'Plato' works for task 'Hume' of loop 0, which has a time limit, 5"))
            << locks;
    });
    show_canned({look({{"cancelled", {{"kind", "request"}, {"text", "enough"}, {"since", 1}}}})}, [this] {
        const auto locks = tool({"locks", canned_}).out;
        EXPECT_TRUE(has(locks, "task 'Plato' works for task 'Hume' of loop 0, which is being cancelled")) << locks;
    });
}

TEST_F(InspectParts, a_deadlock_among_more_tasks_than_one_step_takes_is_certain) {
    const auto program = [](Stage& stage) -> Task<> {
        this_loop().set_exception_handler([](const ErrorContext&) {});
        Lock left("left fork"), right("right fork");
        Event bell("doorbell");
        const auto dine = [](Lock& first, Lock& second) -> Task<> {
            const auto one = co_await first.acquire();
            co_await yield_now();
            const auto two = co_await second.acquire();
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dine(left, right), {.name = "Plato"});
            group.spawn(dine(right, left), {.name = "Kant"});
            for (int i = 0; i < 4'900; ++i) group.spawn(wait_for(bell));  // a step takes 4096
            co_await stage.hold();
            group.cancel("seen");
        });
    };
    show(program,
        [this] {
            const auto locks = tool({"locks", self_}).out;
            EXPECT_TRUE(has(locks, "deadlock: 2 tasks wait for each other in a circle\n")) << locks;
            const auto why = tool({"why", "Kant", self_}).out;
            EXPECT_TRUE(has(why, "a circle, none of these can ever go on\n")) << why;
            RunningTool top({"top", self_, "--interval", "0.1"}, RunningTool::On::terminal);
            EXPECT_TRUE(top.await("TASK (n)")) << top.out;
            top.type("/Kant\r");
            EXPECT_TRUE(top.await("only 'Kant'")) << top.out;
            top.type("\r");
            EXPECT_TRUE(top.await("a circle, none of these can ever go on")) << "the next picture tells\n" << top.out;
            top.type("\x1bq");
        },
        {.on_deadlock = OnDeadlock::report});
}

TEST_F(InspectParts, a_program_out_of_descriptors_is_told_as_such) {
    RunningTool server({"serve", folder_, "--port", "0"});
    ASSERT_TRUE(server.await("Ctrl-C ends it")) << server.out;
    const std::string process = std::to_string(server.process());
    rlimit before{};
    ASSERT_EQ(::prlimit(server.process(), RLIMIT_NOFILE, nullptr, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;  // standard input, output and error have them
    ASSERT_EQ(::prlimit(server.process(), RLIMIT_NOFILE, &none, nullptr), 0);
    const auto list = tool({"ps"}).out;
    EXPECT_TRUE(has(list, "it has no descriptor left, of the 3 that it may have; `gyre fds " + process + "`")) << list;
    EXPECT_FALSE(has(list, "too busy")) << list;
    const auto descriptors = tool({"fds", process});
    EXPECT_EQ(descriptors.status, 1) << descriptors.out;
    EXPECT_TRUE(has(descriptors.out, process + ".sock listens\n")) << descriptors.out;
    EXPECT_TRUE(has(descriptors.out, "gyre: what its tasks do with them is not known: ")) << descriptors.out;
    EXPECT_TRUE(has(descriptors.out, "it has no descriptor left")) << descriptors.out;
    ASSERT_EQ(::prlimit(server.process(), RLIMIT_NOFILE, &before, nullptr), 0);
    const auto again = tool({"fds", process});
    EXPECT_EQ(again.status, 0) << again.out;
    EXPECT_TRUE(has(again.out, "task 'http server'")) << again.out;
}

TEST_F(InspectParts, output_that_cannot_be_written_is_an_error) {
    show(visited, [this] {
        const std::string errors = folder_ + "/errors";
        for (const std::string& command : {"ps " + self_, std::string("ps"), std::string("--version")}) {
            const int ended = std::system(("'" GYRE_TOOL "' " + command + " > /dev/full 2> '" + errors + "'").c_str());
            EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 1) << command << ": " << ended;
            const auto text = text_of_file("errors");
            EXPECT_EQ(text, "gyre: not all of the output could be written to standard output\n") << command;
        }
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        ::close(ends[0]);
        const int before = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        std::fflush(stdout);
        ::dup2(ends[1], STDOUT_FILENO);
        const int ended = std::system(("'" GYRE_TOOL "' ps " + self_ + " 2> '" + errors + "'").c_str());
        ::dup2(before, STDOUT_FILENO);
        ::close(before);
        ::close(ends[1]);
        EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == 1) << ended;
        EXPECT_EQ(text_of_file("errors"), "") << "whoever reads no more needs no complaint";
    });
}

}  // namespace gyre::testing

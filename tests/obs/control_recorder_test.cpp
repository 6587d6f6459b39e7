// The routes of the control socket that are about the recorder.

#include "obs/control_recorder.hpp"
#include "obs/program_loops.hpp"
#include "support/loops.hpp"

#include <gyre/http/test_client.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <csignal>
#include <thread>

namespace gyre::testing {

namespace {

auto site(obs::ProgramLoops& loops) -> http::App {
    http::App app;
    obs::add_recorder_routes(app, loops, "test", 4711);
    return app;
}

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

auto turns(int count) -> Task<> {
    for (int i = 0; i < count; ++i) co_await sleep(1us);
}

/// Looks at a loop of another thread whose task 'main' blocks it and whose task 'visitor' waits, through the routes.
/// @param before what the thread does before it blocks; null: nothing.
void with_blocked_loop(void (*before)(), Task<> (*look)(http::TestClient& client)) {
    std::atomic<EventLoop*> blocked = nullptr;
    std::atomic<bool> over = false;
    std::thread other([&] {
        run([&]() -> Task<> {
            Event bell("doorbell");
            auto visitor = spawn(wait_for(bell), {.name = "visitor"});
            co_await sleep(1ms);
            if (before != nullptr) before();
            blocked = &this_loop();
            while (!over) std::this_thread::yield();
            bell.set();
            co_await visitor.join();
        });
    });
    while (blocked == nullptr) std::this_thread::yield();
    TestLoop loop(kernel_backend());
    loop.run([&]() -> Task<> {
        obs::ProgramLoops loops(blocked.load()->siblings());
        http::TestClient client(site(loops));
        static_cast<void>(co_await client.put("/v1/recorder").body(R"({"on":true})").send());
        co_await sleep(20ms);
        co_await look(client);
        co_await sleep(5ms);  // what serves the client ends
    });
    over = true;
    other.join();
}

}  // namespace

GYRE_TEST(ControlRecorder, is_switched_and_read) {
    obs::ProgramLoops loops(this_loop().siblings());
    http::TestClient client(site(loops));
    const auto before = co_await client.get("/v1/trace").send();
    EXPECT_EQ(before.status(), 409) << "there is nothing yet";
    auto on = co_await client.put("/v1/recorder").body(R"({ "on": true })").send();
    EXPECT_EQ(on.status(), 200);
    const std::string answer = co_await on.text();
    EXPECT_EQ(answer, "{\"version\":1,\"on\":true,\"has_recording\":true}\n");
    EXPECT_TRUE(obs::is_recording(this_loop()));
    auto walker = spawn(turns(3), {.name = "walker"});
    co_await walker.join();
    auto trace = co_await client.get("/v1/trace").query("last", "10s").send();
    EXPECT_EQ(trace.header("Content-Type"), "application/octet-stream");
    const std::string bytes = co_await trace.text();
    EXPECT_NE(bytes.find("walker"), std::string::npos);
    auto folded = co_await client.get("/v1/folded").query("kind", "waiting").send();
    const std::string lines = co_await folded.text();
    EXPECT_NE(lines.find("walker;control_recorder_test.cpp:"), std::string::npos) << lines;
    static_cast<void>(co_await client.put("/v1/recorder").body(R"({"on":false})").send());
    EXPECT_FALSE(obs::is_recording(this_loop()));
    auto later = co_await client.get("/v1/folded").send();
    const std::string kept = co_await later.text();
    EXPECT_NE(kept.find("walker;"), std::string::npos) << "what there is stays";
}

GYRE_TEST(ControlRecorder, says_what_a_trigger_has_kept_and_begins_anew_with_the_same_options) {
    obs::ProgramLoops loops(this_loop().siblings());
    http::TestClient client(site(loops));
    auto none = co_await client.get("/v1/recorder").send();
    const std::string nothing = co_await none.text();
    EXPECT_EQ(nothing, "{\"version\":1,\"on\":false,\"has_recording\":false}\n");
    static std::string heard;
    heard.clear();
    obs::start_recording(this_loop(), {.on_trigger = [](const obs::Recording& recording) { heard = recording.reason; }});
    co_await turns(3);
    co_await sleep(5ms);
    obs::trigger_recorder(this_loop(), "the till is \"empty\"");
    EXPECT_EQ(heard, "the till is \"empty\"");
    auto kept = co_await client.get("/v1/recorder").query("length", "1").send();
    const std::string state = co_await kept.text();
    EXPECT_TRUE(state.starts_with(
        R"({"version":1,"on":false,"has_recording":true,"reason":"the till is \"empty\"","length_ns":)"))
        << state;
    EXPECT_FALSE(state.ends_with(":0}\n")) << state;
    static_cast<void>(co_await client.put("/v1/recorder").body(R"({"on":true})").send());
    heard.clear();
    obs::trigger_recorder(this_loop(), "again");
    EXPECT_EQ(heard, "again") << "the program's own function is told as before";
}

GYRE_TEST(ControlRecorder, refuses_what_it_does_not_understand) {
    obs::ProgramLoops loops(this_loop().siblings());
    http::TestClient client(site(loops));
    const auto body = co_await client.put("/v1/recorder").body("on").send();
    EXPECT_EQ(body.status(), 400);
    obs::start_recording(this_loop());
    for (const char* last : {"", "10", "0s", "-1s", "25h", "1441m", "1e3s"}) {
        const auto answer = co_await client.get("/v1/trace").query("last", last).send();
        EXPECT_EQ(answer.status(), 400) << last;
    }
    const auto longest = co_await client.get("/v1/trace").query("last", "1440m").send();
    EXPECT_EQ(longest.status(), 200);
    const auto kind = co_await client.get("/v1/folded").query("kind", "sleeping").send();
    EXPECT_EQ(kind.status(), 400);
}

GYRE_TEST(ControlRecorder, tells_where_tasks_stand_that_do_nothing) {
    obs::ProgramLoops loops(this_loop().siblings());
    http::TestClient client(site(loops));
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await sleep(1ms);
    obs::start_recording(this_loop(), {.bytes = 64U << 10});
    co_await turns(3'000);  // what was noted at the start is overwritten
    auto folded = co_await client.get("/v1/folded").send();
    EXPECT_NE(folded.header("Gyre-Tasks"), "0");
    EXPECT_FALSE(folded.header("Gyre-Notice")) << "nothing is missing";
    const std::string lines = co_await folded.text();
    EXPECT_NE(lines.find("visitor;control_recorder_test.cpp:"), std::string::npos) << lines;
    EXPECT_NE(lines.find(";event 'doorbell' "), std::string::npos) << lines;
    auto trace = co_await client.get("/v1/trace").send();
    const std::string bytes = co_await trace.text();
    EXPECT_NE(bytes.find("event 'doorbell'"), std::string::npos);
    bell.set();
    co_await visitor.join();
}

GYRE_TEST(ControlRecorder, says_how_far_the_ring_of_a_busy_loop_reaches_back) {
    obs::ProgramLoops loops(this_loop().siblings());
    http::TestClient client(site(loops));
    obs::start_recording(this_loop(), {.bytes = 64U << 10});
    co_await turns(3);
    const auto all = co_await client.get("/v1/folded").query("last", "10s").send();
    EXPECT_FALSE(all.header("Gyre-Notice")) << "it was not asked for longer than it records";
    co_await turns(3'000);
    for (const char* path : {"/v1/folded", "/v1/trace"}) {
        const auto cut = co_await client.get(path).query("last", "10s").send();
        const std::string notice(cut.header("Gyre-Notice").value_or(""));
        EXPECT_TRUE(notice.starts_with("the ring of loop 0 reaches back ")) << notice;
        EXPECT_TRUE(notice.ends_with(" only, of the 10 s that was asked for: RecorderOptions::bytes makes it larger"))
            << notice;
    }
}

TEST(ControlRecorder, tells_what_tasks_do_on_a_loop_that_does_not_come_back) {
    with_blocked_loop(nullptr, [](http::TestClient& client) -> Task<> {
        auto waiting = co_await client.get("/v1/folded").send();
        EXPECT_FALSE(waiting.header("Gyre-Notice"));
        const std::string waits = co_await waiting.text();
        auto running = co_await client.get("/v1/folded").query("kind", "running").send();
        const std::string runs = co_await running.text();
        const auto at = waits.find("visitor;control_recorder_test.cpp:");
        EXPECT_NE(at, std::string::npos) << waits;
        EXPECT_NE(waits.find(";event 'doorbell' ", at), std::string::npos) << waits;
        EXPECT_NE(runs.find("main;control_recorder_test.cpp:"), std::string::npos) << runs;
        auto trace = co_await client.get("/v1/trace").send();
        const std::string bytes = co_await trace.text();
        EXPECT_NE(bytes.find("event 'doorbell'"), std::string::npos);
        EXPECT_NE(bytes.find("running"), std::string::npos);
    });
}

TEST(ControlRecorder, says_that_the_tasks_of_a_loop_could_not_be_read) {
    const auto hear_no_signal = [] {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    };
    with_blocked_loop(hear_no_signal, [](http::TestClient& client) -> Task<> {
        auto answer = co_await client.get("/v1/folded").send();
        EXPECT_EQ(answer.header("Gyre-Tasks"), "0");
        EXPECT_EQ(answer.header("Gyre-Notice"),
            "loop 0 does not come back, and its tasks could not be read: only those that did something are here");
        const std::string lines = co_await answer.text();
        EXPECT_EQ(lines, "");
    });
}

TEST(ControlRecorder, says_how_long_it_has_recorded_also_if_nothing_happened) {
    with_blocked_loop(nullptr, [](http::TestClient& client) -> Task<> {
        auto answer = co_await client.get("/v1/recorder").query("length", "1").send();
        const std::string state = co_await answer.text();
        const auto at = state.find("\"length_ns\":");
        EXPECT_NE(at, std::string::npos) << state;
        EXPECT_GE(std::stoll(state.substr(at + 12)), 19'000'000) << state;
    });
}

}  // namespace gyre::testing

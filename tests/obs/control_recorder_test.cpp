// The routes of the control socket that are about the recorder.

#include "obs/control_recorder.hpp"
#include "support/loops.hpp"

#include <gyre/http/test_client.hpp>
#include <gyre/obs.hpp>

namespace gyre::testing {

namespace {

auto site() -> http::App {
    http::App app;
    obs::add_recorder_routes(app, this_loop().siblings(), "test", 4711);
    return app;
}

auto turns(int count) -> Task<> {
    for (int i = 0; i < count; ++i) co_await sleep(1us);
}

}  // namespace

GYRE_TEST(ControlRecorder, is_switched_and_read) {
    http::TestClient client(site());
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
    http::TestClient client(site());
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
    http::TestClient client(site());
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

}  // namespace gyre::testing

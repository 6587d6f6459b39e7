// How exactly a program measures, switched from outside while it runs; and how long it may be looked at for findings.

#include "support/loops.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/obs.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace gyre::testing {

namespace {

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

struct TimingAnswer {
    TimingAnswer() = default;
    int status = 0;
    std::string body;
};

}  // namespace

class ControlTiming : public ::testing::Test {
protected:
    ControlTiming() {
        std::string name = "/tmp/gyre-timing-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~ControlTiming() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] auto ask(std::string method, std::string path, std::string body = {}) const -> Task<TimingAnswer> {
        http::ClientOptions options;
        const std::string socket = folder_ + "/gyre/" + std::to_string(::getpid()) + ".sock";
        options.base_url = "http://gyre/";
        options.unix_socket = socket;
        http::Client client(options);
        auto response = co_await client.request(std::move(method), path).body(std::move(body)).send();
        TimingAnswer answer;
        answer.status = response.status();
        answer.body = co_await response.text();
        co_return answer;
    }

    std::string folder_;
};

TEST_F(ControlTiming, is_switched_on_every_loop) {
    RunOptions options;
    options.loops = 2;
    options.control = &obs::control_socket;
    const auto work = [this]() -> Task<> {
        const auto before = co_await ask("GET", "/v1/timing");
        EXPECT_TRUE(has(before.body, R"({"loop":0,"timing":"sampled"},{"loop":1,"timing":"sampled"})")) << before.body;
        const auto exact = co_await ask("PUT", "/v1/timing", R"({ "timing": "exact" })");
        EXPECT_EQ(exact.status, 200);
        EXPECT_TRUE(has(exact.body, R"({"loop":0,"timing":"exact"},{"loop":1,"timing":"exact"})")) << exact.body;
        EXPECT_EQ(this_loop().timing(), Timing::exact);
        auto measured = spawn(yield_now(), {.name = "measured"});
        co_await measured.join();
        EXPECT_GT(measured.stats().resumes, 0);
        const auto figures = co_await ask("GET", "/v1/figures");
        EXPECT_TRUE(has(figures.body, R"("timing":"exact")")) << figures.body;
        const auto off = co_await ask("PUT", "/v1/timing", R"({"timing":"off"})");
        EXPECT_TRUE(has(off.body, R"({"loop":0,"timing":"off"},{"loop":1,"timing":"off"})")) << off.body;
        EXPECT_EQ(this_loop().timing(), Timing::off);
        const auto sampled = co_await ask("PUT", "/v1/timing", R"({"timing":"sampled"})");
        EXPECT_TRUE(has(sampled.body, R"("timing":"sampled")")) << sampled.body;
    };
    run(work, options);
}

TEST_F(ControlTiming, takes_no_other_level) {
    const auto work = [this]() -> Task<> {
        for (const char* body :
            {"{}", R"({"timing":"all"})", R"({"timing":""})", R"({"timing":"exact)", R"("exact")", "x"}) {
            const auto answer = co_await ask("PUT", "/v1/timing", body);
            EXPECT_EQ(answer.status, 400) << body;
            EXPECT_TRUE(has(answer.body, "the body says")) << answer.body;
        }
        EXPECT_EQ(this_loop().timing(), Timing::sampled);
        const auto post = co_await ask("POST", "/v1/timing", "{}");
        EXPECT_EQ(post.status, 405);
    };
    run(work, {.control = &obs::control_socket});
}

TEST_F(ControlTiming, findings_take_no_longer_than_a_request_may) {
    const auto work = [this]() -> Task<> {
        const auto quick = co_await ask("GET", "/v1/findings?long=20");
        EXPECT_EQ(quick.status, 200);
        const auto slow = co_await ask("GET", "/v1/findings?long=20001");
        EXPECT_EQ(slow.status, 400);
        EXPECT_TRUE(has(slow.body, "long: milliseconds, from 1 to 20000")) << slow.body;
    };
    run(work, {.control = &obs::control_socket});
}

}  // namespace gyre::testing

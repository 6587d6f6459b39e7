// What a recording tells of tasks that do nothing while it is made: they wait since before it, and still do when it is read.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <source_location>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::testing {

namespace {

using obs::EventKind;
using obs::Recording;

constexpr std::string_view at_the_bell = ";event 'doorbell'";

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

auto turns(int count) -> Task<> {
    for (int i = 0; i < count; ++i) co_await sleep(1us);
}

/// How long a task waited at lines that end in `where`.
auto waited(const Recording& all, std::string_view task, std::string_view where) -> Duration {
    std::ostringstream out;
    obs::write_folded(out, all, obs::FoldedKind::waiting);
    std::istringstream in(out.str());
    Duration time{};
    for (std::string line; std::getline(in, line);) {
        const auto space = line.rfind(' ');
        const std::string stack = line.substr(0, space);
        const bool is_there = stack.find("recorder_standing_test.cpp:") != std::string::npos;
        if (is_there && stack.starts_with(std::string(task) + ";") && stack.ends_with(where)) {
            time += Duration(std::stoll(line.substr(space + 1)));
        }
    }
    return time;
}

/// What happened to a task, in order.
auto kinds_of(const Recording& all, std::string_view task) -> std::vector<EventKind> {
    std::vector<EventKind> kinds;
    for (const auto& event : all.loops.at(0).events) {
        if (event.task != 0 && all.task(event.task).name == task) kinds.push_back(event.kind);
    }
    return kinds;
}

}  // namespace

GYRE_TEST(RecorderStanding, a_wait_from_before_the_start_counts_from_there_until_it_is_read) {
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    const auto line = std::source_location::current().line() + 1;
    auto nameless = spawn(wait_for(bell));
    co_await sleep(5s);
    const Time start = this_loop().now();
    obs::start_recording(this_loop());
    co_await sleep(10s);
    const Recording all = obs::recording(this_loop());
    EXPECT_EQ(all.loops.at(0).begin, start);
    EXPECT_EQ(all.loops.at(0).end, start + 10s);
    EXPECT_EQ(waited(all, "visitor", at_the_bell), 10s);
    EXPECT_EQ(waited(all, "recorder_standing_test.cpp:" + std::to_string(line), at_the_bell), 10s) << "by its spawn";
    bell.set();
    co_await visitor.join();
    co_await nameless.join();
}

GYRE_TEST(RecorderStanding, a_wait_from_before_the_start_counts_until_it_ends) {
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await sleep(5s);
    obs::start_recording(this_loop());
    co_await sleep(3s);
    bell.set();
    co_await visitor.join();
    co_await sleep(1s);
    EXPECT_EQ(waited(obs::recording(this_loop()), "visitor", at_the_bell), 3s);
}

GYRE_TEST(RecorderStanding, a_wait_from_before_the_time_asked_for_counts_from_there) {
    obs::start_recording(this_loop());
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await sleep(10min);
    const Recording all = obs::recording(this_loop(), 2s);
    EXPECT_EQ(all.loops.at(0).end - all.loops.at(0).begin, 2s);
    EXPECT_EQ(waited(all, "visitor", at_the_bell), 2s);
    EXPECT_EQ(waited(obs::recording(this_loop()), "visitor", at_the_bell), 10min);
    bell.set();
    co_await visitor.join();
}

GYRE_TEST(RecorderStanding, a_wait_that_is_overwritten_counts_from_the_oldest_event) {
    Event bell("doorbell");
    obs::start_recording(this_loop(), {.bytes = 64U << 10});
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await turns(3'000);
    co_await sleep(1s);
    const Recording all = obs::recording(this_loop());
    const auto& loop = all.loops.at(0);
    EXPECT_GT(loop.overwritten, 0U);
    EXPECT_EQ(loop.begin, loop.events.at(0).when);
    EXPECT_GE(loop.end - loop.begin, 1s);
    EXPECT_EQ(waited(all, "visitor", at_the_bell), loop.end - loop.begin);
    bell.set();
    co_await visitor.join();
}

GYRE_TEST(RecorderStanding, what_is_ready_or_runs_at_the_start_does_not_wait) {
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    co_await sleep(1s);
    bell.set();  // the visitor is ready
    obs::start_recording(this_loop());
    co_await visitor.join();
    co_await sleep(1s);
    const Recording all = obs::recording(this_loop());
    EXPECT_EQ(waited(all, "visitor", at_the_bell), 0s);
    EXPECT_EQ(waited(all, "main", ";sleep"), 1s);
}

GYRE_TEST(RecorderStanding, a_task_whose_branches_wait_waits_and_one_with_a_ready_branch_does_not) {
    Event bell("doorbell");
    Event gate("gate");
    auto both = spawn([&]() -> Task<> { co_await gather(wait_for(bell), wait_for(bell)); }, {.name = "both"});
    auto one = spawn([&]() -> Task<> { co_await gather(wait_for(bell), wait_for(gate)); }, {.name = "one"});
    co_await sleep(1s);
    gate.set();
    obs::start_recording(this_loop());
    co_await sleep(10s);
    const Recording all = obs::recording(this_loop());
    EXPECT_EQ(waited(all, "both", ""), 10s);
    EXPECT_EQ(kinds_of(all, "both"), (std::vector{EventKind::found, EventKind::pause}));
    EXPECT_EQ(kinds_of(all, "one"), (std::vector{EventKind::found, EventKind::run, EventKind::pause}));
    bell.set();
    co_await both.join();
    co_await one.join();
}

GYRE_TEST(RecorderStanding, what_was_stopped_ends_there) {
    Event bell("doorbell");
    auto visitor = spawn(wait_for(bell), {.name = "visitor"});
    auto late = spawn(
        [&]() -> Task<> {
            co_await sleep(15s);
            co_await bell.wait();
        },
        {.name = "late"});
    obs::start_recording(this_loop());
    co_await sleep(10s);
    obs::stop_recording(this_loop());
    co_await sleep(10s);
    const Recording all = obs::recording(this_loop());
    EXPECT_EQ(waited(all, "visitor", at_the_bell), 10s);
    EXPECT_EQ(waited(all, "late", at_the_bell), 0s) << "it came there after the stop";
    EXPECT_EQ(waited(all, "late", ";sleep"), 10s);
    bell.set();
    co_await visitor.join();
    co_await late.join();
}

}  // namespace gyre::testing

// What a loop measures of itself: turns, slices, delays; and the switch for that.

#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <atomic>
#include <sstream>
#include <string>
#include <thread>

namespace gyre::testing {

namespace {

/// Keeps the loop busy for a while, by its own clock.
void toil_here(Duration length) {
    const Time end = this_loop().now() + length;
    while (this_loop().now() < end) {}
}

auto toil(Duration length) -> Task<> {
    toil_here(length);
    co_return;
}

auto turns(int count) -> Task<> {
    for (int i = 0; i < count; ++i) co_await sleep(1us);
}

}  // namespace

class FiguresOnKernel : public ::testing::Test {
protected:
    static auto figures_with(Timing timing) -> obs::Snapshot {
        obs::Snapshot all;
        run(
            [&]() -> Task<> {
                co_await sleep(1ms);
                auto slow = spawn(toil(3ms));
                auto late = spawn(sleep(1us));
                co_await slow.join();
                co_await late.join();
                co_await turns(40);
                all = obs::snapshot();
            },
            {.timing = timing});
        return all;
    }
};

TEST_F(FiguresOnKernel, of_an_exact_loop_are_of_every_slice) {
    const auto all = figures_with(Timing::exact);
    EXPECT_GE(all.slice.count, 44U);
    EXPECT_EQ(all.slice.count, all.delay.count);
    EXPECT_GE(all.slice.longest, Duration(3ms));
    EXPECT_LE(all.slice.p50, all.slice.p90);
    EXPECT_LE(all.slice.p99, all.slice.longest);
    EXPECT_GE(all.delay.longest, Duration(3ms)) << "the task behind the one that toils";
    EXPECT_GE(all.turn.count, 2U);
}

TEST_F(FiguresOnKernel, of_a_sampled_loop_are_of_one_turn_in_sixteen) {
    const auto all = figures_with(Timing::sampled);
    EXPECT_GE(all.turn.count, 2U);
    EXPECT_LE(all.turn.count, 10U);
    EXPECT_GE(all.delay.count, 1U) << "one in each such turn";
    EXPECT_LE(all.delay.count, all.turn.count);
    EXPECT_LE(all.slice.count, all.turn.count);
    std::ostringstream text;
    obs::write_text(text, all);
    EXPECT_NE(text.str().find("\n  turns: half within "), std::string::npos) << text.str();
    std::ostringstream json;
    obs::write_json(json, all);
    EXPECT_NE(json.str().find(R"("turn":{"count":)"), std::string::npos) << json.str();
}

TEST_F(FiguresOnKernel, of_a_sampled_loop_tell_how_long_the_ready_ones_wait) {
    obs::Snapshot all;
    const auto turn_after_turn = []() -> Task<> {
        for (int i = 0; i < 64; ++i) {
            toil_here(100us);
            co_await yield_now();
        }
    };
    run([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            for (int i = 0; i < 10; ++i) group.spawn(turn_after_turn());
        });
        all = obs::snapshot();
    });
    EXPECT_GE(all.delay.count, 3U);
    EXPECT_GE(all.delay.longest, Duration(500us)) << "each lets nine others go first";
    EXPECT_LT(all.delay.p50, Duration(20ms));
}

TEST_F(FiguresOnKernel, are_none_with_timing_off) {
    const auto all = figures_with(Timing::off);
    EXPECT_EQ(all.turn.count + all.slice.count + all.delay.count, 0U);
    std::ostringstream text;
    obs::write_text(text, all);
    EXPECT_EQ(text.str().find("turns"), std::string::npos) << text.str();
}

GYRE_TEST(Figures, can_be_switched_while_the_loop_runs) {
    co_await turns(40);
    EXPECT_GE(obs::snapshot().turn.count, 2U);
    this_loop().measure(false);
    co_await turns(40);
    EXPECT_EQ(obs::snapshot().turn.count, 0U);
    this_loop().measure(true);
    co_await turns(40);
    const auto count = obs::snapshot().turn.count;
    EXPECT_GE(count, 2U);
    this_loop().measure(true);
    EXPECT_EQ(obs::snapshot().turn.count, count) << "it is on";
}

TEST(FiguresText, has_no_number_of_a_loop_that_was_not_read_and_every_histogram_that_any_has) {
    std::vector<obs::LoopFigures> all(3);
    all[0].is_read = false;
    all[0].blocked_for = 2s;
    all[1].loop = 1;
    all[1].task_count = 7;
    all[1].histograms = {{"turn", {}}, {"accept", {}}};
    all[2].loop = 2;
    all[2].is_read = false;
    std::ostringstream out;
    obs::write_metrics(out, all);
    const std::string text = out.str();
    const auto has = [&text](std::string_view part) { return text.find(part) != std::string::npos; };
    EXPECT_TRUE(has("gyre_tasks{loop=\"1\"} 7\n")) << text;
    EXPECT_TRUE(has("gyre_loop_blocked{loop=\"0\"} 1\n")) << text;
    EXPECT_TRUE(has("gyre_loop_blocked{loop=\"1\"} 0\n")) << text;
    EXPECT_FALSE(has("gyre_loop_turns_total{loop=\"0\"}")) << text;
    EXPECT_FALSE(has("gyre_cancel_total{loop=\"0\"")) << text;
    EXPECT_FALSE(has("{loop=\"2\"")) << text;
    EXPECT_TRUE(has("gyre_accept_seconds_count{loop=\"1\"} 0\n")) << text;
}

TEST(FiguresText, comes_while_another_loop_of_the_run_is_blocked_and_says_so) {
    std::atomic<bool> is_blocked = false;
    std::atomic<bool> has_text = false;
    std::string text;
    std::string later;
    const std::string not_blocked = "gyre_loop_blocked{loop=\"1\"} 0\n";
    const auto has = [](const std::string& all, std::string_view part) { return all.find(part) != std::string::npos; };
    const auto block = [&]() -> Task<> {
        is_blocked = true;
        const auto end = backend::monotonic_time() + 10s;
        // seam: to block the loop is the point
        while (!has_text && backend::monotonic_time() < end) std::this_thread::yield();
        EXPECT_TRUE(has_text) << "it waits for this loop";
        co_return;
    };
    const auto ask = [&]() -> Task<> {
        while (!is_blocked) co_await sleep(1ms);
        text = co_await obs::metrics_text();
        has_text = true;
    };
    run(
        [&]() -> Task<> {
            auto blocked = on(loops()[1], block);
            auto asked = ask();
            co_await gather(std::move(blocked), std::move(asked));
            const auto end = backend::monotonic_time() + 10s;
            while (!has(later, not_blocked) && backend::monotonic_time() < end) later = co_await obs::metrics_text();
        },
        {.loops = 2});
    EXPECT_TRUE(has(text, "gyre_loop_blocked{loop=\"0\"} 0\n")) << text;
    EXPECT_TRUE(has(text, "gyre_loop_blocked{loop=\"1\"} 1\n")) << text;
    EXPECT_TRUE(has(text, "gyre_tasks{loop=\"0\"} ")) << text;
    EXPECT_FALSE(has(text, "gyre_tasks{loop=\"1\"} ")) << text;
    EXPECT_TRUE(has(later, not_blocked)) << later;
}

GYRE_TEST(Figures, of_io_are_how_long_tasks_waited_for_it) {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto port = listener.local_address().port();
    auto peer = spawn([port]() -> Task<> {
        co_await sleep(3ms);
        auto stream = co_await net::connect("127.0.0.1", port);
        co_await sleep(20ms);
        co_await stream.write("x");
        co_await sleep(1ms);
    });
    auto stream = co_await listener.accept();
    const std::string got = co_await stream.read_some(1);
    EXPECT_EQ(got, "x");
    co_await peer.join();
    const auto all = obs::snapshot();
    const auto& accept = all.io[static_cast<std::size_t>(IoKind::accept)];
    EXPECT_EQ(accept.count, 1U);
    EXPECT_EQ(accept.longest, Duration(3ms));
    const auto& receive = all.io[static_cast<std::size_t>(IoKind::receive)];
    EXPECT_EQ(receive.count, 1U);
    EXPECT_EQ(receive.longest, Duration(20ms));
    EXPECT_EQ(all.io[static_cast<std::size_t>(IoKind::send)].count, 0U) << "it did not have to wait";
    std::ostringstream text;
    obs::write_text(text, all);
    EXPECT_NE(text.str().find("\n  waits: receive: half within 20 ms"), std::string::npos) << text.str();
    std::ostringstream json;
    obs::write_json(json, all);
    EXPECT_NE(json.str().find(R"("io":{"accept":{"count":1,)"), std::string::npos) << json.str();
}

}  // namespace gyre::testing

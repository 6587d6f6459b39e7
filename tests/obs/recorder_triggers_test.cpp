// Triggers of the recorders of several loops.

#include "support/loops.hpp"

#include <gyre/obs.hpp>

#include <atomic>
#include <functional>
#include <thread>

namespace gyre::testing {

namespace {

std::atomic<int> triggers = 0;

void count_trigger(const obs::Recording&) { ++triggers; }

}  // namespace

TEST(RecorderTriggers, is_told_of_once_also_if_two_loops_pull_it_at_a_time) {
    constexpr int rounds = 300;
    run(
        []() -> Task<> {
            EventLoop& here = this_loop();
            EventLoop& there = loops()[1];
            for (int round = 1; round <= rounds; ++round) {
                obs::start_recording(here.siblings(), {.on = true, .on_trigger = count_trigger});
                std::atomic<int> ready = 0;
                const auto pull = [&ready](EventLoop& loop) {
                    ++ready;
                    while (ready < 2) continue;
                    obs::trigger_recorder(loop, "both");
                };
                std::thread other(pull, std::ref(there));
                pull(here);
                other.join();
                EXPECT_EQ(triggers, round);
            }
            co_return;
        },
        {.loops = 2});
}

}  // namespace gyre::testing

// What a recording tells of a task is what its own figures tell, in random programs.

#include "support/loops.hpp"
#include "support/random_program.hpp"

#include <gyre/core/task_clock.hpp>
#include <gyre/obs.hpp>

#include <map>

namespace gyre::testing {

namespace {

using obs::EventKind;

/// The figures of every task with a name, from its events alone.
auto figures_of(const obs::Recording& all) -> std::map<std::string, TaskStats> {
    std::vector<internal::TaskClock> clocks(all.tasks.size() + 1);
    std::map<std::string, TaskStats> figures;
    for (const auto& loop : all.loops) {
        for (const obs::RecordedEvent& event : loop.events) {
            internal::TaskClock& clock = clocks[event.task];
            switch (event.kind) {
            case EventKind::spawn:
                clock.spawned(event.when);
                break;
            case EventKind::wake:
                clock.queued(event.when);
                break;
            case EventKind::run:
                if (event.starts_slice) {
                    static_cast<void>(clock.resumed(event.when));
                } else {
                    clock.continued(event.when);
                }
                break;
            case EventKind::pause:
                clock.suspended(event.when);
                break;
            case EventKind::end:
                clock.ended(event.when);
                if (!all.task(event.task).name.empty()) figures[all.task(event.task).name] = clock.stats(event.when);
                break;
            default:
                break;
            }
        }
    }
    return figures;
}

auto text_of(const TaskStats& stats) -> std::string {
    std::string text;
    for (const auto part : {stats.init, stats.delay, stats.process, stats.wait, stats.first_delay, stats.resumes}) {
        text += std::to_string(part) + " ";
    }
    return text;
}

auto live(Dice& dice, std::uint64_t start) -> Task<> {
    co_await wander(dice, 4);
    if (start % 3 == 0) {
        auto eager = spawn(wander(dice, 2), {.start = Start::eager});
        static_cast<void>(co_await as_outcome(eager.join()));
    }
}

}  // namespace

TEST(RecorderLaw, events_agree_with_the_figures_of_tasks_in_random_programs) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        std::vector<TaskHandle<>> lives;
        TestLoop loop("sim", {.timing = Timing::exact, .recorder = {.on = true, .bytes = 8U << 20}});
        loop.allow_left_tasks();
        loop.allow_unreceived_errors();
        loop.run([&]() -> Task<> {
            for (std::uint64_t i = 0; i < 5; ++i) {
                const auto start = i % 2 == 0 ? Start::eager : Start::queued;
                lives.push_back(spawn(live(dice, seed + i), {.name = "life " + std::to_string(i), .start = start}));
                const Duration pause{static_cast<Duration::rep>(dice.roll(1'000'000))};
                co_await sleep(pause);
            }
            for (const auto& life : lives) co_await life.join();
        });
        const auto all = obs::recording(*loop);
        ASSERT_EQ(all.loops.at(0).overwritten, 0U);
        const auto figures = figures_of(all);
        for (std::size_t i = 0; i < lives.size(); ++i) {
            const auto found = figures.find("life " + std::to_string(i));
            ASSERT_NE(found, figures.end());
            EXPECT_EQ(text_of(found->second), text_of(lives[i].stats())) << "life " << i;
            EXPECT_GT(found->second.resumes, 0);
        }
        lives.clear();
    }
}

TEST(RecorderLaw, events_add_up_on_a_kernel_clock) {
    TestLoop loop(kernel_backend(), {.timing = Timing::exact, .recorder = {.on = true}});
    std::optional<TaskHandle<>> worker;
    loop.run([&]() -> Task<> {
        worker = spawn(
            []() -> Task<> {
                for (int i = 0; i < 3; ++i) {
                    for (const Time end = this_loop().now() + 2ms; this_loop().now() < end;) continue;
                    co_await sleep(3ms);
                }
            },
            {.name = "worker"});
        co_await worker->join();
    });
    const TaskStats seen = figures_of(obs::recording(*loop)).at("worker");
    EXPECT_EQ(seen.resumes, worker->stats().resumes);
    EXPECT_GE(seen.process, 5'500'000);
    EXPECT_GE(seen.wait, 8'500'000);
    EXPECT_EQ(seen.lifetime(), seen.init + seen.delay + seen.process + seen.wait);
}

}  // namespace gyre::testing

// Tasks are read in steps: how long a loop is paused is counted here in tasks and turns, not in time.

#include "obs/stepped_read.hpp"
#include "child_output.hpp"
#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <limits>
#include <memory>
#include <set>
#include <string>

namespace gyre::testing {

namespace {

constexpr std::size_t all_tasks = std::numeric_limits<std::size_t>::max();

/// Counts what the loop of this thread does for it in one turn.
class CountingAsker final : public obs::TaskAsker {
public:
    explicit CountingAsker(EventLoop& loop) : loop_(loop), turn_(loop.scheduler().turns) {}

    [[nodiscard]] auto is_gone() const noexcept -> bool override { return gone; }
    void goes_on(const obs::RawSnapshot& so_far) noexcept override { note(so_far); }
    void answer(std::shared_ptr<obs::RawSnapshot> raw) noexcept override {
        note(*raw);
        all = std::move(raw);
        arrived.set();
    }

    bool gone = false;
    Event arrived{"answer"};
    std::shared_ptr<obs::RawSnapshot> all;
    std::size_t steps = 0;
    std::size_t most_in_a_turn = 0;
    std::size_t waits = 0;  ///< Turns in which others were served.

private:
    void note(const obs::RawSnapshot& so_far) {
        if (so_far.tape.entries() == seen_) return void(++waits);
        const auto turn = loop_.scheduler().turns;
        EXPECT_GT(turn, turn_) << "two steps in one turn";
        turn_ = turn;
        const std::size_t entries = so_far.tape.entries();
        ++steps;
        most_in_a_turn = std::max(most_in_a_turn, entries - seen_);
        seen_ = entries;
    }

    EventLoop& loop_;
    std::uint64_t turn_;
    std::size_t seen_ = 0;
};

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

}  // namespace

class SteppedReads : public OnLoops {};
GYRE_ON_LOOPS(SteppedReads);

TEST_P(SteppedReads, pause_a_loop_of_100000_tasks_for_4096_of_them_at_a_time) {
    static constexpr std::size_t many = 100'000;
    run([]() -> Task<> {
        Event bell("doorbell");
        std::size_t ticks = 0;
        const auto tick = [&ticks]() -> Task<> {
            for (;;) {
                ++ticks;
                co_await yield_now();
            }
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < many; ++i) group.spawn(wait_for(bell));
            group.spawn(tick());
            co_await yield_now();
            const auto before = ticks;
            const auto asker = std::make_shared<CountingAsker>(this_loop());
            obs::read_in_steps(this_loop(), all_tasks, asker);
            co_await asker->arrived.wait();
            EXPECT_GE(asker->steps, many / obs::most_tasks_in_a_step);
            EXPECT_LE(asker->most_in_a_turn, obs::most_tasks_in_a_step);
            EXPECT_GT(ticks - before, asker->steps / 2) << "others run in between";
            EXPECT_TRUE(asker->all->is_complete);
            EXPECT_EQ(asker->all->steps, asker->steps);
            const auto all = obs::decode(*asker->all, {});
            EXPECT_EQ(all.tasks.size(), many + 2);
            EXPECT_EQ(all.steps, asker->steps);
            group.cancel("seen");
        });
    });
}

TEST_P(SteppedReads, of_few_tasks_take_one_step) {
    run([]() -> Task<> {
        Event bell("doorbell");
        auto visitor = spawn(wait_for(bell), {.name = "visitor"});
        const auto asker = std::make_shared<CountingAsker>(this_loop());
        obs::read_in_steps(this_loop(), all_tasks, asker);
        co_await asker->arrived.wait();
        EXPECT_EQ(asker->steps, 1U);
        EXPECT_EQ(obs::decode(*asker->all, {}).tasks.size(), 2U);
        bell.set();
        co_await visitor.join();
    });
}

TEST_P(SteppedReads, end_at_as_many_tasks_as_were_asked_for) {
    run([]() -> Task<> {
        Event bell("doorbell");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 30; ++i) group.spawn(wait_for(bell));
            const auto asker = std::make_shared<CountingAsker>(this_loop());
            obs::read_in_steps(this_loop(), 20, asker, 8);
            co_await asker->arrived.wait();
            EXPECT_EQ(asker->steps, 3U);
            EXPECT_FALSE(asker->all->is_complete);
            const auto all = obs::decode(*asker->all, {});
            EXPECT_EQ(all.tasks.size(), 20U);
            EXPECT_EQ(all.task_count, 31U);
            bell.set();
        });
    });
}

TEST_P(SteppedReads, that_are_asked_for_at_once_come_one_after_the_other_while_tasks_come_and_go) {
    run([]() -> Task<> {
        Event bell("doorbell");
        bool over = false;
        const auto come_and_go = [&over]() -> Task<> {
            while (!over) {
                auto guest = spawn(sleep(1us), {.name = "guest"});
                co_await yield_now();
                guest.cancel();
                static_cast<void>(co_await as_outcome(guest.join()));
            }
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 100; ++i) group.spawn(wait_for(bell), {.name = "stays"});
            for (int i = 0; i < 10; ++i) group.spawn(come_and_go(), {.name = "host"});
            std::vector<std::shared_ptr<CountingAsker>> askers;
            for (int i = 0; i < 4; ++i) {
                askers.push_back(std::make_shared<CountingAsker>(this_loop()));
                obs::read_in_steps(this_loop(), all_tasks, askers.back(), 7);
            }
            for (const auto& asker : askers) {
                co_await asker->arrived.wait();
                const auto all = obs::decode(*asker->all, {});
                std::set<std::uint64_t> staying;
                for (const auto& task : all.tasks) {
                    if (task.name == "stays") staying.insert(task.id);
                }
                EXPECT_EQ(staying.size(), 100U);
                EXPECT_LE(asker->most_in_a_turn, 7U);
                EXPECT_GE(asker->steps, 110U / 7);
            }
            EXPECT_EQ(askers[0]->waits, 0U);
            EXPECT_GE(askers[1]->waits, askers[0]->steps - 1) << "it waits for the first";
            over = true;
            bell.set();
        });
    });
}

TEST_P(SteppedReads, that_nobody_waits_for_any_more_make_room_for_the_next) {
    run([]() -> Task<> {
        Event bell("doorbell");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 50; ++i) group.spawn(wait_for(bell));
            const auto first = std::make_shared<CountingAsker>(this_loop());
            const auto second = std::make_shared<CountingAsker>(this_loop());
            obs::read_in_steps(this_loop(), all_tasks, first, 1);
            obs::read_in_steps(this_loop(), all_tasks, second, 1);
            while (first->steps < 5) co_await yield_now();
            first->gone = true;
            co_await second->arrived.wait();
            EXPECT_EQ(first->all, nullptr);
            EXPECT_TRUE(second->all->is_complete);
            EXPECT_EQ(second->steps, 51U);
            bell.set();
        });
    });
}

TEST(SteppedRead, that_the_end_of_its_loop_cuts_off_gives_what_it_has) {
    std::shared_ptr<CountingAsker> asker;
    run([&]() -> Task<> {
        for (int i = 0; i < 50; ++i) static_cast<void>(spawn(sleep(1h), {.name = "left"}));
        co_await yield_now();
        asker = std::make_shared<CountingAsker>(this_loop());
        obs::read_in_steps(this_loop(), all_tasks, asker, 1);
        while (asker->steps < 5) co_await yield_now();
    });
    ASSERT_NE(asker->all, nullptr);
    EXPECT_GE(obs::decode(*asker->all, {}).tasks.size(), 5U);
}

TEST(SteppedRead, is_refused_by_a_loop_that_is_closed) {
    EventLoop loop;
    const auto asker = std::make_shared<CountingAsker>(loop);
    loop.close();
    EXPECT_THROW(obs::read_in_steps(loop, all_tasks, asker), LoopError);
    EXPECT_EQ(asker->all, nullptr);
}

TEST(SteppedRead, is_what_sigquit_shows_of_100000_tasks) {
    const std::string text = error_output_of([](const std::string& path) {
        run(
            [&path]() -> Task<> {
                Event bell("doorbell");
                co_await task_group([&](TaskGroup& group) -> Task<> {
                    for (int i = 0; i < 100'000; ++i) group.spawn(wait_for(bell), {.name = "visitor"});
                    co_await yield_now();
                    const auto turns = this_loop().scheduler().turns;
                    ::kill(::getpid(), SIGQUIT);
                    const auto end = backend::monotonic_time() + 60s;
                    while (!file_has(path, "task 'main'") && backend::monotonic_time() < end) co_await sleep(1ms);
                    if (this_loop().scheduler().turns - turns > 24) backend::write_to_standard_error("went on\n");
                    group.cancel("seen");
                });
            },
            {.dump_on_quit = true});
    });
    EXPECT_NE(text.find("100001 tasks, "), std::string::npos) << text.substr(0, 1000);
    EXPECT_NE(text.find("100000 tasks of stepped_read_test.cpp:"), std::string::npos) << text.substr(0, 1000);
    EXPECT_NE(text.find("went on\n"), std::string::npos) << text.substr(0, 1000);
    const auto at = text.find("; read in ");
    ASSERT_NE(at, std::string::npos) << text.substr(0, 1000);
    EXPECT_GE(std::stoul(text.substr(at + 10)), 100'000 / obs::most_tasks_in_a_step);
}

}  // namespace gyre::testing

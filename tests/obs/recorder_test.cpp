// The recorder: what it keeps of a program, how it is switched, what stops it.

#include "support/loops.hpp"

#include <gyre/backend/sim.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

using obs::EventKind;
using obs::RecordedEvent;
using obs::Recording;
using obs::WakeBy;

constexpr RunOptions recorded{.recorder = {.on = true}};

/// The number of the task with a name; 0: there is none.
auto task_called(const Recording& all, std::string_view name) -> std::uint32_t {
    for (std::size_t i = 0; i < all.tasks.size(); ++i) {
        if (all.tasks[i].name == name) return static_cast<std::uint32_t>(i + 1);
    }
    return 0;
}

/// The events of a kind that a task has, in order.
auto events_of(const Recording& all, std::string_view name, EventKind kind) -> std::vector<RecordedEvent> {
    std::vector<RecordedEvent> found;
    for (const auto& loop : all.loops) {
        for (const RecordedEvent& event : loop.events) {
            if (event.task != 0 && event.task == task_called(all, name) && event.kind == kind) found.push_back(event);
        }
    }
    return found;
}

auto turns(int count) -> Task<> {
    for (int i = 0; i < count; ++i) co_await sleep(1us);
}

/// What a trigger has given, by whatever thread.
struct Triggered {
    std::atomic<int> count = 0;
    Recording recording;

    static auto here() -> Triggered& {
        static Triggered triggered;
        return triggered;
    }
    static void take(const Recording& recording) {
        here().recording = recording;
        ++here().count;
    }
    static void clear() {
        here().count = 0;
        here().recording = {};
    }
};

}  // namespace

TEST(Recorder, tells_the_life_of_a_task_that_is_gone) {
    TestLoop loop("sim", recorded);
    loop.run([]() -> Task<> {
        Event bell("bell");
        auto visitor = spawn(
            [&]() -> Task<> {
                co_await bell.wait();
                co_await sleep(2ms);
            },
            {.name = "visitor"});
        auto ringer = spawn(
            [&]() -> Task<> {
                co_await sleep(1ms);
                bell.set();
            },
            {.name = "ringer"});
        co_await visitor.join();
        co_await ringer.join();
    });
    const Recording all = obs::recording(*loop);
    ASSERT_EQ(all.loops.size(), 1U);
    EXPECT_EQ(all.loops[0].backend, "sim");
    EXPECT_EQ(all.loops[0].overwritten, 0U);

    const auto spawned = events_of(all, "visitor", EventKind::spawn);
    ASSERT_EQ(spawned.size(), 1U);
    EXPECT_EQ(spawned[0].other, task_called(all, "main"));
    EXPECT_EQ(all.task(spawned[0].task).spawned.file, "recorder_test.cpp");

    const auto wakes = events_of(all, "visitor", EventKind::wake);
    ASSERT_EQ(wakes.size(), 3U);
    EXPECT_EQ(wakes[0].other, task_called(all, "main")) << "to begin";
    EXPECT_EQ(wakes[1].by, WakeBy::task);
    EXPECT_EQ(wakes[1].other, task_called(all, "ringer"));
    EXPECT_EQ(wakes[1].when, wakes[0].when + 1ms);
    EXPECT_EQ(wakes[2].by, WakeBy::timer);
    EXPECT_EQ(wakes[2].other, 0U);

    const auto pauses = events_of(all, "visitor", EventKind::pause);
    ASSERT_EQ(pauses.size(), 2U);
    EXPECT_EQ(pauses[0].wait, WaitKind::event);
    EXPECT_EQ(all.text(pauses[0].object), "bell");
    ASSERT_NE(pauses[0].stack, 0U);
    EXPECT_EQ(all.stacks[pauses[0].stack - 1].back().file, "recorder_test.cpp");
    EXPECT_EQ(pauses[1].wait, WaitKind::sleep);
    EXPECT_NE(pauses[0].stack, pauses[1].stack);

    EXPECT_EQ(events_of(all, "visitor", EventKind::run).size(), 3U);
    const auto ends = events_of(all, "visitor", EventKind::end);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].outcome, obs::TaskOutcome::value);
    EXPECT_EQ(ends[0].when, wakes[0].when + 3ms);
    const auto join = events_of(all, "main", EventKind::wake);
    EXPECT_TRUE(std::any_of(join.begin(), join.end(), [&](const RecordedEvent& wake) {
        return wake.other == task_called(all, "visitor");
    })) << "its end wakes who joins it";
}

TEST(Recorder, tells_who_cancelled_and_how_a_task_ended) {
    TestLoop loop("sim", recorded);
    loop.run([]() -> Task<> {
        auto idler = spawn(sleep(1h), {.name = "idler"});
        auto faulty = spawn(
            []() -> Task<> {
                co_await sleep(1ms);
                throw std::runtime_error("on purpose");
            },
            {.name = "faulty"});
        static_cast<void>(co_await as_outcome(faulty.join()));
        idler.cancel("enough");
        static_cast<void>(co_await as_outcome(idler.join()));
    });
    const Recording all = obs::recording(*loop);
    const auto cancels = events_of(all, "idler", EventKind::cancel);
    ASSERT_EQ(cancels.size(), 1U);
    EXPECT_EQ(all.text(cancels[0].object), "enough");
    EXPECT_EQ(cancels[0].other, task_called(all, "main"));
    EXPECT_EQ(cancels[0].cancel, CancelKind::request);
    EXPECT_EQ(cancels[0].place.file, "recorder_test.cpp");
    const auto wakes = events_of(all, "idler", EventKind::wake);
    ASSERT_FALSE(wakes.empty());
    EXPECT_TRUE(wakes.back().to_stop);
    EXPECT_FALSE(wakes.front().to_stop);
    EXPECT_EQ(events_of(all, "idler", EventKind::end).at(0).outcome, obs::TaskOutcome::cancelled);
    EXPECT_EQ(events_of(all, "faulty", EventKind::end).at(0).outcome, obs::TaskOutcome::error);
}

TEST(Recorder, knows_a_task_whose_spawn_was_overwritten) {
    TestLoop loop("sim", {.recorder = {.on = true, .bytes = 64U << 10}});
    loop.run([]() -> Task<> {
        auto old = spawn(sleep(1s), {.name = "old"});
        for (int i = 0; i < 3'000; ++i) {
            auto other = spawn(yield_now());
            co_await other.join();
        }
        co_await old.join();
    });
    const Recording all = obs::recording(*loop);
    EXPECT_EQ(all.loops[0].events.size(), 2048U - 1) << "64 KiB, less the one that a writer might be at";
    EXPECT_GT(all.loops[0].overwritten, 10'000U);
    EXPECT_TRUE(events_of(all, "old", EventKind::spawn).empty());
    EXPECT_EQ(events_of(all, "old", EventKind::end).size(), 1U);
}

class RecorderOn : public ::testing::TestWithParam<std::string> {};

TEST_P(RecorderOn, tells_of_io_what_woke_and_how_it_ended) {
    TestLoop loop(GetParam(), recorded);
    loop.run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto client = co_await net::connect("127.0.0.1", listener.local_address().port());
        auto server = co_await listener.accept();
        auto reader = spawn(
            [&]() -> Task<> {
                const std::string text = co_await client.read_some(100);
                EXPECT_EQ(text, "hello");
            },
            {.name = "reader"});
        co_await sleep(1ms);
        co_await server.write("hello");
        co_await reader.join();
    });
    const Recording all = obs::recording(*loop);
    const auto begins = events_of(all, "reader", EventKind::io_begin);
    ASSERT_EQ(begins.size(), 1U);
    EXPECT_EQ(begins[0].io, IoKind::receive);
    EXPECT_GE(begins[0].value, 0) << "its descriptor";
    const auto ends = events_of(all, "reader", EventKind::io_end);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].value, 5);
    const auto wakes = events_of(all, "reader", EventKind::wake);
    ASSERT_EQ(wakes.size(), 2U);
    EXPECT_EQ(wakes[1].by, WakeBy::io);
    const auto pauses = events_of(all, "reader", EventKind::pause);
    ASSERT_EQ(pauses.size(), 1U);
    EXPECT_EQ(pauses[0].wait, WaitKind::socket);
    EXPECT_EQ(all.text(pauses[0].object), "receive");
    EXPECT_EQ(pauses[0].value, begins[0].value);
}

TEST_P(RecorderOn, dates_events_by_the_clock_of_the_loop) {
    TestLoop loop(GetParam(), recorded);
    Time before{};
    Time after{};
    loop.run([&]() -> Task<> {
        before = this_loop().now();
        auto task = spawn(sleep(5ms), {.name = "sleeper"});
        co_await task.join();
        after = this_loop().now();
    });
    const Recording all = obs::recording(*loop);
    const auto runs = events_of(all, "sleeper", EventKind::run);
    ASSERT_EQ(runs.size(), 2U);
    constexpr Duration near = 1ms;  // the counter of the processor against the clock
    EXPECT_GE(runs[0].when, before - near);
    EXPECT_GE(runs[1].when - runs[0].when, 5ms - near);
    EXPECT_LE(runs[1].when, after + near);
    const auto& events = all.loops[0].events;
    EXPECT_TRUE(std::is_sorted(
        events.begin(), events.end(), [](const RecordedEvent& a, const RecordedEvent& b) { return a.when < b.when; }));
}

TEST_P(RecorderOn, counts_tasks_and_what_is_ready_at_each_turn) {
    TestLoop loop(GetParam(), recorded);
    loop.run([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 7; ++i) group.spawn(turns(3));
            co_return;
        });
    });
    std::int64_t most = 0;
    const Recording all = obs::recording(*loop);
    for (const RecordedEvent& event : all.loops[0].events) {
        if (event.kind == EventKind::turn) most = std::max(most, event.value);
    }
    EXPECT_EQ(most, 8);
}

GYRE_ON_LOOPS(RecorderOn);

TEST(Recorder, gives_the_last_of_it_alone_when_asked_to) {
    TestLoop loop("sim", recorded);
    loop.run([]() -> Task<> {
        auto first = spawn(sleep(1s), {.name = "first"});
        co_await first.join();
        co_await sleep(10s);
        auto second = spawn(sleep(1s), {.name = "second"});
        co_await second.join();
    });
    const Recording all = obs::recording(*loop, 5s);
    EXPECT_TRUE(events_of(all, "first", EventKind::end).empty());
    EXPECT_EQ(events_of(all, "second", EventKind::spawn).size(), 1U);
    EXPECT_EQ(events_of(obs::recording(*loop), "first", EventKind::end).size(), 1U);
}

GYRE_TEST(Recorder, is_off_until_it_is_switched_on_and_after_it_is_switched_off) {
    auto& loop = this_loop();
    EXPECT_FALSE(obs::is_recording(loop));
    EXPECT_TRUE(obs::recording(loop).loops.empty());
    auto before = spawn(turns(3), {.name = "before"});
    co_await before.join();
    auto across = spawn(sleep(1s), {.name = "across"});
    co_await turns(1);
    obs::start_recording(loop);
    EXPECT_TRUE(obs::is_recording(loop));
    auto within = spawn(turns(3), {.name = "within"});
    co_await within.join();
    co_await across.join();
    obs::stop_recording(loop);
    EXPECT_FALSE(obs::is_recording(loop));
    auto after = spawn(turns(3), {.name = "after"});
    co_await after.join();
    const Recording all = obs::recording(loop);
    EXPECT_EQ(task_called(all, "before"), 0U);
    EXPECT_EQ(task_called(all, "after"), 0U);
    EXPECT_EQ(events_of(all, "within", EventKind::end).size(), 1U);
    EXPECT_EQ(events_of(all, "across", EventKind::end).size(), 1U) << "it was there before";
    EXPECT_EQ(events_of(all, "main", EventKind::run).at(0).when, all.loops[0].events[0].when)
        << "it ran when it was switched on";
    const auto pauses = events_of(all, "main", EventKind::pause);
    EXPECT_EQ(pauses.at(0).wait, WaitKind::join) << "in the slice in which it was switched on";
    EXPECT_NE(pauses.at(0).stack, 0U);
    obs::start_recording(loop);
    EXPECT_EQ(task_called(obs::recording(loop), "within"), 0U) << "a new one";
}

TEST(Recorder, refuses_options_that_make_no_sense) {
    TestLoop loop;
    EXPECT_EQ(error_of([&] { obs::start_recording(*loop, {.bytes = 1000}); }),
        "recorder: 1000 bytes for each loop: from 65536 to 1073741824 are possible");
    EXPECT_EQ(error_of([&] { obs::start_recording(*loop, {.turn_limit = -1ms}); }), "recorder: a limit is negative");
    loop->close();
    EXPECT_EQ(error_of([&] { obs::start_recording(*loop); }), "start_recording: this loop is closed");
}

TEST(Recorder, same_seed_same_recording) {
    const auto trace_of = [](std::uint64_t seed) {
        TestLoop loop(backend::SimOptions{.seed = seed}, recorded);
        loop.run([]() -> Task<> {
            Queue<int> queue(2, "belt");
            co_await task_group([&](TaskGroup& group) -> Task<> {
                for (int i = 0; i < 4; ++i) {
                    group.spawn(
                        [&queue, i]() -> Task<> { co_await queue.put(i); }, {.name = "maker " + std::to_string(i)});
                }
                for (int i = 0; i < 4; ++i) {
                    const auto item = co_await queue.get();
                    co_await sleep(Duration(*item * 1000));
                }
            });
        });
        std::ostringstream out;
        obs::write_perfetto(out, obs::recording(*loop));
        return out.str();
    };
    EXPECT_EQ(trace_of(7), trace_of(7));
    EXPECT_NE(trace_of(7), trace_of(8));
}

// --- read by other threads; tests/core/recorder_threads_test.cpp has them switch it ---------------------------------------

TEST(Recorder, of_a_loop_that_is_blocked_is_read_by_others) {
    Recording all;
    run(
        [&]() -> Task<> {
            auto& loop = this_loop();
            auto worker = spawn(turns(3), {.name = "worker"});
            co_await worker.join();
            std::thread([&] { all = obs::recording(loop); }).join();  // blocks it
        },
        recorded);
    EXPECT_EQ(events_of(all, "worker", EventKind::end).size(), 1U);
}

// --- triggers -----------------------------------------------------------------------------------------------------------

class RecorderTrigger : public ::testing::Test {
protected:
    void SetUp() override { Triggered::clear(); }
};

TEST_F(RecorderTrigger, of_the_program_stops_and_gives_what_was_before) {
    TestLoop loop("sim", {.recorder = {.on = true, .on_trigger = Triggered::take}});
    loop.run([]() -> Task<> {
        auto before = spawn(turns(3), {.name = "before"});
        co_await before.join();
        obs::trigger_recorder(this_loop(), "the till is empty");
        EXPECT_FALSE(obs::is_recording(this_loop()));
        auto after = spawn(turns(3), {.name = "after"});
        co_await after.join();
        obs::trigger_recorder(this_loop(), "too late");
    });
    EXPECT_EQ(Triggered::here().count, 1);
    EXPECT_EQ(Triggered::here().recording.reason, "the till is empty");
    EXPECT_EQ(events_of(Triggered::here().recording, "before", EventKind::end).size(), 1U);
    const Recording kept = obs::recording(*loop);
    EXPECT_EQ(kept.reason, "the till is empty");
    EXPECT_EQ(task_called(kept, "after"), 0U);
}

TEST_F(RecorderTrigger, can_be_armed_again_by_who_is_told) {
    static EventLoop* told = nullptr;
    TestLoop loop("sim", {.recorder = {.on = true, .on_trigger = [](const Recording& recording) {
                                           Triggered::take(recording);
                                           obs::start_recording(*told);
                                       }}});
    told = &*loop;
    loop.run([]() -> Task<> {
        obs::trigger_recorder(this_loop(), "first");
        auto after = spawn(turns(3), {.name = "after"});
        co_await after.join();
    });
    EXPECT_EQ(Triggered::here().count, 1);
    EXPECT_EQ(events_of(obs::recording(*loop), "after", EventKind::end).size(), 1U);
}

TEST_F(RecorderTrigger, is_a_deadlock_of_tasks) {
    TestLoop loop("sim", {.on_deadlock = OnDeadlock::raise,
                             .recorder = {.on = true, .stop_on_deadlock = true, .on_trigger = Triggered::take}});
    loop.run([]() -> Task<> {
        Lock left("left");
        Lock right("right");
        const auto dine = [](Lock& first, Lock& second) -> Task<> {
            auto one = co_await first.acquire();
            co_await sleep(1ms);
            auto two = co_await second.acquire();
        };
        static_cast<void>(co_await as_outcome(task_group([&](TaskGroup& group) {
            group.spawn(dine(left, right), {.name = "Plato"});
            group.spawn(dine(right, left), {.name = "Kant"});
        })));
    });
    ASSERT_EQ(Triggered::here().count, 1);
    EXPECT_TRUE(Triggered::here().recording.reason.starts_with("deadlock: 2 tasks"))
        << Triggered::here().recording.reason;
    EXPECT_EQ(events_of(Triggered::here().recording, "Plato", EventKind::pause).size(), 2U);
}

TEST_F(RecorderTrigger, is_simulated_time_that_cannot_go_on) {
    TestLoop loop("sim", {.recorder = {.on = true, .stop_on_deadlock = true, .on_trigger = Triggered::take}});
    const auto ended = loop->run_to_outcome([]() -> Task<> {
        Event never("never");
        co_await never.wait();
    });
    EXPECT_TRUE(ended.is_error());
    ASSERT_EQ(Triggered::here().count, 1);
    EXPECT_NE(Triggered::here().recording.reason.find("event 'never'"), std::string::npos);
}

TEST_F(RecorderTrigger, is_a_turn_that_is_too_long_one_time_in_a_hundred) {
    const auto toil = [](Duration length) {
        for (const Time end = this_loop().now() + length; this_loop().now() < end;) continue;
    };
    const auto works_with = [&](Duration limit) {
        run(
            [&]() -> Task<> {
                const Time end = this_loop().now() + 20s;
                int rounds = 0;
                while (Triggered::here().count == 0 && rounds < 6'000 && this_loop().now() < end) {
                    co_await sleep(1us);
                    toil(400us);
                    ++rounds;
                }
            },
            {.recorder = {.on = true, .turn_limit = limit, .on_trigger = Triggered::take}});
    };
    works_with(1h);
    EXPECT_EQ(Triggered::here().count, 0);
    works_with(200us);
    ASSERT_EQ(Triggered::here().count, 1);
    EXPECT_TRUE(Triggered::here().recording.reason.starts_with("one in a hundred times a turn of the loop took "))
        << Triggered::here().recording.reason;
}

TEST_F(RecorderTrigger, is_a_delay_that_is_too_long_one_time_in_a_hundred) {
    run(
        []() -> Task<> {
            EXPECT_EQ(this_loop().timing(), Timing::exact);
            const Time end = this_loop().now() + 20s;
            while (Triggered::here().count == 0 && this_loop().now() < end) {
                auto late = spawn(yield_now());
                for (const Time busy = this_loop().now() + 100us; this_loop().now() < busy;) continue;
                co_await late.join();
                co_await sleep(1us);
            }
        },
        {.recorder = {.on = true, .delay_limit = 1us, .on_trigger = Triggered::take}});
    ASSERT_EQ(Triggered::here().count, 1);
    EXPECT_TRUE(Triggered::here().recording.reason.starts_with("one in a hundred times the delay of a task took "))
        << Triggered::here().recording.reason;
}

TEST_F(RecorderTrigger, is_a_stall) {
    run(
        []() -> Task<> {
            co_await sleep(1ms);
            const auto end = backend::monotonic_time() + 10s;
            while (Triggered::here().count == 0 && backend::monotonic_time() < end) continue;
        },
        {.recorder = {.on = true, .stop_on_stall = true, .on_trigger = Triggered::take},
            .stall_limit = 10ms,
            .on_stall = [](const obs::StallReport&) {}});
    ASSERT_EQ(Triggered::here().count, 1);
    EXPECT_TRUE(Triggered::here().recording.reason.starts_with("loop 0 has not come back for "))
        << Triggered::here().recording.reason;
    EXPECT_EQ(events_of(Triggered::here().recording, "main", EventKind::run).size(), 2U) << "the slice that it is in";
}

}  // namespace gyre::testing

// What `obs::findings` says of who has his turn and who has not: tasks that spin, that wake each other, or that starve.

#include "support/loops.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/obs.hpp>

#include <sstream>

namespace gyre::testing {

namespace {

using obs::Finding;
using obs::Rule;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto text_of(const std::vector<Finding>& found) -> std::string {
    std::ostringstream all;
    obs::write_text(all, found);
    return all.str();
}

auto count(const std::vector<Finding>& found, Rule rule) -> std::size_t {
    std::size_t count = 0;
    for (const Finding& finding : found) count += finding.rule == rule ? 1 : 0;
    return count;
}

auto only(const std::vector<Finding>& found, Rule rule) -> Finding {
    EXPECT_EQ(count(found, rule), 1U) << to_string(rule) << " in\n" << text_of(found);
    for (const Finding& finding : found) {
        if (finding.rule == rule) return finding;
    }
    return {};
}

auto stop(TaskHandle<void>& task) -> Task<> {
    task.cancel();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error()) << "CancelledError";
}

auto spin() -> Task<> {
    for (;;) co_await sleep(0s);
}

/// What is found on a loop of the kernel's, as time does not pass on a simulated one that is always busy.
template<class W>
auto found_beside(const RunOptions& options, W work) -> std::vector<Finding> {
    TestLoop loop(kernel_backend(), options);
    std::vector<Finding> found;
    loop.run([&]() -> Task<> {
        auto task = spawn(work(), {.name = "to blame"});
        found = co_await obs::examine({.long_wait = 200ms, .long_slice = 1h});
        co_await stop(task);
    });
    return found;
}

}  // namespace

TEST(Turns, of_a_task_that_spins_alone_nobody_is_the_victim) {
    for (const Timing timing : {Timing::sampled, Timing::exact, Timing::off}) {
        const auto found = found_beside({.timing = timing}, spin);
        const Finding finding = only(found, Rule::self_wake);
        EXPECT_EQ(finding.task, "to blame");
        EXPECT_TRUE(has(finding.text, "is woken at once by each of its waits")) << finding.text;
        EXPECT_EQ(found.size(), 1U) << text_of(found);
    }
}

TEST(Turns, a_task_that_catches_its_cancellation_is_told_once_and_as_that) {
    TestLoop loop(kernel_backend());
    std::vector<Finding> found;
    bool over = false;
    const auto go_on = [&over]() -> Task<> {
        while (!over) {
            const auto turned_away = co_await as_outcome(sleep(10ms));
        }
    };
    loop.run([&]() -> Task<> {
        auto task = spawn(go_on(), {.name = "stubborn"});
        co_await yield_now();
        task.cancel("shutting down");
        found = co_await obs::examine({.long_wait = 200ms, .long_slice = 1h});
        over = true;
        const auto ended = co_await as_outcome(task.join());
    });
    const Finding finding = only(found, Rule::cancel_ignored);
    EXPECT_EQ(finding.task, "stubborn");
    EXPECT_TRUE(has(finding.text, "it catches its cancellation and goes on, at turns_test.cpp:")) << finding.text;
    EXPECT_TRUE(has(finding.text, "shutting down")) << finding.text;
    EXPECT_EQ(found.size(), 1U) << text_of(found);
}

TEST(Turns, tasks_that_wake_each_other_without_end_are_a_busy_loop) {
    for (const Timing timing : {Timing::sampled, Timing::exact}) {
        Event ping("ping");
        Event pong("pong");
        const auto answer = [&]() -> Task<> {
            for (;;) {
                co_await ping.wait();
                ping.clear();
                pong.set();
            }
        };
        const auto ask = [&]() -> Task<> {
            for (;;) {
                ping.set();
                co_await pong.wait();
                pong.clear();
            }
        };
        TestLoop loop(kernel_backend(), {.timing = timing});
        std::vector<Finding> found;
        loop.run([&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(answer(), {.name = "other"});
                group.spawn(ask(), {.name = "first"});
                found = co_await obs::examine({.long_wait = 200ms, .long_slice = 1h});
                group.cancel("seen");
            });
        });
        const Finding finding = only(found, Rule::busy_loop);
        EXPECT_EQ(finding.severity, obs::Severity::note);
        EXPECT_TRUE(finding.task == "first" || finding.task == "other") << finding.task;
        EXPECT_TRUE(has(finding.text, "slices a second")) << finding.text;
        EXPECT_TRUE(has(finding.text, "tasks wake each other again and again; busiest: '")) << finding.text;
        EXPECT_EQ(found.size(), 1U) << text_of(found);
    }
}

TEST(Turns, a_server_under_load_is_no_busy_loop) {
    TestLoop loop(kernel_backend());
    std::vector<Finding> found;
    loop.run([&]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto answer = [](net::Stream stream) -> Task<> {
            std::vector<std::byte> bytes(16);
            for (;;) {
                const std::size_t size = co_await stream.read_some(bytes);
                if (size == 0) co_return;
                co_await stream.write(std::span(bytes).first(size));
            }
        };
        const auto ask = [&]() -> Task<> {
            auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
            std::vector<std::byte> bytes(16);
            for (;;) {
                co_await stream.write(bytes);
                const std::size_t size = co_await stream.read_some(bytes);
                EXPECT_GT(size, 0U);
            }
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 8; ++i) group.spawn(ask(), {.name = "client"});
            for (int i = 0; i < 8; ++i) {
                auto stream = co_await listener.accept();
                group.spawn(answer(std::move(stream)), {.name = "connection"});
            }
            found = co_await obs::examine({.long_wait = 200ms, .long_slice = 1h});
            group.cancel("seen");
        });
    });
    EXPECT_EQ(count(found, Rule::busy_loop), 0U) << text_of(found);
    EXPECT_EQ(count(found, Rule::self_wake), 0U) << text_of(found);
}

namespace {

/// A loop as five looks of one second show it: two tasks that take their turns from each other, and what you add.
struct Seen {
    std::uint64_t slices = 5'000'000;
    std::uint64_t turns = 20'000;
    std::uint64_t waits = 0;  ///< For I/O that ended.
    std::uint32_t timers = 0;
    std::size_t tasks = 2;

    [[nodiscard]] auto looks() const -> std::vector<obs::Snapshot> {
        std::vector<obs::Snapshot> looks(5);
        for (std::size_t i = 0; i < looks.size(); ++i) {
            obs::Snapshot& look = looks[i];
            look.taken = Time{} + 250ms * static_cast<int>(i);
            look.slices = slices * i / 4;
            look.turns = turns * i / 4;
            look.turn.count = look.turns;
            look.io[0].count = waits * i / 4;
            look.timers_fired = timers * static_cast<std::uint32_t>(i) / 4;
            look.ready = 1;
            look.task_count = tasks;
            look.tasks.resize(tasks);
            for (std::size_t task = 0; task < tasks; ++task) {
                look.tasks[task].id = task + 1;
                look.tasks[task].name = "task " + std::to_string(task + 1);
            }
            obs::TaskInfo& first = look.tasks.front();
            first.state = obs::TaskState::ready;
            first.stack.woken_from = WaitKind::event;
            for (std::size_t task = 1; task < tasks; ++task) {
                look.tasks[task].stack.wait.emplace().kind = WaitKind::event;
            }
        }
        return looks;
    }
    [[nodiscard]] auto is_busy_loop() const -> bool { return count(obs::findings(looks()), Rule::busy_loop) == 1; }
};

}  // namespace

TEST(Turns, who_has_a_reason_from_outside_for_so_many_slices_is_no_busy_loop) {
    EXPECT_TRUE(Seen().is_busy_loop());
    EXPECT_EQ(only(obs::findings(Seen().looks()), Rule::busy_loop).task, "task 1");
    EXPECT_TRUE(Seen{.timers = 50}.is_busy_loop()) << "something ticks beside them";
    EXPECT_FALSE(Seen{.waits = 10'000}.is_busy_loop()) << "a server: 500 slices for each request";
    EXPECT_FALSE(Seen{.timers = 1000}.is_busy_loop()) << "timers do it";
    EXPECT_FALSE((Seen{.waits = 50, .tasks = 20'000}.is_busy_loop())) << "each event wakes many tasks";
    EXPECT_FALSE(Seen{.slices = 10'000}.is_busy_loop()) << "few slices: long ones, or seldom";
    EXPECT_FALSE(Seen{.turns = 1'000'000}.is_busy_loop()) << "the ready queue ran empty: it may have slept";
    auto counted_ahead = Seen().looks();
    counted_ahead.front().slices = counted_ahead.back().slices + 64;
    EXPECT_EQ(count(obs::findings(counted_ahead), Rule::busy_loop), 0U) << "the first look was in the middle of a turn";
    auto from_thread = Seen().looks();
    from_thread[2].tasks[0].stack.woken_from = WaitKind::executor;
    EXPECT_EQ(count(obs::findings(from_thread), Rule::busy_loop), 0U) << "another thread gives it work";
    auto waits_anew = Seen().looks();
    waits_anew[4].tasks[1].stack.wait->kind = WaitKind::loop;
    EXPECT_EQ(count(obs::findings(waits_anew), Rule::busy_loop), 0U) << "another loop gives it work";
    auto unmeasured = Seen().looks();
    unmeasured.back().turn.count = 0;
    unmeasured.back().in_flight = 1;
    EXPECT_EQ(count(obs::findings(unmeasured), Rule::busy_loop), 0U) << "whether I/O ends is not known";
}

TEST(Turns, who_was_ready_at_each_look_and_had_turns_in_between_does_not_starve) {
    const auto starved = [](const std::vector<obs::Snapshot>& looks) {
        return count(obs::findings(looks), Rule::starved) == 1;
    };
    auto looks = Seen{.slices = 2000, .tasks = 3}.looks();
    for (obs::Snapshot& look : looks) look.ready = 600;
    EXPECT_TRUE(starved(looks)) << "500 slices between two looks, and 600 were ahead";
    looks = Seen{.slices = 8000, .tasks = 3}.looks();
    for (obs::Snapshot& look : looks) look.ready = 600;
    EXPECT_FALSE(starved(looks)) << "it had its turn: others were as ready as it was, as on any busy loop";
    for (obs::Snapshot& look : looks) {
        look.tasks[1].state = obs::TaskState::ready;
        look.tasks[1].priority = Priority::high;
    }
    EXPECT_TRUE(starved(looks)) << "who has a higher priority had them";
    looks = Seen{.slices = 4, .tasks = 3}.looks();
    EXPECT_FALSE(starved(looks)) << "there is nobody else";
}

TEST(Turns, who_is_woken_from_outside_or_by_others_does_not_spin) {
    const auto spins = [](std::optional<WaitKind> kind, const Seen& seen) {
        auto looks = seen.looks();
        for (obs::Snapshot& look : looks) look.tasks[0].stack.woken_from = kind;
        return count(obs::findings(looks), Rule::self_wake) == 1;
    };
    EXPECT_TRUE(spins(WaitKind::sleep, {}));
    EXPECT_FALSE(spins(WaitKind::socket, {})) << "a fast peer";
    EXPECT_FALSE(spins(WaitKind::event, {})) << "somebody sets it";
    EXPECT_FALSE(spins(std::nullopt, {})) << "it has not begun";
    EXPECT_FALSE(spins(WaitKind::sleep, {.waits = 1'000'000})) << "I/O goes on beside it";
    EXPECT_FALSE(spins(WaitKind::sleep, {.slices = 900})) << "it sleeps in between, and comes when it is looked at";
}

}  // namespace gyre::testing

// What `obs::findings` says of tasks that go wrong, and that it says nothing of those that do not.

#include "support/loops.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/udp.hpp>
#include <gyre/obs.hpp>

#include <sstream>

namespace gyre::testing {

namespace {

using obs::Finding;
using obs::Rule;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

/// The only finding of a rule; the test fails if there is none, or more.
auto only(const std::vector<Finding>& found, Rule rule) -> Finding {
    std::vector<Finding> of_rule;
    for (const Finding& finding : found) {
        if (finding.rule == rule) of_rule.push_back(finding);
    }
    std::ostringstream all;
    obs::write_text(all, found);
    EXPECT_EQ(of_rule.size(), 1U) << to_string(rule) << " in\n" << all.str();
    return of_rule.empty() ? Finding() : of_rule.front();
}

auto stop(TaskHandle<void>& task) -> Task<> {
    task.cancel();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error()) << "CancelledError";
}

auto hold(Lock& lock, AnyDuration length) -> Task<> {
    const auto held = co_await lock.acquire();
    co_await sleep(length);
}
constexpr unsigned hold_line = __LINE__ - 2;

/// Suspends and tells nobody: what an awaitable must not do.
class Forgetful final : public internal::Wait {
public:
    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept { frame = frame_; }
    void await_resume() const noexcept {}
    void cancel() noexcept override {}
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return {}; }

    static inline internal::Frame* frame = nullptr;
};

}  // namespace

GYRE_TEST(Findings, of_a_program_that_is_well_are_none) {
    Queue<int> jobs(1, "jobs");
    Lock lock("journal");
    const auto worker = [&]() -> Task<> {
        for (int i = 0; i < 100; ++i) {
            const auto job = co_await jobs.get();
            EXPECT_TRUE(job.has_value());
            const auto held = co_await lock.acquire();
            co_await sleep(20ms);
        }
    };
    const auto producer = [&]() -> Task<> {
        for (int i = 0; i < 200; ++i) {
            co_await jobs.put(i);
            co_await sleep(25ms);
        }
    };
    const auto found = co_await task_group([&](TaskGroup& group) -> Task<std::vector<Finding>> {
        group.spawn(worker());
        group.spawn(worker());
        group.spawn(producer());
        co_await sleep(50ms);
        auto all = co_await obs::examine();
        co_return all;
    });
    std::ostringstream all;
    obs::write_text(all, found);
    EXPECT_TRUE(found.empty()) << all.str();
}

GYRE_TEST(Findings, locks_that_are_held_at_one_line_are_one_finding) {
    std::vector<std::unique_ptr<Lock>> locks;
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            locks.push_back(std::make_unique<Lock>("cache " + std::to_string(i)));
            group.spawn(hold(*locks.back(), 1h));
            group.spawn(hold(*locks.back(), 1ms));
        }
        const auto found = co_await obs::examine();
        EXPECT_EQ(only(found, Rule::lock_held).count, 3U);
        group.cancel("seen");
    });
}

GYRE_TEST(Findings, who_waits_for_a_lock_himself_is_not_blamed_for_the_one_he_holds) {
    Lock first("first");
    Lock second("second");
    const auto take_both = [&]() -> Task<> {
        const auto one = co_await first.acquire();
        const auto two = co_await second.acquire();
    };
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(hold(second, 1h), {.name = "to blame"});
        group.spawn(take_both(), {.name = "between"});
        group.spawn(hold(first, 1ms), {.name = "last"});
        const auto found = co_await obs::examine();
        EXPECT_EQ(only(found, Rule::lock_held).task, "to blame");
        group.cancel("seen");
    });
}

GYRE_TEST(Findings, that_need_all_tasks_say_so_when_not_all_were_looked_at) {
    Event never("never");
    const auto wait = [&never]() -> Task<> { co_await never.wait(); };
    co_await task_group([&](TaskGroup& group) -> Task<> {
        for (int i = 0; i < 20; ++i) group.spawn(wait());
        co_await yield_now();
        const auto part = obs::findings(obs::snapshot(obs::SnapshotOptions{.most_tasks = 20}));
        const Finding finding = only(part, Rule::not_all_seen);
        EXPECT_EQ(finding.severity, obs::Severity::note);
        EXPECT_TRUE(has(finding.text, "20 of 21 tasks were looked at")) << finding.text;
        const auto all = obs::findings(obs::snapshot(obs::SnapshotOptions{.most_tasks = 21}));
        EXPECT_TRUE(all.empty() || all.front().rule != Rule::not_all_seen);
        group.cancel("seen");
    });
}

TEST(Findings, say_so_if_an_earlier_look_had_not_all) {
    std::vector<obs::Snapshot> looks(2);
    for (std::size_t i = 0; i < looks.size(); ++i) {
        looks[i].taken = Time{} + 1s * static_cast<int>(i);
        looks[i].task_count = 20;
        looks[i].tasks.resize(20);
        for (std::size_t task = 0; task < 20; ++task) looks[i].tasks[task].id = task + 1;
    }
    EXPECT_TRUE(obs::findings(looks).empty());
    looks[0].tasks.resize(10);
    const Finding finding = only(obs::findings(looks), Rule::not_all_seen);
    EXPECT_EQ(finding.severity, obs::Severity::note);
    EXPECT_TRUE(has(finding.text, "10 of 20 tasks: of the others it cannot be told what lasts")) << finding.text;
}

TEST(Findings, more_and_more_tasks_are_seen_also_where_a_look_has_not_all) {
    std::vector<obs::Snapshot> looks(3);
    for (std::size_t i = 0; i < looks.size(); ++i) {
        looks[i].taken = Time{} + 1s * static_cast<int>(i);
        looks[i].task_count = 1000 * (i + 1);
        looks[i].tasks.resize(10);
        for (std::size_t task = 0; task < 10; ++task) {
            looks[i].tasks[task].id = task + 1;
            looks[i].tasks[task].spawned = {"main.cpp", "serve", task < 3 ? 10U : 20U};
        }
    }
    const Finding finding = only(obs::findings(looks), Rule::growing);
    EXPECT_EQ(finding.place.line, 20U) << "most are from there";
    EXPECT_TRUE(has(finding.text, "3000 tasks in all, most of them spawned here, 2000 more than 2 s ago"))
        << finding.text;
}

TEST(Findings, of_a_loop_that_nobody_runs_are_none) {
    obs::Snapshot look;
    look.is_read = false;
    EXPECT_TRUE(obs::findings(look).empty());
}

GYRE_TEST(Findings, a_lock_that_is_held_across_a_long_wait_names_the_holder_and_its_line) {
    Lock lock("cache");
    auto holder = spawn(hold(lock, 1h), {.name = "holder"});
    auto waiter = spawn(hold(lock, 1ms), {.name = "waiter"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::lock_held);
    EXPECT_EQ(finding.task, "holder");
    EXPECT_EQ(finding.severity, obs::Severity::warning);
    EXPECT_EQ(finding.place.file, "findings_test.cpp");
    EXPECT_EQ(finding.place.line, hold_line);
    EXPECT_TRUE(has(finding.text, "holds lock 'cache' and waits on sleep")) << finding.text;
    EXPECT_TRUE(has(finding.text, "1 task waits for the lock")) << finding.text;
    co_await stop(holder);
    co_await waiter.join();
}

GYRE_TEST(Findings, a_lock_that_is_held_for_less_than_the_limit_is_none) {
    Lock lock("cache");
    auto holder = spawn(hold(lock, 900ms), {.name = "holder"});
    auto waiter = spawn(hold(lock, 1ms), {.name = "waiter"});
    const auto found = co_await obs::examine();
    EXPECT_TRUE(found.empty());
    co_await holder.join();
    co_await waiter.join();
}

GYRE_TEST(Findings, a_holder_of_tokens_that_waits_is_named) {
    CapacityLimiter limiter(1, "uplink");
    const auto use = [&](AnyDuration length) -> Task<> {
        const auto token = co_await limiter.acquire();
        co_await sleep(length);
    };
    auto one = spawn(use(1h), {.name = "one"});
    auto two = spawn(use(1ms), {.name = "two"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::permit_held);
    EXPECT_EQ(finding.task, "one");
    EXPECT_TRUE(has(finding.text, "holds one of capacity limiter 'uplink' and waits on sleep")) << finding.text;
    one.cancel();
    co_await two.join();
}

TEST(Findings, of_a_circle_names_all_of_it_from_one_look) {
    TestLoop loop("sim", {.on_deadlock = OnDeadlock::report});
    loop.allow_unreceived_errors();
    Lock left("left");
    Lock right("right");
    const auto dine = [](Lock& first, Lock& second) -> Task<> {
        const auto one = co_await first.acquire();
        co_await sleep(1ms);
        const auto two = co_await second.acquire();
    };
    std::vector<Finding> found;
    loop.run([&]() -> Task<> {
        auto plato = spawn(dine(left, right), {.name = "Plato"});
        auto kant = spawn(dine(right, left), {.name = "Kant"});
        co_await sleep(5ms);
        found = obs::findings(obs::snapshot());
        co_await stop(plato);
        co_await kant.join();  // it gets what Plato has given up
    });
    const Finding finding = only(found, Rule::wait_circle);
    EXPECT_EQ(finding.severity, obs::Severity::error);
    EXPECT_TRUE(has(finding.text, "2 tasks wait for each other")) << finding.text;
    EXPECT_TRUE(has(finding.text, "'Plato' waits on lock 'right', which task 'Kant' holds")) << finding.text;
    EXPECT_TRUE(has(finding.text, "'Kant' waits on lock 'left', which task 'Plato' holds")) << finding.text;
}

GYRE_TEST(Findings, who_has_a_time_limit_is_in_no_circle) {
    Lock left("left");
    Lock right("right");
    const auto dine = [](Lock& first, Lock& second) -> Task<> {
        const auto one = co_await first.acquire();
        co_await sleep(1ms);
        const auto two = co_await move_on_after(1h, second.acquire());
    };
    auto plato = spawn(dine(left, right), {.name = "Plato"});
    auto kant = spawn(dine(right, left), {.name = "Kant"});
    co_await sleep(5ms);
    const auto found = obs::findings(obs::snapshot());
    EXPECT_TRUE(found.empty());
    co_await stop(plato);
    co_await kant.join();  // it gets what Plato has given up
}

TEST(Findings, what_nothing_can_wake_is_found_when_the_loop_is_at_rest) {
    Event bell("doorbell");
    TestLoop loop(kernel_backend());
    std::vector<Finding> found;
    const auto wait = [&]() -> Task<> { co_await bell.wait(); };
    auto visitor = loop->run_until_complete([&]() -> Task<TaskHandle<void>> {
        auto spawned = spawn(wait(), {.name = "visitor"});
        co_await yield_now();
        found = obs::findings(obs::snapshot());
        EXPECT_TRUE(found.empty()) << "this task runs, and could set it";
        co_return spawned;
    });
    found = obs::findings(obs::snapshot(*loop));
    const Finding finding = only(found, Rule::never_woken);
    EXPECT_EQ(finding.task, "visitor");
    EXPECT_TRUE(has(finding.text, "waits on event 'doorbell', and nothing can wake it")) << finding.text;
    EXPECT_TRUE(has(std::string(finding.advice), "set the event")) << finding.advice;
    loop.run([&]() -> Task<> {
        bell.set();
        co_await visitor.join();
    });
}

GYRE_TEST(Findings, a_full_queue_counts_those_who_wait) {
    Queue<int> jobs(2, "jobs");
    const auto produce = [&]() -> Task<> {
        for (int i = 0;; ++i) co_await jobs.put(i);
    };
    auto one = spawn(produce(), {.name = "one"});
    auto two = spawn(produce(), {.name = "two"});
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::queue_full);
    EXPECT_EQ(finding.task, "one");
    EXPECT_TRUE(has(finding.text, "queue 'jobs' is full (2 items)")) << finding.text;
    EXPECT_TRUE(has(finding.text, "2 tasks wait for room")) << finding.text;
    co_await stop(one);
    co_await stop(two);
}

GYRE_TEST(Findings, a_cancelled_task_that_stays_says_why_it_was_cancelled) {
    Event over("over");
    const auto body = []() -> Task<> { co_await sleep(1h); };
    const auto clean_up = [&]() -> Task<> { co_await over.wait(); };
    const auto stubborn = [&]() -> Task<> { co_await try_finally(body, clean_up); };
    auto task = spawn(stubborn(), {.name = "stubborn"});
    co_await yield_now();
    task.cancel("not wanted");
    const auto found = co_await obs::examine();
    const Finding finding = only(found, Rule::cancel_ignored);
    EXPECT_EQ(finding.task, "stubborn");
    EXPECT_TRUE(has(finding.text, "has not ended: it waits on event 'over'")) << finding.text;
    EXPECT_TRUE(has(finding.text, "not wanted")) << finding.text;
    over.set();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error()) << "CancelledError";
}

TEST(Findings, a_task_that_was_dropped_and_an_error_that_nobody_received) {
    TestLoop loop;
    loop.allow_unreceived_errors();
    std::vector<Finding> found;
    const auto never = []() -> Task<> { co_return; };
    const auto fail = []() -> Task<> {
        co_await yield_now();
        throw std::runtime_error("disk full");
    };
    loop.run([&]() -> Task<> {
        { const auto dropped = never(); }
        spawn(fail(), {.name = "sync"});
        co_await sleep(1ms);
        found = obs::findings(obs::snapshot());
    });
    const Finding dropped = only(found, Rule::never_started);
    EXPECT_EQ(dropped.task, "main");
    EXPECT_EQ(dropped.place.file, "findings_test.cpp");
    const Finding error = only(found, Rule::unreceived_error);
    EXPECT_TRUE(has(error.text, "task 'sync' (findings_test.cpp:")) << error.text;
    EXPECT_TRUE(has(error.text, "disk full")) << error.text;
}

GYRE_TEST(Findings, a_task_that_is_dropped_while_something_is_unwound_is_none) {
    const auto never = []() -> Task<> { co_return; };
    const auto keep = [&]() -> Task<> {
        const auto kept = never();
        co_await sleep(1h);
    };
    auto task = spawn(keep());
    co_await yield_now();
    task.cancel();
    co_await sleep(1ms);
    EXPECT_EQ(obs::snapshot().never_started_count, 0U);
}

TEST(Findings, a_long_slice_names_its_task_with_exact_timing) {
    TestLoop loop(kernel_backend(), {.timing = Timing::exact});
    std::vector<Finding> found;
    const auto crunch = []() -> Task<> {
        co_await yield_now();
        const auto end = backend::monotonic_time() + 10ms;
        while (backend::monotonic_time() < end) {}
        co_await yield_now();
    };
    loop.run([&]() -> Task<> {
        auto task = spawn(crunch(), {.name = "cruncher"});
        co_await task.join();
        found = obs::findings(obs::snapshot());
    });
    const Finding finding = only(found, Rule::long_slice);
    EXPECT_EQ(finding.task, "cruncher");
    EXPECT_EQ(finding.place.file, "findings_test.cpp");
    EXPECT_EQ(finding.severity, obs::Severity::note) << "the clock goes on while other programs have the core";
    EXPECT_TRUE(has(finding.text, "ms by the clock without a wait")) << finding.text;
    EXPECT_TRUE(has(finding.text, "If the machine was busy")) << finding.text;
}

GYRE_TEST(Findings, of_a_peer_that_does_not_read_say_that) {
    auto listener = co_await net::listen("127.0.0.1", 0);
    auto stream = co_await net::connect("127.0.0.1", listener.local_address().port());
    const auto peer = co_await listener.accept();
    const auto send = [&stream]() -> Task<> {
        const std::string much(64 << 20, 'x');
        co_await stream.write(much);
    };
    auto sender = spawn(send(), {.name = "sender"});
    const auto found = co_await obs::examine({.long_wait = 50ms});
    const Finding finding = only(found, Rule::silent_peer);
    EXPECT_EQ(finding.task, "sender");
    EXPECT_TRUE(has(finding.text, "no time limit ends that: the peer does not read")) << finding.text;
    co_await stop(sender);
}

GYRE_TEST(Findings, who_waits_for_datagrams_has_no_peer_that_is_silent) {
    auto socket = co_await net::UdpSocket::bind("127.0.0.1", 0);
    const auto receive = [&socket]() -> Task<> { static_cast<void>(co_await socket.receive()); };
    auto receiver = spawn(receive(), {.name = "receiver"});
    const auto found = co_await obs::examine({.long_wait = 50ms});
    EXPECT_TRUE(found.empty()) << found.front().text;
    co_await stop(receiver);
}

TEST(Findings, a_wait_that_told_nobody_is_certain) {
#ifdef NDEBUG
    EventLoop loop(backend::make_sim_backend());
    obs::Snapshot look;
    loop.call_later(1ms, [&] {
        look = obs::snapshot(loop);
        loop.scheduler().wake(*Forgetful::frame);
    });
    loop.run_until_complete([]() -> Task<> { co_await Forgetful(); });
    const auto found = obs::findings(look);
    EXPECT_EQ(only(found, Rule::lost_wait).task, "main");
#else
    const auto forget = [] {
        EventLoop loop(backend::make_sim_backend());
        loop.run_until_complete([]() -> Task<> { co_await Forgetful(); });
    };
    EXPECT_DEATH(forget(), "told nobody");
#endif
}

TEST(Findings, of_a_loop_that_blocks_are_certain_from_the_limit_on_and_keep_what_was_seen_before) {
    std::vector<obs::Snapshot> looks(3);
    looks[0].unreceived_errors = 1;
    looks[1] = looks[0];
    looks[1].taken = looks[0].taken + 500ms;
    looks[2].taken = looks[0].taken + 1s;
    looks[2].blocked_for = 100ms;
    looks[2].blocked_by = "page faults";
    auto found = obs::findings(looks);
    Finding blocked = only(found, Rule::long_slice);
    EXPECT_EQ(blocked.severity, obs::Severity::warning);
    EXPECT_EQ(blocked.text, "blocks its loop since 100 ms: page faults");
    EXPECT_EQ(only(found, Rule::unreceived_error).severity, obs::Severity::note);
    looks[2].blocked_for = 1s;
    found = obs::findings(looks);
    blocked = only(found, Rule::never_yields);
    EXPECT_EQ(blocked.severity, obs::Severity::error);
    EXPECT_EQ(found.front().rule, Rule::never_yields) << "the worst comes first";
    only(found, Rule::unreceived_error);
    EXPECT_EQ(obs::findings(looks[2]).size(), 1U);
}

TEST(Findings, take_one_look_at_least) {
    EXPECT_THROW(static_cast<void>(obs::findings(std::span<const obs::Snapshot>())), std::invalid_argument);
}

TEST(Findings, are_written_as_text_and_json) {
    const std::vector<Finding> found{{Rule::queue_full, obs::Severity::warning, "a \"b\"", 7, {"main.cpp", "f", 20},
        "queue is full", "take more", 3}};
    std::ostringstream text;
    obs::write_text(text, found);
    EXPECT_EQ(text.str(),
        "warning: queue-full: task 'a \"b\"' and 2 more at main.cpp:20 in f\n    queue is full\n    advice: take "
        "more\n");
    std::ostringstream json;
    obs::write_json(json, found);
    EXPECT_EQ(json.str(),
        R"([{"rule":"queue-full","severity":"warning","task":"a \"b\"","task_id":7,"place":"main.cpp:20",)"
        R"("text":"queue is full","advice":"take more","count":3}])"
        "\n");
}

namespace {

/// Two tasks that wait for each other's locks, as one look shows them.
auto circle_of_two(std::size_t steps) -> obs::Snapshot {
    obs::Snapshot look;
    look.steps = steps;
    look.task_count = 2;
    for (const std::uint64_t id : {1U, 2U}) {
        obs::TaskInfo& task = look.tasks.emplace_back();
        task.id = id;
        task.name = id == 1 ? "Plato" : "Kant";
        obs::WaitInfo& wait = task.stack.wait.emplace();
        wait.kind = WaitKind::lock;
        wait.address = reinterpret_cast<const void*>(id * 8);
        wait.owner_id = 3 - id;
        wait.text = "lock";
    }
    return look;
}

auto circles_in(const std::vector<obs::Snapshot>& looks) -> std::size_t {
    std::size_t count = 0;
    for (const Finding& finding : obs::findings(looks)) count += finding.rule == Rule::wait_circle ? 1 : 0;
    return count;
}

}  // namespace

TEST(Findings, call_a_circle_one_that_was_seen_in_a_single_moment_or_twice) {
    const auto at_once = circle_of_two(1);
    EXPECT_EQ(circles_in({at_once}), 1U);
    auto in_steps = circle_of_two(2);
    EXPECT_EQ(circles_in({in_steps}), 0U) << "its tasks were looked at one after the other";
    auto again = in_steps;
    again.taken += Duration(1ms);
    EXPECT_EQ(circles_in({in_steps, again}), 1U);
    auto other_owner = again;
    other_owner.tasks[0].stack.wait->owner_id = 3;
    EXPECT_EQ(circles_in({other_owner, again}), 0U) << "the lock has changed hands";
    auto other_place = again;
    other_place.tasks[0].stack.wait->address = nullptr;
    EXPECT_EQ(circles_in({other_place, again}), 0U) << "it waited for another one";
    auto was_not_there = in_steps;
    was_not_there.tasks.pop_back();
    EXPECT_EQ(circles_in({was_not_there, again}), 0U);
}

}  // namespace gyre::testing

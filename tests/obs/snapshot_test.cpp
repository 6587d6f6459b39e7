// obs::snapshot: what each task does, as data; and what the two writers make of it.

#include "support/loops.hpp"

#include "obs/place.hpp"

#include <gyre/obs.hpp>

#include <sstream>

namespace gyre::testing {

namespace {

auto find(const obs::Snapshot& all, std::string_view name) -> const obs::TaskInfo& {
    for (const auto& task : all.tasks) {
        if (task.name == name) return task;
    }
    throw std::runtime_error("no task '" + std::string(name) + "'");
}

auto text_of(const obs::Snapshot& all, const obs::DumpOptions& options = {}) -> std::string {
    std::ostringstream out;
    obs::write_text(out, all, options);
    return out.str();
}

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto inner(Event& event) -> Task<> { co_await event.wait(); }
constexpr unsigned inner_line = __LINE__ - 1;
auto outer(Event& event) -> Task<> { co_await inner(event); }
constexpr unsigned outer_line = __LINE__ - 1;

}  // namespace

GYRE_TEST(Snapshot, shows_the_chain_of_awaits_and_the_object) {
    Event bell("doorbell");
    auto visitor = spawn(outer(bell), {.name = "visitor"});
    auto second = spawn(inner(bell), {.name = "second"});
    co_await sleep(1ms);
    const auto all = obs::snapshot();
    const auto& task = find(all, "visitor");
    EXPECT_EQ(task.state, obs::TaskState::waiting);
    EXPECT_EQ(task.stack.awaits.size(), 2U);
    EXPECT_EQ(task.stack.awaits[0].place.line, outer_line);
    EXPECT_EQ(task.stack.awaits[1].place.line, inner_line);
    EXPECT_EQ(task.stack.awaits[1].place.file, "snapshot_test.cpp");
    EXPECT_EQ(task.stack.wait->kind, WaitKind::event);
    EXPECT_EQ(task.stack.wait->object, "doorbell");
    EXPECT_EQ(task.stack.wait->waiting, 2U);
    EXPECT_EQ(task.spawned.file, "snapshot_test.cpp");
    EXPECT_EQ(task.age, Duration(1ms)) << "it has a name";
    EXPECT_EQ(all.task_count, 3U);
    EXPECT_EQ(find(all, "main").state, obs::TaskState::running);
    bell.set();
    EXPECT_EQ(find(obs::snapshot(), "visitor").state, obs::TaskState::ready);
    co_await visitor.join();
    co_await second.join();
}

GYRE_TEST(Snapshot, says_who_holds_a_lock_and_how_many_wait) {
    Lock lock("journal");
    auto held = co_await lock.acquire();
    const auto wait = [&lock]() -> Task<> { const auto guard = co_await lock.acquire(); };
    auto first = spawn(wait(), {.name = "first"});
    auto second = spawn(wait(), {.name = "second"});
    co_await yield_now();
    const auto all = obs::snapshot();
    const auto& info = *find(all, "second").stack.wait;
    EXPECT_EQ(info.kind, WaitKind::lock);
    EXPECT_EQ(info.owner, "main");
    EXPECT_EQ(info.owner_id, find(all, "main").id);
    EXPECT_EQ(info.waiting, 2U);
    EXPECT_EQ(info.text, "lock 'journal', which task 'main' holds; 2 wait for it");
    held.release();
    co_await first.join();
    co_await second.join();
}

GYRE_TEST(Snapshot, says_how_full_things_are) {
    Queue<int> queue(2, "jobs");
    co_await queue.put(1);
    co_await queue.put(2);
    Semaphore slots(1, "slots");
    auto permit = co_await slots.acquire();
    RwLock table("table");
    auto reading = co_await table.read();
    const auto put = [&queue]() -> Task<> { co_await queue.put(3); };
    const auto acquire = [&slots]() -> Task<> { const auto mine = co_await slots.acquire(); };
    const auto write = [&table]() -> Task<> { const auto mine = co_await table.write(); };
    auto producer = spawn(put(), {.name = "producer"});
    auto worker = spawn(acquire(), {.name = "worker"});
    auto writer = spawn(write(), {.name = "writer"});
    auto joiner = spawn([&worker]() -> Task<> { co_await worker.join(); }, {.name = "joiner"});
    co_await sleep(1ms);
    const auto all = obs::snapshot();
    EXPECT_EQ(find(all, "producer").stack.wait->text, "queue: put 'jobs', with 2 items of 2");
    EXPECT_EQ(find(all, "worker").stack.wait->text, "semaphore 'slots', of which 1 of 1 are taken");
    EXPECT_EQ(find(all, "writer").stack.wait->text, "lock 'table': write, which 1 task reads");
    EXPECT_EQ(find(all, "joiner").stack.wait->text, "join 'worker'");
    EXPECT_EQ(find(all, "joiner").stack.wait->owner_id, find(all, "worker").id);
    permit.release();
    reading.release();
    static_cast<void>(co_await queue.get());
    co_await joiner.join();
    co_await writer.join();
    co_await producer.join();
}

GYRE_TEST(Snapshot, follows_scopes_and_counts_their_time) {
    Event never("never");
    auto task = spawn(
        [&never]() -> Task<> {
            const auto wait = [&never]() -> Task<> { co_await never.wait(); };
            co_await move_on_after(3s, shield(wait()));
        },
        {.name = "patient"});
    co_await sleep(1s);
    const auto all = obs::snapshot();
    const auto& stack = find(all, "patient").stack;
    EXPECT_EQ(stack.awaits.front().scope, "scope, 2 s left; shield");
    EXPECT_EQ(stack.wait->object, "never");
    never.set();
    co_await task.join();
}

GYRE_TEST(Snapshot, shows_each_branch_of_a_gather) {
    Event one("one");
    Event two("two");
    auto task = spawn([&]() -> Task<> { co_await gather(inner(one), outer(two)); }, {.name = "both"});
    co_await sleep(1ms);
    const auto all = obs::snapshot();
    const auto& stack = find(all, "both").stack;
    EXPECT_EQ(stack.wait->kind, WaitKind::gather);
    EXPECT_EQ(stack.branches.size(), 2U);
    EXPECT_EQ(stack.branches[0].wait->object, "one");
    EXPECT_EQ(stack.branches[1].wait->object, "two");
    EXPECT_EQ(stack.branches[1].awaits.size(), 2U);
    EXPECT_TRUE(has(text_of(all), "branch")) << text_of(all);
    one.set();
    co_await sleep(1ms);
    const auto later = obs::snapshot();
    EXPECT_EQ(find(later, "both").stack.branches.size(), 1U) << "the other has ended";
    two.set();
    co_await task.join();
}

GYRE_TEST(Snapshot, has_the_tasks_of_a_group_inside_the_task_that_opened_it) {
    Event bell("bell");
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(inner(bell), {.name = "child"});
        co_await sleep(1ms);
        const auto all = obs::snapshot();
        EXPECT_EQ(find(all, "child").parent, find(all, "main").id);
        const auto text = text_of(all);
        EXPECT_TRUE(has(text, "\n  task 'child' (snapshot_test.cpp:")) << text;
        bell.set();
    });
}

GYRE_TEST(Snapshot, of_a_generator_shows_where_its_body_waits) {
    Event bell("bell");
    const auto rings = [&bell]() -> AsyncGenerator<int> {
        co_await bell.wait();
        co_yield 1;
    };
    auto task = spawn(
        [&]() -> Task<> {
            auto all = rings();
            static_cast<void>(co_await all.next());
        },
        {.name = "reader"});
    co_await sleep(1ms);
    const auto all = obs::snapshot();
    const auto& stack = find(all, "reader").stack;
    EXPECT_EQ(stack.wait->kind, WaitKind::generator);
    EXPECT_EQ(stack.branches.size(), 1U);
    EXPECT_EQ(stack.branches[0].wait->object, "bell");
    bell.set();
    co_await task.join();
}

GYRE_TEST(Snapshot, names_a_cancellation_that_is_not_answered_yet) {
    Event bell("bell");
    auto task = spawn(shield(inner(bell)), {.name = "stubborn"});
    co_await sleep(1ms);
    task.cancel("no longer needed");
    co_await sleep(2s);
    const auto all = obs::snapshot();
    const auto& cancelled = find(all, "stubborn").cancelled;
    EXPECT_TRUE(cancelled.has_value());
    EXPECT_EQ(cancelled->kind, CancelKind::request);
    EXPECT_EQ(cancelled->since, Duration(2s));
    EXPECT_TRUE(has(cancelled->text, "no longer needed (cancelled at snapshot_test.cpp:")) << cancelled->text;
    EXPECT_TRUE(has(cancelled->text, "by task 'main'")) << cancelled->text;
    EXPECT_TRUE(has(text_of(all), "cancelled 2 s ago: no longer needed")) << text_of(all);
    bell.set();
    co_await task.join();
    EXPECT_EQ(obs::snapshot().cancelled[static_cast<std::size_t>(CancelKind::request)].count, 0U)
        << "it came to its end all the same";
}

GYRE_TEST(Dump, writes_tasks_at_the_same_place_once_with_their_number) {
    Event bell("bell");
    Event other("other");
    std::vector<TaskHandle<>> tasks;
    for (int i = 0; i < 7; ++i) tasks.push_back(spawn(inner(bell), {.name = "w" + std::to_string(i)}));
    tasks.push_back(spawn(inner(other), {.name = "alone"}));
    for (int i = 0; i < 3; ++i) tasks.push_back(spawn(sleep(Duration(std::chrono::hours(i + 1)))));
    co_await sleep(1ms);
    std::ostringstream out;
    obs::dump(out);
    const auto text = out.str();
    EXPECT_TRUE(has(text, "7 tasks of snapshot_test.cpp:")) << text;
    EXPECT_TRUE(has(text, ": 'w0', 'w1', 'w2', 'w3'..., waiting")) << text;
    EXPECT_TRUE(has(text, "each waits on event 'bell'; 7 wait for it")) << text;
    EXPECT_TRUE(has(text, "task 'alone' (")) << "another event is another matter\n" << text;
    EXPECT_TRUE(has(text, "3 tasks of ")) << "each has a deadline of its own\n" << text;
    bell.set();
    other.set();
    for (auto& task : tasks) task.cancel();
    for (auto& task : tasks) static_cast<void>(co_await as_outcome(task.join()));
}

GYRE_TEST(Dump, is_bounded) {
    Event bell("bell");
    std::vector<TaskHandle<>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(spawn(i % 2 == 0 ? inner(bell) : outer(bell)));
    std::vector<std::unique_ptr<Event>> events;
    for (int i = 0; i < 20; ++i) {
        events.push_back(std::make_unique<Event>("e" + std::to_string(i)));
        tasks.push_back(spawn(inner(*events.back())));
    }
    co_await sleep(1ms);
    const auto all = obs::snapshot();
    const auto cut = text_of(all, {.most_groups = 5});
    EXPECT_TRUE(has(cut, "... and more: 41 tasks in all")) << cut;
    const auto few = obs::snapshot({.most_tasks = 10});
    EXPECT_EQ(few.tasks.size(), 10U);
    EXPECT_TRUE(has(text_of(few), "31 more tasks not looked at")) << text_of(few);
    bell.set();
    for (auto& event : events) event->set();
    for (auto& task : tasks) co_await task.join();
}

GYRE_TEST(Dump, of_tasks_inside_tasks_has_no_end_of_depth) {
    struct Nest {
        static auto build(int depth, Event& bell) -> Task<> {
            if (depth == 0) co_await bell.wait();
            if (depth == 0) co_return;
            co_await task_group([&](TaskGroup& group) { group.spawn(build(depth - 1, bell)); });
        }
    };
    Event bell("bell");
    auto task = spawn(Nest::build(3000, bell));
    co_await sleep(1ms);
    const auto text = text_of(obs::snapshot(), {.most_groups = 10'000});
    EXPECT_TRUE(has(text, "waits on event 'bell'"));
    EXPECT_LT(text.size(), 3000U * 400U) << "the indent is bounded too";
    bell.set();
    co_await task.join();
}

GYRE_TEST(Dump, as_json_has_the_same) {
    Event bell("the \"bell\"");
    auto task = spawn(outer(bell), {.name = "visitor"});
    co_await sleep(1ms);
    std::ostringstream out;
    obs::write_json(out, obs::snapshot());
    const auto json = out.str();
    EXPECT_TRUE(json.starts_with(R"({"version":1,"loop":0,"backend":"sim","task_count":2,)")) << json;
    EXPECT_TRUE(has(json, R"("name":"visitor","spawned":{"file":"snapshot_test.cpp","line":)")) << json;
    EXPECT_TRUE(has(json, R"("state":"waiting","age":1000000,"awaits":[{"file":"snapshot_test.cpp","line":)")) << json;
    EXPECT_TRUE(has(json, R"("wait":{"kind":"event","object":"the \"bell\"","address":)")) << json;
    EXPECT_TRUE(json.ends_with("]}\n")) << json;
    bell.set();
    co_await task.join();
}

GYRE_TEST(Snapshot, of_an_exact_loop_has_the_figures_of_each_task) {
    co_await sleep(1ms);
    EXPECT_FALSE(obs::snapshot().tasks[0].stats.has_value());
}

TEST(SnapshotOfALoop, can_be_taken_between_two_runs) {
    Event bell("bell");
    TestLoop loop("sim", {.timing = Timing::exact});
    loop.allow_left_tasks();
    loop.run([&bell]() -> Task<> {
        static_cast<void>(spawn(inner(bell), {.name = "left"}));
        co_await sleep(5ms);
    });
    const auto all = obs::snapshot(*loop);
    EXPECT_EQ(all.task_count, 1U);
    EXPECT_EQ(find(all, "left").stats->wait, Duration(5ms).count());
    EXPECT_TRUE(has(text_of(all), "waited 5 ms")) << text_of(all);
    EXPECT_THROW(static_cast<void>(obs::snapshot()), LoopError) << "no loop runs here now";
}

class SnapshotOnKernel : public OnKernel {};

TEST_P(SnapshotOnKernel, names_the_peer_and_the_descriptor_of_a_socket) {
    run([]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        auto accepting = spawn(listener.accept(), {.name = "acceptor"});
        co_await all_blocked();
        const auto all = obs::snapshot();
        const auto& info = *find(all, "acceptor").stack.wait;
        EXPECT_EQ(info.kind, WaitKind::socket);
        EXPECT_EQ(info.object, listener.local_address().text());
        EXPECT_EQ(info.action, "accept");
        EXPECT_GE(info.descriptor, 0);
        EXPECT_GE(all.in_flight, 1U);
        accepting.cancel();
        static_cast<void>(co_await as_outcome(accepting.join()));
    });
}

INSTANTIATE_TEST_SUITE_P(Kernel, SnapshotOnKernel, ::testing::Values(kernel_backend()));

TEST(Place, has_the_name_of_a_function_as_each_compiler_gives_it) {
    EXPECT_EQ(obs::function_name("Task<> wait_inside(Event &)"), "wait_inside");
    EXPECT_EQ(obs::function_name("gyre::Task<int> app::Site::serve(int)"), "app::Site::serve");
    EXPECT_EQ(obs::function_name("void app::serve(app::serve(Stream&)::_ZN3app5serveER6Stream.Frame*)"), "app::serve");
    EXPECT_EQ(obs::function_name("Task<T> take(Box<T>) [T = int]"), "take");
    EXPECT_EQ(obs::function_name("Task<> app::(anonymous namespace)::serve(Stream &)"), "serve");
    EXPECT_EQ(obs::function_name("auto amain()::(anonymous class)::operator()() const"), "");
    EXPECT_EQ(obs::function_name("amain()::<lambda()>"), "");
    EXPECT_EQ(obs::function_name(""), "");
}

}  // namespace gyre::testing

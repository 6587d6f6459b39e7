// TaskLocal: each task has its own values, inherited from who spawned it.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <gyre/core/task_local.hpp>

#include <csignal>

namespace gyre::testing {

namespace {

TaskLocal<std::string> request("none");
TaskLocal<int> number(0);

auto read_request(Log& log) -> Task<> {
    log.push_back(request.get());
    co_return;
}

class TaskLocalLoops : public OnLoops {};

}  // namespace

GYRE_ON_LOOPS(TaskLocalLoops);

TEST_P(TaskLocalLoops, a_task_inherits_what_its_spawner_had_at_the_spawn) {
    run([]() -> Task<> {
        Log log;
        spawn(read_request(log));
        auto restore = request.set("a");
        spawn(read_request(log));
        {
            auto inner = request.set("b");
            spawn(read_request(log));
            EXPECT_EQ(request.get(), "b");
        }
        EXPECT_EQ(request.get(), "a");
        co_await sleep(1ms);
        EXPECT_EQ(log, (Log{"none", "a", "b"}));
    });
}

TEST_P(TaskLocalLoops, what_a_task_sets_nobody_else_sees) {
    run([]() -> Task<> {
        auto restore = request.set("outer");
        auto child = spawn([]() -> Task<> {
            auto own = request.set("child");
            auto other = number.set(7);
            co_await yield_now();
            EXPECT_EQ(request.get(), "child");
            EXPECT_EQ(number.get(), 7);
        });
        co_await yield_now();
        EXPECT_EQ(request.get(), "outer");
        EXPECT_EQ(number.get(), 0);
        co_await child.join();
        EXPECT_EQ(request.get(), "outer");
    });
}

GYRE_TEST(TaskLocal, children_scopes_and_branches_share_the_values_of_their_task) {
    auto restore = request.set("task");
    Log log;
    co_await read_request(log);
    co_await timeout(1s, read_request(log));
    co_await gather(read_request(log), read_request(log));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(read_request(log));
        co_await read_request(log);
    });
    EXPECT_EQ(log, Log(6, "task"));
}

GYRE_TEST(TaskLocal, callbacks_see_the_values_of_who_asked_and_keep_theirs_to_themselves) {
    Log log;
    {
        auto restore = request.set("asked");
        this_loop().call_soon([&] {
            log.push_back(request.get());
            request.set("lost").dismiss();
            log.push_back(request.get());
        });
        this_loop().call_later(1ms, [&] { log.push_back(request.get()); });
    }
    this_loop().call_soon([&] { log.push_back(request.get()); });
    auto task = spawn(sleep(2ms));
    {
        auto restore = request.set("done");
        task.add_done_callback([&](const TaskHandle<>&) { log.push_back(request.get()); });
    }
    co_await sleep(5ms);
    EXPECT_EQ(log, (Log{"asked", "lost", "none", "asked", "done"}));
    EXPECT_EQ(request.get(), "none");
}

GYRE_TEST(TaskLocal, is_restored_when_the_task_is_cancelled_inside) {
    co_await cancel_scope([](CancelScope& scope) -> Task<> {
        auto restore = request.set("inside");
        scope.cancel();
        co_await sleep(1h);
    });
    EXPECT_EQ(request.get(), "none");
}

GYRE_TEST(TaskLocal, a_destructor_that_a_cancellation_runs_sees_the_values_of_its_task) {
    std::string seen;
    struct Looks {
        std::string& seen;
        ~Looks() { seen = request.get(); }
    };
    auto task = spawn([&]() -> Task<> {
        auto restore = request.set("mine");
        const Looks looks{seen};
        co_await sleep(1h);
    });
    co_await yield_now();
    task.cancel();
    co_await sleep(1ms);
    EXPECT_EQ(seen, "mine");
}

GYRE_TEST(TaskLocal, restore_and_dismiss_work_once) {
    auto first = request.set("first");
    auto moved = std::move(first);
    moved.restore();
    EXPECT_EQ(request.get(), "none");
    request.set("kept").dismiss();
    EXPECT_EQ(request.get(), "kept");
    moved.restore();
    EXPECT_EQ(request.get(), "kept");
    co_return;
}

TEST(TaskLocalRuns, the_next_run_of_a_loop_goes_on_with_what_the_main_task_set) {
    EventLoop loop;
    loop.run_until_complete([]() -> Task<> {
        request.set("first run").dismiss();
        co_return;
    });
    EXPECT_EQ(request.get(), "none");  // outside of the loop
    loop.run_until_complete([]() -> Task<> {
        EXPECT_EQ(request.get(), "first run");
        co_return;
    });
    EventLoop other;
    other.run_until_complete([]() -> Task<> {
        EXPECT_EQ(request.get(), "none");
        co_return;
    });
}

TEST(TaskLocalRuns, cannot_be_set_where_no_loop_runs) { EXPECT_THROW(request.set("nowhere").dismiss(), LoopError); }

TEST(TaskLocal, survives_cancellation_anywhere) {
    CancelEverywhere([]() -> Task<> {
        auto restore = request.set("x");
        auto child = spawn([]() -> Task<> {
            auto own = request.set("y");
            co_await sleep(1ms);
        });
        co_await child.join();
        if (request.get() != "x") throw std::runtime_error("somebody else's value");
    }).run();
}

#ifdef __x86_64__

namespace {

/// What a signal handler reads of a task, after each instruction of the thread.
struct Reader {
    const internal::TaskNode* task;
    std::source_location spawned;
    std::size_t looks = 0;
    std::size_t wrong = 0;
};
Reader* reader = nullptr;

extern "C" void look_at_task(int) {
    ++reader->looks;
    const auto found = reader->task->location();
    const bool is_none = found.line() == 0 && *found.file_name() == '\0';
    const bool is_place = found.line() == reader->spawned.line() && found.file_name() == reader->spawned.file_name();
    if (!(is_none || is_place) || !reader->task->name().empty()) ++reader->wrong;
}

/// The processor's trap flag: from now on a SIGTRAP after each instruction. What is below the stack pointer is the compiler's.
void start_stepping() {
    asm volatile("lea -128(%%rsp), %%rsp\n pushfq\n orq $0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
            : "memory", "cc");
}
void stop_stepping() {
    asm volatile("lea -128(%%rsp), %%rsp\n pushfq\n andq $~0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
            : "memory", "cc");
}

}  // namespace

TEST(TaskLocal, a_signal_finds_the_task_whole_while_it_gets_its_first_value) {
    run([]() -> Task<> {
        auto task = spawn(sleep(1h));
        auto& node = task.node("the test");
        Reader look{&node, node.location()};
        reader = &look;
        struct sigaction action{};
        struct sigaction before{};
        action.sa_handler = look_at_task;
        sigaction(SIGTRAP, &action, &before);
        start_stepping();
        static_cast<void>(node.own_context());
        stop_stepping();
        sigaction(SIGTRAP, &before, nullptr);
        EXPECT_GT(look.looks, 10U);
        EXPECT_EQ(look.wrong, 0U);
        EXPECT_EQ(node.location().line(), look.spawned.line());
        task.cancel();
        co_await yield_now();
    });
}

#endif

}  // namespace gyre::testing

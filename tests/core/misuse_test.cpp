// What is used wrongly says so: from the wrong thread, on another loop, empty or moved from, twice.

#include "support/loops.hpp"

#include <optional>
#include <thread>
#include <vector>

namespace gyre::testing {

namespace {

/// What `function` throws on a thread of its own, while the caller stands still.
template<class F>
[[nodiscard]] auto error_on_a_thread(F function) -> std::string {
    std::string text;
    std::thread([&] { text = error_of(function); }).join();
    return text;
}

auto contains(const std::string& text, const std::string& part) -> ::testing::AssertionResult {
    if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "'" << text << "' does not say '" << part << "'";
}

}  // namespace

class WrongThread : public OnKernel {};
GYRE_ON_KERNEL(WrongThread);

TEST_P(WrongThread, a_loop_that_runs_refuses_what_would_change_it) {
    run([]() -> Task<> {
        EventLoop& loop = this_loop();
        const auto nothing = [] {};
        const auto refused = [](auto function, const std::string& operation) {
            EXPECT_EQ(
                error_on_a_thread(function), operation + ": this loop runs on another thread: use its post, or on");
        };
        Handle later = loop.call_later(1h, nothing);
        refused([&] { loop.call_soon(nothing); }, "call_soon");
        refused([&] { loop.call_later(1s, nothing); }, "call_later, call_at");
        refused([&] { loop.call_at(Time(), nothing); }, "call_later, call_at");
        refused([&] { loop.stop(); }, "stop");
        refused([&] { loop.add_reader(0, nothing); }, "add_reader");
        refused([&] { loop.add_writer(0, nothing); }, "add_writer");
        refused([&] { loop.remove_reader(0); }, "remove_reader");
        refused([&] { loop.remove_writer(0); }, "remove_writer");
        refused([&] { loop.set_exception_handler({}); }, "set_exception_handler");
        refused([&] { loop.run_forever(); }, "run");
        refused([&] { loop.close(); }, "close");
        refused([&] { static_cast<void>(all_tasks(loop)); }, "all_tasks");
        EXPECT_TRUE(
            contains(error_on_a_thread([&] { later.cancel(); }), "Handle::cancel: the loop of this callback runs"));
        EXPECT_FALSE(later.cancelled());
        later.cancel();
        EXPECT_EQ(error_on_a_thread([&] { loop.post(nothing); }), "nothing");
        co_await yield_now();
    });
}

TEST_P(WrongThread, so_do_tasks_groups_and_scopes) {
    run([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            auto task = group.spawn(sleep(1h), {.name = "sleeper"});
            const std::string of_task = ": the loop of task 'sleeper' runs on another thread: use its post, or on";
            EXPECT_EQ(error_on_a_thread([&] { task.cancel(); }), "TaskHandle::cancel" + of_task);
            EXPECT_EQ(
                error_on_a_thread([&] { task.set_priority(Priority::high); }), "TaskHandle::set_priority" + of_task);
            EXPECT_EQ(error_on_a_thread([&] { static_cast<void>(task.error()); }), "TaskHandle::error" + of_task);
            EXPECT_TRUE(
                contains(error_on_a_thread([&] { task.add_done_callback([](const auto&) {}); }), "no gyre loop"));
            EXPECT_EQ(task.priority(), Priority::normal);
            const std::string of_group = ": the loop of this group runs on another thread: use its post, or on";
            EXPECT_EQ(error_on_a_thread([&] { group.spawn(sleep(1h)); }), "TaskGroup::spawn" + of_group);
            EXPECT_EQ(error_on_a_thread([&] { group.cancel(); }), "TaskGroup::cancel" + of_group);
            EXPECT_EQ(group.size(), 1U);
            co_await cancel_scope([&](CancelScope& scope) -> Task<> {
                const std::string of_scope = ": the loop of this scope runs on another thread: use its post, or on";
                EXPECT_EQ(error_on_a_thread([&] { scope.cancel(); }), "CancelScope::cancel" + of_scope);
                EXPECT_EQ(error_on_a_thread([&] { scope.set_timeout(1s); }), "CancelScope::set_deadline" + of_scope);
                EXPECT_EQ(error_on_a_thread([&] { scope.set_shield(true); }), "CancelScope::set_shield" + of_scope);
                EXPECT_FALSE(scope.cancel_called());
                EXPECT_FALSE(scope.shielded());
                co_await yield_now();
            });
            task.cancel();
        });
    });
}

TEST(BetweenTwoRuns, any_thread_will_do) {
    EventLoop own(RunOptions{.backend = kernel_backend()});
    std::optional<TaskHandle<>> task;
    own.run_until_complete([&]() -> Task<> {
        task = spawn(sleep(1h));
        co_await yield_now();
    });
    EXPECT_EQ(error_on_a_thread([&] {
        task->set_priority(Priority::high);
        EXPECT_EQ(all_tasks(own).size(), 1U);
        EXPECT_TRUE(task->cancel());
    }),
        "nothing");
    own.run_until_complete(sleep(1ms));
    EXPECT_TRUE(task->cancelled());
}

TEST(WrongLoop, a_wait_that_could_never_end_is_refused) {
    TestLoop one;
    TestLoop other;
    std::optional<TaskHandle<>> task;
    std::optional<AsCompleted<void>> results;
    one->run_until_complete([&]() -> Task<> {
        task = spawn(sleep(1h), {.name = "far"});
        std::vector<TaskHandle<>> handles(1, *task);
        results.emplace(as_completed(handles));
        co_await yield_now();
    });
    const auto refused = [&](auto function) { return error_of([&] { other->run_until_complete(function); }); };
    const std::string why = "task 'far' belongs to another loop";
    EXPECT_EQ(refused([&]() -> Task<> { co_await task->join(); }), "join: " + why);
    EXPECT_EQ(refused([&]() -> Task<> {
        std::vector<TaskHandle<>> handles(1, *task);
        co_await wait(std::move(handles));
    }),
        "wait: " + why);
    EXPECT_EQ(refused([&]() -> Task<> {
        task->add_done_callback([](const auto&) {});
        co_return;
    }),
        "add_done_callback: " + why);
    EXPECT_EQ(refused([&]() -> Task<> { co_await results->next(); }), "as_completed: it belongs to another loop");
    one->run_until_complete([&]() -> Task<> {
        results.reset();
        task->cancel();
        co_await yield_now();
    });
}

GYRE_TEST(EmptyHandle, says_so_whatever_is_asked) {
    TaskHandle<int> empty;
    EXPECT_FALSE(empty);
    auto task = spawn([]() -> Task<int> { co_return 7; });
    EXPECT_TRUE(task);
    const auto says_so = [](auto function, const std::string& operation) {
        EXPECT_EQ(
            error_of(function), operation + ": this TaskHandle is empty: it was never given a task, or was moved from");
    };
    says_so([&] { static_cast<void>(empty.done()); }, "TaskHandle::done");
    says_so([&] { static_cast<void>(empty.cancelled()); }, "TaskHandle::cancelled");
    says_so([&] { empty.cancel(); }, "TaskHandle::cancel");
    says_so([&] { empty.set_priority(Priority::low); }, "TaskHandle::set_priority");
    says_so([&] { static_cast<void>(empty.priority()); }, "TaskHandle::priority");
    says_so([&] { static_cast<void>(empty.name()); }, "TaskHandle::name");
    says_so([&] { static_cast<void>(empty.stats()); }, "TaskHandle::stats");
    says_so([&] { static_cast<void>(empty.error()); }, "TaskHandle::error");
    says_so([&] { static_cast<void>(empty.join()); }, "TaskHandle::join");
    says_so([&] { empty.add_done_callback([](const auto&) {}); }, "add_done_callback");
    const auto gathered = co_await as_outcome(gather(empty, task));
    EXPECT_TRUE(failed_with<InvalidStateError>(gathered));
    std::vector<TaskHandle<int>> handles(1, empty);
    const auto waited = co_await as_outcome(wait(std::move(handles)));
    EXPECT_TRUE(failed_with<InvalidStateError>(waited));
    empty = std::move(task);
    EXPECT_FALSE(task);  // NOLINT(bugprone-use-after-move)
    const int value = co_await empty;
    EXPECT_EQ(value, 7);
    EXPECT_FALSE(AnyTaskHandle());
}

GYRE_TEST(EmptyHandle, so_do_futures_promises_and_results_that_were_moved_from) {
    Promise<int> promise;
    auto future = promise.future();
    const auto future_kept = std::move(future);
    const std::string of_future = "this Future is empty: it was moved from";
    // NOLINTBEGIN(bugprone-use-after-move)
    EXPECT_EQ(error_of([&] { static_cast<void>(future.done()); }), of_future);
    EXPECT_EQ(error_of([&] { static_cast<void>(future.result()); }), of_future);
    EXPECT_EQ(error_of([&] { static_cast<void>(future.error()); }), of_future);
    EXPECT_EQ(error_of([&] { future.add_done_callback([](const auto&) {}); }), of_future);
    EXPECT_EQ(error_of([&] { static_cast<void>(future.operator co_await()); }), of_future);
    auto promise_kept = std::move(promise);
    const std::string of_promise = "this Promise is empty: it was moved from";
    EXPECT_EQ(error_of([&] { promise.set_value(1); }), of_promise);
    EXPECT_EQ(error_of([&] { promise.set_error(nullptr); }), of_promise);
    EXPECT_EQ(error_of([&] { static_cast<void>(promise.future()); }), of_promise);
    promise_kept.set_value(3);
    EXPECT_EQ(future_kept.result(), 3);

    auto results = as_completed(sleep(1ms), sleep(2ms));
    auto results_kept = std::move(results);
    const std::string of_results = "this AsCompleted is empty: it was moved from";
    EXPECT_EQ(error_of([&] { static_cast<void>(results.next()); }), of_results);
    EXPECT_EQ(error_of([&] { static_cast<void>(results.remaining()); }), of_results);
    EXPECT_EQ(error_of([&] { static_cast<void>(results.index()); }), of_results);
    // NOLINTEND(bugprone-use-after-move)
    EXPECT_EQ(results_kept.remaining(), 2U);
    co_await yield_now();
}

GYRE_TEST(Twice, what_can_be_had_once_says_so) {
    auto task = spawn([]() -> Task<int> { co_return 7; }, {.name = "seven"});
    const auto joined = co_await as_outcome(gather(task, task));
    EXPECT_EQ(describe(joined.error()), "join: the result of task 'seven' was taken before");
    auto work = []() -> Task<int> { co_return 1; }();
    auto first = std::move(work);
    const auto run = co_await as_outcome(gather(std::move(first), std::move(work)));  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(describe(run.error()), "this Task is empty: it was moved from, or awaited or spawned before");
    auto unit = spawn(sleep(1ms));
    co_await gather(unit, unit);
    EXPECT_TRUE(unit.done());
}

}  // namespace gyre::testing

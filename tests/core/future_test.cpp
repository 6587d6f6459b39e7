// Promise and Future: callbacks of others become awaitable.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <memory>
#include <stdexcept>

namespace gyre::testing {

namespace {

auto broken(const std::exception_ptr& error) -> bool { return describe(error).find("dropped") != std::string::npos; }

}  // namespace

GYRE_TEST(Future, gives_the_value_to_everyone_who_waits_and_to_latecomers) {
    Promise<int> promise;
    auto future = promise.future();
    EXPECT_FALSE(future.done());
    const auto wait = [](Future<int> from) -> Task<int> { co_return co_await from; };
    auto first = spawn(wait(future));
    auto second = spawn(wait(future));
    co_await all_blocked();
    promise.set_value(3);
    EXPECT_TRUE(future.done());
    EXPECT_EQ(future.result(), 3);
    const auto both = co_await gather(first, second);
    EXPECT_EQ(std::get<0>(both) + std::get<1>(both), 6);
    const int late = co_await future;
    EXPECT_EQ(late, 3);
}

GYRE_TEST(Future, a_value_that_only_moves_is_had_once) {
    Promise<std::unique_ptr<int>> promise;
    auto future = promise.future();
    promise.set_value(std::make_unique<int>(4));
    EXPECT_EQ(*future.result(), 4) << "a look takes nothing";
    const auto value = co_await future;
    EXPECT_EQ(*value, 4);
    const auto again = co_await as_outcome(future);
    EXPECT_TRUE(failed_with<InvalidStateError>(again));
}

GYRE_TEST(Future, of_references_and_of_nothing) {
    int object = 1;
    Promise<int&> promise;
    auto future = promise.future();
    promise.set_value(object);
    int& same = co_await future;
    EXPECT_EQ(&same, &object);
    EXPECT_EQ(&future.result(), &object);
    Promise<> nothing;
    auto done = nothing.future();
    nothing.set_value();
    co_await done;
    done.result();
}

GYRE_TEST(Future, an_error_is_thrown_to_all) {
    Promise<int> promise;
    auto future = promise.future();
    promise.set_error(std::make_exception_ptr(std::runtime_error("boom")));
    for (int i = 0; i < 2; ++i) {
        const auto outcome = co_await as_outcome(future);
        EXPECT_EQ(describe(outcome.error()), "boom");
    }
    EXPECT_EQ(error_of([&] { static_cast<void>(future.result()); }), "boom");
    EXPECT_EQ(describe(future.error()), "boom");
}

GYRE_TEST(Future, an_error_nobody_looks_at_goes_to_the_handler) {
    std::vector<std::string> heard;
    this_loop().set_exception_handler([&](const ErrorContext& context) {
        EXPECT_EQ(context.origin, ErrorOrigin::future);
        heard.push_back(describe(context.error));
    });
    {
        Promise<int> promise;
        auto future = promise.future();
        promise.set_error(std::make_exception_ptr(std::runtime_error("lost")));
    }
    EXPECT_EQ(heard, std::vector<std::string>{"lost"});
    {
        Promise<int> promise;
        auto future = promise.future();
        promise.set_error(std::make_exception_ptr(std::runtime_error("seen")));
        EXPECT_NE(future.error(), nullptr);
    }
    EXPECT_EQ(heard.size(), 1U);
    co_return;
}

GYRE_TEST(Future, is_settled_once) {
    Promise<int> promise;
    promise.set_value(1);
    const auto twice = error_of([&] { promise.set_value(2); });
    EXPECT_NE(twice.find("already"), std::string::npos) << twice;
    EXPECT_NE(error_of([&] { promise.set_error(nullptr); }), "nothing");
    EXPECT_EQ(promise.future().result(), 1);
    co_return;
}

GYRE_TEST(Future, that_is_not_done_has_no_result) {
    Promise<int> promise;
    auto future = promise.future();
    EXPECT_NE(error_of([&] { static_cast<void>(future.result()); }).find("not done"), std::string::npos);
    EXPECT_NE(error_of([&] { static_cast<void>(future.error()); }).find("not done"), std::string::npos);
    promise.set_value(1);
    EXPECT_EQ(future.error(), nullptr);
    co_return;
}

GYRE_TEST(Future, of_a_dropped_promise_is_broken) {
    auto waiting = std::make_optional<Promise<int>>();
    auto future = waiting->future();
    auto waiter = spawn([future]() -> Task<int> { co_return co_await future; });
    co_await all_blocked();
    waiting.reset();
    const auto outcome = co_await as_outcome(waiter.join());
    EXPECT_TRUE(failed_with<BrokenPromiseError>(outcome));
    EXPECT_TRUE(broken(future.error()));
    const Promise<int> nobody_listens;
}

GYRE_TEST(Future, a_moved_promise_keeps_its_future) {
    Promise<int> first;
    auto future = first.future();
    Promise<int> second(std::move(first));
    Promise<int> third;
    auto dropped = third.future();
    third = std::move(second);
    third.set_value(5);
    const int value = co_await future;
    EXPECT_EQ(value, 5);
    { const Promise<int> gone(std::move(second)); }
    const auto outcome = co_await as_outcome(dropped);
    EXPECT_TRUE(outcome.is_error());
}

GYRE_TEST(Future, callbacks_and_waiters_have_their_turn_in_the_order_in_which_they_came) {
    Log log;
    Promise<int> promise;
    auto future = promise.future();
    future.add_done_callback([&log](const Future<int>& done) { log.push_back("a" + std::to_string(done.result())); });
    auto waiter = spawn([&log, future]() -> Task<> {
        const int value = co_await future;
        log.push_back("b" + std::to_string(value));
    });
    co_await all_blocked();
    future.add_done_callback([&log](const Future<int>&) { log.push_back("c"); });
    promise.set_value(1);
    EXPECT_TRUE(log.empty()) << "not from inside set_value";
    future.add_done_callback([&log](const Future<int>&) { log.push_back("d"); });
    co_await waiter.join();
    EXPECT_EQ(log, (Log{"a1", "b1", "c", "d"}));
}

GYRE_TEST(Future, a_cancelled_wait_leaves_it_as_it_was) {
    Promise<int> promise;
    auto future = promise.future();
    const auto none = co_await move_on_after(1ms, future);
    EXPECT_FALSE(none.has_value());
    EXPECT_FALSE(future.done());
    promise.set_value(1);
    const int value = co_await future;
    EXPECT_EQ(value, 1);
}

GYRE_TEST(Future, a_waiter_that_was_woken_gets_its_value_though_cancelled_afterwards) {
    Promise<int> promise;
    auto future = promise.future();
    auto waiter = spawn([future]() -> Task<int> { co_return co_await future; });
    co_await all_blocked();
    promise.set_value(6);
    waiter.cancel();
    const int value = co_await waiter.join();
    EXPECT_EQ(value, 6);
}

GYRE_TEST(Future, many_callbacks_on_futures_that_are_dropped_cost_nothing_in_the_end) {
    int alive = 0;
    for (int i = 0; i < 1000; ++i) {
        Promise<int> promise;
        promise.future().add_done_callback(
            [token = Counted(alive)](const Future<int>& done) { EXPECT_TRUE(broken(done.error())); });
    }
    EXPECT_EQ(alive, 1000) << "a callback holds its future, which the dropped promise breaks";
    co_await yield_now();
    EXPECT_EQ(alive, 0);
}

TEST(Future, outside_of_a_loop_there_is_no_promise) {
    EXPECT_NE(error_of([] { Promise<int> promise; }).find("no gyre loop"), std::string::npos);
}

TEST(Future, with_callbacks_may_outlive_its_loop) {
    int alive = 0;
    std::optional<Promise<int>> promise;
    std::optional<Future<int>> future;
    {
        TestLoop loop;
        loop.run([&]() -> Task<> {
            promise.emplace();
            future.emplace(promise->future());
            co_return;
        });
    }
    promise.reset();
    EXPECT_FALSE(future->done()) << "there is no loop that could tell anyone";
    future.reset();
    EXPECT_EQ(alive, 0);
}

TEST(Future, knows_its_loop_from_another_one_in_its_place) {
    std::optional<EventLoop> loop;
    loop.emplace(backend::make_sim_backend());
    std::optional<Promise<int>> promise;
    std::optional<Promise<int>> failed;
    loop->run_until_complete([&]() -> Task<> {
        promise.emplace();
        failed.emplace();
        failed->future().add_done_callback([](const Future<int>&) {});
        failed->set_error(std::make_exception_ptr(std::runtime_error("nobody looks")));
        co_return;
    });
    loop.emplace(backend::make_sim_backend());
    loop->run_until_complete([&]() -> Task<> {
        auto future = promise->future();
        EXPECT_NE(error_of([&] { promise->set_value(1); }).find("its loop's thread only"), std::string::npos);
        const auto callback = error_of([&] { future.add_done_callback([](const Future<int>&) {}); });
        EXPECT_NE(callback.find("does not run on this thread"), std::string::npos);
        const auto waited = co_await as_outcome(move_on_after(1s, future));
        EXPECT_TRUE(failed_with<InvalidStateError>(waited));
        failed.reset();
        promise.reset();
    });
    EXPECT_EQ(loop->unreceived_error_count(), 0U) << "the error is not this loop's";
}

}  // namespace gyre::testing

// Programs that do nothing wrong, of which `obs::findings` says nothing.

#include "support/loops.hpp"

#include <gyre/http.hpp>
#include <gyre/obs.hpp>

#include <sstream>
#include <stdexcept>

namespace gyre::testing {

namespace {

using obs::Finding;

auto text_of(const std::vector<Finding>& found) -> std::string {
    std::ostringstream all;
    obs::write_text(all, found);
    return all.str();
}

auto dropped() -> std::uint64_t { return obs::snapshot().never_started_count; }

auto at_once() -> Task<int> { co_return 1; }
auto later() -> Task<int> {
    co_await sleep(1h);
    co_return 2;
}
auto fail_at_once() -> Task<int> {
    throw std::runtime_error("at once");
    co_return 3;
}
/// Its argument is destroyed with it, if it never starts.
auto wrap(Task<int> inner) -> Task<int> { co_return co_await std::move(inner); }

}  // namespace

GYRE_TEST(Healthy, what_a_race_did_not_have_to_start_is_no_finding) {
    co_await race(at_once(), later());
    EXPECT_EQ(dropped(), 0U) << "a Task";
    co_await race(at_once(), later(), wrap(later()), later());
    EXPECT_EQ(dropped(), 0U) << "several, and one that has another as its argument";
    std::vector<Task<int>> many;
    many.push_back(at_once());
    many.push_back(later());
    many.push_back(wrap(later()));
    co_await race(std::move(many));
    EXPECT_EQ(dropped(), 0U) << "of a vector";
    const auto failed = co_await as_outcome(race(fail_at_once(), later()));
    EXPECT_TRUE(failed.is_error());
    EXPECT_EQ(dropped(), 0U) << "behind one that failed";
}

GYRE_TEST(Healthy, what_a_race_did_not_have_to_start_may_be_anything_that_has_a_task) {
    co_await race(at_once(), move_on_after(1s, later()));
    co_await race(at_once(), timeout(1s, wrap(later())));
    EXPECT_EQ(dropped(), 0U) << "under a limit";
    co_await race(at_once(), gather(later(), wrap(later())), race(later(), later()));
    EXPECT_EQ(dropped(), 0U) << "gather and race";
    auto owner = [task = later()]() mutable -> Task<int> {
        const int value = co_await std::move(task);
        co_return value;
    };
    co_await race(at_once(), std::move(owner));
    EXPECT_EQ(dropped(), 0U) << "a function that has one";
    co_await race(race(at_once(), later()), later());
    EXPECT_EQ(dropped(), 0U) << "one race in another";
    { const auto forgotten = later(); }
    EXPECT_EQ(dropped(), 1U) << "afterwards everything counts as before";
}

GYRE_TEST(Healthy, what_others_took_and_did_not_need_is_no_finding) {
    co_await gather(at_once(), at_once(), wrap(at_once()));
    const auto failed = co_await as_outcome(gather(fail_at_once(), later(), wrap(later())));
    EXPECT_TRUE(failed.is_error());
    EXPECT_EQ(dropped(), 0U) << "gather";
    static_cast<void>(co_await move_on_after(0s, wrap(later())));
    const auto late = co_await as_outcome(timeout(0s, wrap(later())));
    EXPECT_TRUE(late.is_error());
    EXPECT_EQ(dropped(), 0U) << "a limit that was over before";
    const auto finally = co_await as_outcome(try_finally(fail_at_once(), wrap(at_once())));
    EXPECT_TRUE(finally.is_error());
    EXPECT_EQ(dropped(), 0U) << "try_finally";
    { const auto results = as_completed(at_once(), wrap(later())); }
    co_await yield_now();
    EXPECT_EQ(dropped(), 0U) << "as_completed";
    co_await task_group([](TaskGroup& group) -> Task<> {
        group.cancel("before they start");
        group.spawn(wrap(later()));
        group.spawn([task = later()]() mutable -> Task<> { co_await std::move(task); });
        co_return;
    });
    EXPECT_EQ(dropped(), 0U) << "a group that was cancelled";
    auto spawned = spawn([task = later()]() mutable -> Task<> { co_await std::move(task); });
    spawned.cancel();
    const auto ended = co_await as_outcome(spawned.join());
    EXPECT_TRUE(ended.is_error()) << "CancelledError";
    EXPECT_EQ(dropped(), 0U) << "a task that was cancelled before its turn";
}

GYRE_TEST(Healthy, a_server_that_has_answered_and_waits_for_more) {
    http::App app;
    app.get("/", [](http::Request&) -> Task<http::Response> { co_return http::Response::text("hello"); });
    app.get("/stream", [](http::Request&) -> Task<http::Response> {
        co_return http::Response::stream(
            "text/plain", [](http::BodyWriter& body) -> Task<> { co_await body.write("hello"); });
    });
    auto server = co_await http::Server::start(std::move(app), {.port = 0});
    auto waiter = spawn(server.wait(), {.name = "waiter"});
    {
        http::Client client({.base_url = "http://127.0.0.1:" + std::to_string(server.port())});
        for (int i = 0; i < 3; ++i) {
            for (const char* path : {"/", "/stream"}) {
                auto response = co_await client.get(path);
                const auto text = co_await response.text();
                EXPECT_EQ(text, "hello");
            }
        }
        const auto busy = co_await obs::examine();
        EXPECT_TRUE(busy.empty()) << text_of(busy);
    }
    const auto idle = co_await obs::examine();
    EXPECT_TRUE(idle.empty()) << text_of(idle);
    co_await server.stop(1s);
    co_await waiter.join();
}

namespace {

auto stop(TaskHandle<>& task) -> Task<> {
    task.cancel();
    const auto ended = co_await as_outcome(task.join());
    EXPECT_TRUE(ended.is_error()) << "CancelledError";
}

/// What is found while `work` is what a gather still waits for.
auto examine_gather(Task<> work) -> Task<std::vector<Finding>> {
    auto gathers = [&]() -> Task<> { co_await gather(at_once(), std::move(work)); };
    auto gathering = spawn(std::move(gathers), {.name = "gathering"});
    auto found = co_await obs::examine();
    co_await stop(gathering);
    co_return found;
}

auto accept_one(net::Listener& listener) -> Task<> { static_cast<void>(co_await listener.accept()); }

auto sleep_again_and_again() -> Task<> {
    for (;;) co_await sleep(100ms);
}

auto sleep_long() -> Task<> { co_await sleep(1h); }

auto in_a_group(Task<> (*body)()) -> Task<> {
    co_await task_group([&body](TaskGroup& group) { group.spawn(body()); });
}

}  // namespace

GYRE_TEST(Healthy, the_last_branch_of_a_gather_that_is_a_server_is_not_slow) {
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto accepts = co_await examine_gather(accept_one(listener));
    EXPECT_TRUE(accepts.empty()) << "it accepts itself\n" << text_of(accepts);
    auto serving = spawn(accept_one(listener), {.name = "serving"});
    const auto join = [&serving]() -> Task<> { co_await serving.join(); };
    const auto joins = co_await examine_gather(join());
    EXPECT_TRUE(joins.empty()) << "it joins who does\n" << text_of(joins);
    const auto group = [&listener]() -> Task<> {
        co_await task_group([&listener](TaskGroup& all) {
            all.spawn(sleep_long());
            all.spawn(accept_one(listener));
        });
    };
    const auto has_group = co_await examine_gather(group());
    EXPECT_TRUE(has_group.empty()) << "it has a child that does\n" << text_of(has_group);
    const auto works = co_await examine_gather(in_a_group(&sleep_again_and_again));
    EXPECT_TRUE(works.empty()) << "it has a child that works\n" << text_of(works);
    co_await stop(serving);
}

GYRE_TEST(Healthy, the_last_branch_of_a_gather_is_slow_where_all_that_it_waits_for_stands) {
    const auto is_slow = [](const std::vector<Finding>& found) {
        return found.size() == 1 && found.front().rule == obs::Rule::slow_branch && found.front().task == "gathering";
    };
    const auto stands = co_await examine_gather(sleep_long());
    EXPECT_TRUE(is_slow(stands)) << text_of(stands);
    const auto has_group = co_await examine_gather(in_a_group(&sleep_long));
    EXPECT_TRUE(is_slow(has_group)) << text_of(has_group);
    auto sleeping = spawn(sleep_long());
    const auto join = [&sleeping]() -> Task<> { co_await sleeping.join(); };
    const auto joins = co_await examine_gather(join());
    EXPECT_TRUE(is_slow(joins)) << text_of(joins);
    co_await stop(sleeping);
}

}  // namespace gyre::testing

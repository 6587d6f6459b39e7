// What gyre why and gyre locks call a deadlock, and what they do not: circles that a time limit or a cancellation ends.

#include "cli/inspected_program.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <string>

namespace gyre::testing {

class InspectCircles : public InspectedProgram {
protected:
    /// Two tasks that hold a lock each and want the other's.
    struct Forks {
        Lock left{"left fork"};
        Lock right{"right fork"};

        [[nodiscard]] auto take_right() -> Task<> { const auto guard = co_await right.acquire(); }
        [[nodiscard]] auto plato() -> Task<> {
            const auto one = co_await left.acquire();
            co_await sleep(1ms);
            co_await take_right();
        }
        [[nodiscard]] auto plato_with_a_limit() -> Task<> {
            const auto one = co_await left.acquire();
            co_await sleep(1ms);
            const auto mine = [this] { return take_right(); };
            co_await move_on_after(1h, mine);
        }
        [[nodiscard]] auto plato_in_branches() -> Task<> {
            const auto one = co_await left.acquire();
            co_await sleep(1ms);
            const auto mine = [this] { return take_right(); };
            co_await gather(yield_now(), move_on_after(1h, mine));
        }
        [[nodiscard]] auto plato_who_cleans_up() -> Task<> {
            const auto one = co_await left.acquire();
            const auto cleanup = [this] { return take_right(); };
            const auto nap = [] { return sleep(1h); };
            co_await try_finally(nap, cleanup);
        }
        [[nodiscard]] auto kant() -> Task<> {
            const auto one = co_await right.acquire();
            co_await sleep(3ms);
            const auto two = co_await left.acquire();
        }
    };

    /// Runs both until the tool has looked. @param around what the group of the two runs inside of.
    template<class Around>
    void dine(Task<> (Forks::*plato)(), Around around, const std::function<void()>& look, bool has_deadline = false) {
        const auto program = [=](Stage& stage) -> Task<> {
            this_loop().set_exception_handler([](const ErrorContext&) {});
            Forks forks;
            const auto hold = [&stage]() -> Task<> { co_await stage.hold(); };
            const auto table = [&]() -> Task<> {
                co_await task_group([&](TaskGroup& group) -> Task<> {
                    SpawnOptions options{.name = "Plato"};
                    if (has_deadline) options.deadline = this_loop().now() + 1h;
                    auto first = group.spawn((forks.*plato)(), options);
                    group.spawn(forks.kant(), {.name = "Kant"});
                    co_await sleep(2ms);
                    if (plato == &Forks::plato_who_cleans_up) first.cancel("closing");
                    co_await sleep(10ms);
                    co_await hold();
                    group.cancel("seen");
                });
            };
            co_await around(table);
        };
        show(program, look, {.on_deadlock = OnDeadlock::report});
    }

    /// Both commands see a circle, and say what ends it.
    void expect_for_now(std::string_view why) const {
        const auto locks = tool({"locks", self_});
        EXPECT_FALSE(has(locks.out, "deadlock")) << locks.out;
        EXPECT_TRUE(has(locks.out, "2 tasks wait for each other in a circle, for now: " + std::string(why)))
            << locks.out;
        const auto text = tool({"why", "Kant", self_});
        EXPECT_FALSE(has(text.out, "none of these can ever go on")) << text.out;
        EXPECT_TRUE(has(text.out, "a circle for now; " + std::string(why))) << text.out;
        const auto json = nlohmann::json::parse(tool({"why", "Kant", self_, "--json"}).out);
        EXPECT_EQ(json[0]["circle"], false);
        EXPECT_TRUE(has(json[0]["circle_for_now"], why));
        const auto objects = nlohmann::json::parse(tool({"locks", self_, "--json"}).out);
        EXPECT_TRUE(objects["circles"].empty());
        EXPECT_EQ(objects["circles_for_now"][0]["tasks"].size(), 2U);
    }
};

namespace {

constexpr auto nothing = [](auto& table) { return table(); };

}  // namespace

TEST_F(InspectCircles, are_deadlocks_if_nothing_ends_them) {
    dine(&Forks::plato, nothing, [this] {
        const auto locks = tool({"locks", self_});
        EXPECT_TRUE(has(locks.out, "deadlock: 2 tasks wait for each other in a circle\n")) << locks.out;
        const auto why = tool({"why", "Kant", self_});
        EXPECT_TRUE(has(why.out, "a circle, none of these can ever go on\n")) << why.out;
        const auto objects = nlohmann::json::parse(tool({"locks", self_, "--json"}).out);
        EXPECT_EQ(objects["circles"].size(), 1U);
        EXPECT_TRUE(objects["circles_for_now"].empty());
    });
}

TEST_F(InspectCircles, are_found_through_any_task_of_a_group) {
    const auto program = [](Stage& stage) -> Task<> {
        this_loop().set_exception_handler([](const ErrorContext&) {});
        TaskHandle<void> parent;
        const auto nap = []() -> Task<> { co_await sleep(1h); };
        const auto waits_for_parent = [&]() -> Task<> { co_await parent.join(); };
        const auto opens = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) {
                group.spawn(nap(), {.name = "oldest"});
                group.spawn(waits_for_parent(), {.name = "child"});
            });
        };
        parent = spawn(opens(), {.name = "parent"});
        auto outside = spawn([&]() -> Task<> { co_await parent.join(); }, {.name = "outside"});
        co_await sleep(2ms);
        co_await stage.hold();
        parent.cancel();
        outside.cancel();
    };
    show(program,
        [this] {
            const auto locks = tool({"locks", self_});
            EXPECT_TRUE(has(locks.out, "deadlock: 2 tasks wait for each other in a circle\n")) << locks.out;
            const auto why = tool({"why", "outside", self_});
            EXPECT_TRUE(has(why.out, "which is task 'parent'")) << why.out;
            EXPECT_TRUE(has(why.out, "one of which is task 'child'")) << why.out;
            EXPECT_TRUE(has(why.out, "which is task 'parent': a circle, none of these can ever go on\n")) << why.out;
            const auto oldest = tool({"why", "oldest", self_});
            EXPECT_FALSE(has(oldest.out, "a circle")) << "it holds others up, and nothing holds it up\n" << oldest.out;
        },
        {.on_deadlock = OnDeadlock::report});
}

TEST_F(InspectCircles, are_found_through_a_branch_of_a_gather_and_not_of_a_race) {
    const auto dine_in = [](bool is_gather) {
        return [is_gather](Stage& stage) -> Task<> {
            this_loop().set_exception_handler([](const ErrorContext&) {});
            Forks forks;
            const auto plato = [&]() -> Task<> {
                const auto one = co_await forks.left.acquire();
                co_await sleep(1ms);
                if (is_gather) co_await gather(sleep(1h), forks.take_right());
                if (!is_gather) co_await race(sleep(1h), forks.take_right());
            };
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(plato(), {.name = "Plato"});
                group.spawn(forks.kant(), {.name = "Kant"});
                co_await sleep(10ms);
                co_await stage.hold();
                group.cancel("seen");
            });
        };
    };
    const RunOptions options{.on_deadlock = OnDeadlock::report};
    show(
        dine_in(true),
        [this] {
            const auto locks = tool({"locks", self_});
            EXPECT_TRUE(has(locks.out, "deadlock: 2 tasks wait for each other in a circle\n")) << locks.out;
            const auto why = tool({"why", "Kant", self_});
            EXPECT_TRUE(has(why.out, "a branch of which waits for what is held by task 'Kant': a circle, none"))
                << why.out;
        },
        options);
    show(
        dine_in(false),
        [this] {
            const auto locks = tool({"locks", self_});
            EXPECT_FALSE(has(locks.out, "a circle")) << locks.out;
        },
        options);
}

// Each loop is looked at at a moment of its own: it takes two looks that agree.
TEST_F(InspectCircles, are_found_over_two_loops) {
    const auto program = [](Stage& stage) -> Task<> {
        EventLoop& here = this_loop();
        EventLoop& there = loops()[1];
        Lock left("left fork");
        Lock right("right fork");
        std::atomic<int> asked{0};
        // Counts when it is about to wait, which it does before its loop comes to anything else.
        const auto want = [&](Lock& fork) -> Task<> {
            ++asked;
            const auto guard = co_await fork.acquire();
        };
        std::atomic<int> held{0};
        const auto dine = [&](Lock& mine, EventLoop& other, Lock& theirs) -> Task<> {
            const auto guard = co_await mine.acquire();
            ++held;
            while (held < 2) co_await sleep(1ms);
            const auto work = [&]() -> Task<> { co_await want(theirs); };
            co_await on(other, work);
        };
        auto plato = spawn(dine(left, there, right), {.name = "Plato"});
        const auto seat = [&]() -> Task<> {
            auto kant = spawn(dine(right, here, left), {.name = "Kant"});
            co_await kant.join();
        };
        auto seated = spawn(seat, {.name = "seat", .loop = &there});
        while (asked < 2) co_await sleep(1ms);
        const auto turn = []() -> Task<> { co_await yield_now(); };
        co_await on(there, turn);
        co_await stage.hold();
        plato.cancel();
        static_cast<void>(co_await as_outcome(plato.join()));
        co_await seated.join();
    };
    RunOptions options;
    options.loops = 2;
    options.on_deadlock = OnDeadlock::report;
    show(
        program,
        [this] {
            const auto locks = tool({"locks", self_}).out;
            EXPECT_TRUE(has(locks, "deadlock: 4 tasks wait for each other in a circle\n")) << locks;
            const auto why = tool({"why", "Plato", self_}).out;
            EXPECT_TRUE(has(why, "waits on other loop 1, task of inspect_circles_test.cpp:")) << why;
            EXPECT_TRUE(has(why, ", for task 'Plato' of loop 0, waiting")) << why;
            EXPECT_TRUE(has(why, "waits on lock 'right fork', which task 'Kant' holds\nwhich is held by task 'Kant'"))
                << why;
            EXPECT_TRUE(has(why, "which is held by task 'Plato': a circle, none of these can ever go on\n")) << why;
            const auto doctor = tool({"doctor", self_, "--long", "0.1"}).out;
            EXPECT_TRUE(has(doctor, "error (wait-circle)")) << doctor;
            EXPECT_TRUE(has(doctor, "4 tasks wait for each other, and will for ever")) << doctor;
            EXPECT_FALSE(has(doctor, "(lock-held)")) << "it is a part of that\n" << doctor;
        },
        options);
}

TEST_F(InspectCircles, are_none_for_good_with_a_time_limit_around_the_wait) {
    dine(&Forks::plato_with_a_limit, nothing, [this] { expect_for_now("task 'Plato' has a time limit, 59:"); });
}

TEST_F(InspectCircles, are_none_for_good_with_a_time_limit_in_a_branch) {
    dine(&Forks::plato_in_branches, nothing, [this] { expect_for_now("task 'Plato' has a time limit, 59:"); });
}

TEST_F(InspectCircles, are_none_for_good_with_a_deadline_of_the_task) {
    dine(&Forks::plato, nothing, [this] { expect_for_now("task 'Plato' has a time limit, 59:"); }, true);
}

TEST_F(InspectCircles, are_none_for_good_with_a_time_limit_around_the_group) {
    const auto limited = [](auto& table) { return move_on_after(1h, table); };
    const auto around = [limited](auto& table) -> Task<> { co_await limited(table); };
    dine(&Forks::plato, around, [this] {
        const auto locks = tool({"locks", self_});
        EXPECT_TRUE(has(locks.out, "is in a group of task 'main', which has a time limit, 59:")) << locks.out;
        EXPECT_FALSE(has(locks.out, "deadlock")) << locks.out;
    });
}

TEST_F(InspectCircles, are_none_for_good_while_a_task_is_being_cancelled) {
    dine(&Forks::plato_who_cleans_up, nothing, [this] { expect_for_now("task 'Plato' is being cancelled"); });
}

}  // namespace gyre::testing

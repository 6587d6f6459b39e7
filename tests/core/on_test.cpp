// on: work on another loop, awaited here.

#include "neighbour.hpp"
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <gyre/core/post_task.hpp>
#include <gyre/core/wait_report.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace gyre::testing {

namespace {

/// Notes on which threads it is called, copied and destroyed.
class Placed {
public:
    explicit Placed(std::vector<std::thread::id>& ends) : ends_(&ends) {}
    Placed(Placed&& other) noexcept : ends_(std::exchange(other.ends_, nullptr)) {}
    auto operator=(Placed&&) -> Placed& = delete;
    ~Placed() {
        if (ends_ != nullptr) ends_->push_back(std::this_thread::get_id());
    }

private:
    std::vector<std::thread::id>* ends_;
};

auto thread_after(std::chrono::milliseconds delay) -> Task<std::thread::id> {
    co_await sleep(delay);
    co_return std::this_thread::get_id();
}

auto fail_there() -> Task<int> {
    co_await yield_now();
    throw std::runtime_error("from the other loop");
}

}  // namespace

/// At home on the kernel's loops and on the simulated one; the neighbour is always of the kernel's.
class On : public OnLoops {
protected:
    On() : other(kernel_backend()) {}
    Neighbour other;
};
GYRE_ON_LOOPS(On);

TEST_P(On, runs_there_and_brings_the_value_back) {
    run([&]() -> Task<> {
        const auto home = std::this_thread::get_id();
        const auto there = co_await on(*other, [] { return thread_after(1ms); });
        EXPECT_EQ(there, other.id());
        EXPECT_EQ(std::this_thread::get_id(), home);
        auto moved = co_await on(*other, []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
        EXPECT_EQ(*moved, 7);
        co_await on(*other, [] { return sleep(1ms); });
        int local = 3;
        int& same = co_await on(*other, [&]() -> Task<int&> { co_return local; });
        EXPECT_EQ(&same, &local);
    });
}

TEST_P(On, brings_an_error_back_and_leaves_none_there) {
    run([&]() -> Task<> {
        const auto outcome = co_await as_outcome(on(*other, fail_there));
        EXPECT_TRUE(failed_with<std::runtime_error>(outcome));
        EXPECT_EQ(describe(outcome.error()), "from the other loop");
        const auto refused = co_await as_outcome(
            on(*other, []() -> Task<> { throw std::runtime_error("before the first frame"); }));
        EXPECT_TRUE(refused.is_error());
    });
    other.stop();
    other.wait_closed();
    EXPECT_EQ(other.unreceived, 0U);
}

// Who keeps the task, or its name, does not keep its caller. What is kept there is dropped there.
TEST_P(On, comes_back_while_the_task_is_kept) {
    AnyTaskHandle handle;
    std::vector<AnyTaskHandle> all;
    Semaphore permits(2, "permits");
    std::vector<Permit> held;
    run([&]() -> Task<> {
        co_await on(*other, [&]() -> Task<> {
            handle = current_task();
            co_return;
        });
        co_await on(*other, [&]() -> Task<> {
            all = all_tasks(*other);
            co_return;
        });
        co_await on(*other, [&]() -> Task<> {
            auto permit = co_await permits.acquire();
            held.push_back(std::move(permit));
        });
        auto given = co_await on(*other, [&]() -> Task<Permit> {
            auto permit = co_await permits.acquire();
            co_return permit;
        });
        auto clear = [&]() -> Task<> {
            EXPECT_TRUE(handle.done());
            given.release();
            held.clear();
            EXPECT_EQ(permits.statistics().held, 0U);
            all.clear();
            handle = {};
            co_return;
        };
        co_await on(*other, clear);
    });
}

TEST_P(On, the_own_loop_runs_it_in_place) {
    run([&]() -> Task<> {
        auto* task = this_loop().scheduler().current->scope->task();
        const auto same = co_await on(this_loop(), [&]() -> Task<bool> {
            co_await sleep(1ms);
            co_return this_loop().scheduler().current->scope->task() == task;
        });
        EXPECT_TRUE(same);
        const auto outcome = co_await as_outcome(on(this_loop(), fail_there()));
        EXPECT_EQ(describe(outcome.error()), "from the other loop");
        const auto late = co_await move_on_after(1ms, on(this_loop(), sleep(1h)));
        EXPECT_FALSE(late);
    });
}

TEST_P(On, work_and_callable_end_there_before_the_caller_goes_on) {
    std::vector<std::thread::id> ends;
    run([&]() -> Task<> {
        auto call = on(*other, [placed = Placed(ends), &ends]() -> Task<> {
            const Placed local(ends);
            co_await sleep(1ms);
        });
        co_await std::move(call);
        EXPECT_EQ(ends, (std::vector{other.id(), other.id()}));
        ends.clear();
        auto stopped = on(*other, [placed = Placed(ends), &ends]() -> Task<> {
            const Placed local(ends);
            co_await sleep(1h);
        });
        const bool done = co_await move_on_after(2ms, std::move(stopped));
        EXPECT_FALSE(done);
        EXPECT_TRUE(ends.empty() || ends == std::vector(ends.size(), other.id()));
    });
}

TEST_P(On, cancelling_the_caller_cancels_the_work_and_waits_for_it) {
    std::atomic<bool> cleaned{false};
    run([&]() -> Task<> {
        std::atomic<bool> began{false};
        const bool done = co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            auto work = [&]() -> Task<> {
                began = true;
                this_loop().post([] {});
                co_await try_finally(sleep(1h), [&]() -> Task<> {
                    co_await sleep(2ms);
                    cleaned = true;
                });
            };
            auto stopper = spawn([&]() -> Task<> {
                while (!began) co_await sleep(1ms);
                scope.cancel("enough");
            });
            co_await on(*other, std::move(work));
        });
        EXPECT_FALSE(done);
        EXPECT_TRUE(cleaned);
    });
}

TEST_P(On, what_completed_though_cancelled_counts) {
    run([&]() -> Task<> {
        std::atomic<bool> began{false};
        std::atomic<bool> asked{false};
        const auto value = co_await cancel_scope([&](CancelScope& scope) -> Task<int> {
            auto stopper = spawn([&]() -> Task<> {
                while (!began) co_await sleep(1ms);
                scope.cancel();
                asked = true;
            });
            auto work = [&]() -> Task<int> {
                began = true;
                while (!asked) std::this_thread::yield();  // it has no wait that could be cancelled
                co_return 5;
            };
            const int given = co_await on(*other, std::move(work));
            co_return given;
        });
        EXPECT_EQ(value.value_or(0), 5);
    });
}

TEST_P(On, inside_a_cancelled_scope_the_work_never_leaves) {
    std::atomic<bool> ran{false};
    run([&]() -> Task<> {
        const bool done = co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            scope.cancel();
            co_await on(*other, [&]() -> Task<> {
                ran = true;
                co_return;
            });
        });
        EXPECT_FALSE(done);
    });
    EXPECT_FALSE(ran);
}

TEST_P(On, a_closed_loop_is_an_error) {
    int alive = 0;
    other.stop();
    other.wait_closed();
    run([&]() -> Task<> {
        auto call = on(*other, [token = Counted(alive)]() -> Task<int> { co_return 1; });
        const auto outcome = co_await as_outcome(std::move(call));
        EXPECT_TRUE(failed_with<LoopError>(outcome));
        EXPECT_NE(describe(outcome.error()).find("closed"), std::string::npos);
    });
    EXPECT_EQ(alive, 0);
}

TEST_P(On, a_loop_that_closes_meanwhile_cancels_the_work_and_says_so) {
    std::atomic<bool> ended{false};
    run([&]() -> Task<> {
        auto work = [&]() -> Task<> {
            this_loop().stop();
            co_await try_finally(sleep(1h), [&]() -> Task<> {
                co_await sleep(1ms);
                ended = true;
            });
        };
        const auto outcome = co_await as_outcome(on(*other, std::move(work)));
        EXPECT_TRUE(failed_with<LoopError>(outcome));
        EXPECT_NE(describe(outcome.error()).find("closed while"), std::string::npos) << describe(outcome.error());
        EXPECT_TRUE(ended);
    });
}

TEST_P(On, goes_there_and_back_and_there_again) {
    run([&]() -> Task<> {
        EventLoop& home = this_loop();
        const auto here = std::this_thread::get_id();
        home.expect_post();
        const auto back = co_await on(*other, [&]() -> Task<std::thread::id> {
            const auto id = co_await on(home, [&]() -> Task<std::thread::id> {
                const auto there = co_await on(*other, [] { return thread_after(0ms); });
                EXPECT_EQ(there, other.id());
                co_return std::this_thread::get_id();
            });
            co_return id;
        });
        home.post_arrived();
        EXPECT_EQ(back, here);
    });
}

TEST_P(On, a_storm_of_calls_loses_none) {
    run([&]() -> Task<> {
        std::vector<Task<int>> calls;
        const auto call = [&](int number) -> Task<int> {
            auto work = [number]() -> Task<int> {
                if (number % 3 == 0) co_await yield_now();
                co_return number;
            };
            const int value = co_await on(*other, work);
            co_return value;
        };
        for (int i = 0; i < 2000; ++i) calls.push_back(call(i));
        const auto values = co_await gather(std::move(calls));
        for (int i = 0; i < 2000; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
    });
}

TEST_P(On, a_storm_of_cancellations_leaves_nothing) {
    std::atomic<int> inside{0};
    run([&]() -> Task<> {
        const auto call = [&](int number) -> Task<> {
            auto work = [&]() -> Task<> {
                ++inside;
                auto leave = [&]() -> Task<> {
                    --inside;
                    co_return;
                };
                co_await try_finally(sleep(1h), leave);
            };
            co_await move_on_after(std::chrono::microseconds(number), on(*other, work));
        };
        std::vector<Task<>> calls;
        for (int i = 0; i < 1000; ++i) calls.push_back(call(i));
        co_await gather(std::move(calls));
    });
    EXPECT_EQ(inside.load(), 0);
    EXPECT_EQ(other->guests().tasks.front(), nullptr);
}

// What a dump tells of the wait, read on the loop of who waits.
TEST_P(On, a_wait_knows_how_far_the_work_is) {
    run([&]() -> Task<> {
        std::atomic<bool> go_on{false};
        std::atomic<std::uint64_t> there{0};
        std::atomic<bool> may_end{false};
        std::atomic<bool> over{false};
        other->post([&] {
            while (!go_on) std::this_thread::yield();
        });
        const auto note_end = [&over](void*) { over = true; };
        auto work = [&, gone = std::shared_ptr<void>(nullptr, note_end)]() -> Task<> {
            there = reinterpret_cast<std::uintptr_t>(this_loop().scheduler().current_task());
            while (!may_end) std::this_thread::yield();
            co_return;
        };
        internal::TaskNode* caller = nullptr;
        const auto ask = [&]() -> Task<> {
            caller = this_loop().scheduler().current_task();
            auto call = on(*other, std::move(work));
            co_await std::move(call);
        };
        auto asking = spawn(ask());
        co_await yield_now();
        const auto progress = [&] { return caller->root->wait()->record().remote->progress(); };
        const WaitRecord record = caller->root->wait()->record();
        EXPECT_EQ(record.kind, WaitKind::loop);
        EXPECT_EQ(record.object, &*other);
        EXPECT_EQ(internal::wait_text(record), "other loop 0, which has not begun it");
        EXPECT_EQ(progress().task, 0U);
        EXPECT_FALSE(progress().is_over);
        go_on = true;
        while (there == 0) std::this_thread::yield();
        EXPECT_EQ(progress().task, there.load());
        EXPECT_NE(internal::wait_text(record).find("other loop 0, task of on_test.cpp:"), std::string::npos)
            << internal::wait_text(record);
        may_end = true;
        while (!over) std::this_thread::yield();
        // The answer is there, and this loop has not come to it.
        EXPECT_EQ(progress().task, 0U);
        EXPECT_TRUE(progress().is_over);
        EXPECT_EQ(internal::wait_text(record), "other loop 0, whose answer is on its way");
        co_await asking.join();
    });
}

TEST_P(On, the_work_knows_for_whom_it_is_done) {
    const std::string name = "alice";
    const std::string long_name = "a name that is longer than fits \xe2\x82\xac";
    const std::string cut_name = "twenty-seven characters, .\xe2\x82\xac and more";
    const auto sender = [] {
        const auto* of = this_loop().scheduler().current_task()->sender();
        return of != nullptr ? of->text() : std::string();
    };
    const auto ask = [&]() -> Task<std::string> {
        auto work = [&]() -> Task<std::string> { co_return sender(); };
        auto text = co_await on(*other, work);
        co_return text;
    };
    run([&]() -> Task<> {
        EXPECT_EQ(sender(), "") << "nobody of another loop has sent it";
        auto named = spawn(ask(), {.name = name});
        const auto of_named = co_await named.join();
        EXPECT_EQ(of_named, "task 'alice' of loop 0");
        auto long_one = spawn(ask(), {.name = long_name});
        const auto of_long = co_await long_one.join();
        EXPECT_EQ(of_long, "task 'a name that is longer than f...' of loop 0");
        auto cut_one = spawn(ask(), {.name = cut_name});
        const auto of_cut = co_await cut_one.join();
        EXPECT_EQ(of_cut, "task 'twenty-seven characters, ....' of loop 0") << "no half of a character";
        auto nameless = spawn(ask());
        const auto of_nameless = co_await nameless.join();
        EXPECT_EQ(of_nameless.find("task of on_test.cpp:"), 0U) << of_nameless;
    });
    const auto posted = block_on(*other, [&]() -> Task<std::string> { co_return sender(); });
    EXPECT_EQ(posted, "") << "a thread is no task";
}

TEST(On, survives_cancellation_anywhere) {
    Neighbour other(kernel_backend());
    std::atomic<int> inside{0};
    int alive = 0;
    CancelEverywhere([&]() -> Task<> {
        auto work = [&]() -> Task<int> {
            ++inside;
            auto leave = [&]() -> Task<> {
                --inside;
                co_return;
            };
            co_await try_finally(sleep(1ms), leave);
            co_return 1;
        };
        const Counted token(alive);
        const int one = co_await on(*other, work);
        const int two = co_await on(this_loop(), work);
        EXPECT_EQ(one + two, 2);
    })
        .invariant([&](const CancelledRun& run) {
            EXPECT_EQ(inside.load(), 0) << run.text();
            EXPECT_EQ(alive, 0) << run.text();
        })
        .run();
}

}  // namespace gyre::testing

// The test mode itself: it finds every point, and it finds the mistakes that it is for.

#include "support/loops.hpp"

namespace gyre::testing {

namespace {

auto wait_thrice(int& done) -> Task<> {
    for (int i = 0; i < 3; ++i) {
        co_await sleep(1ms);
        ++done;
    }
}

}  // namespace

TEST(CancelEverywhere, cancels_once_at_each_step_and_never_between) {
    int done = 0;
    std::vector<int> reached;
    const std::size_t steps = CancelEverywhere([&] { return wait_thrice(done); })
                                  .before_each([&] { done = 0; })
                                  .invariant([&](const CancelledRun& run) {
                                      if (run.seed == 0) reached.push_back(done);
                                      const bool through = run.end == CancelledRun::End::value;
                                      EXPECT_EQ(through, done == 3);
                                  })
                                  .orders(2)
                                  .run();
    EXPECT_EQ(steps, 3U);
    // Alone: all three. Before the start: none. Before a wake-up that is due already: completion beats cancellation.
    EXPECT_EQ(reached, (std::vector<int>{3, 0, 1, 2, 3}));
}

TEST(CancelEverywhere, sees_groups_and_spawned_tasks) {
    int alive = 0;
    struct Alive {
        int& count;
        explicit Alive(int& counter) : count(counter) { ++count; }
        Alive(const Alive&) = delete;
        auto operator=(const Alive&) -> Alive& = delete;
        ~Alive() { --count; }
    };
    const std::size_t steps = CancelEverywhere([&]() -> Task<> {
        auto loose = spawn([&]() -> Task<> {
            const Alive alive_here(alive);
            co_await sleep(1h);
        });
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 4; ++i) {
                group.spawn([&alive, i]() -> Task<> {
                    const Alive alive_here(alive);
                    co_await sleep(i * 1ms);
                });
            }
            co_await sleep(2ms);
        });
        loose.cancel();
    }).invariant([&](const CancelledRun&) {
          EXPECT_EQ(alive, 0);
      }).run();
    EXPECT_GE(steps, 10U);
}

TEST(CancelEverywhere, an_error_is_a_failure_unless_allowed) {
    CancelEverywhere([]() -> Task<> {
        co_await sleep(1ms);
        throw std::runtime_error("on purpose");
    })
        .errors_allowed()
        .invariant([](const CancelledRun& run) {
            if (run.end == CancelledRun::End::error) {
                EXPECT_EQ(run.error, "on purpose");
            }
        })
        .run();
}

}  // namespace gyre::testing

#pragma once

#include <gyre/testing/loop.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gyre::testing {

/// One run of a scenario in a `CancelEverywhere`.
struct CancelledRun {
    enum class End : std::uint8_t { value, error, cancelled };

    std::uint64_t seed = 0;           ///< Of the order of the ready queue; 0: first in, first out.
    std::optional<std::size_t> step;  ///< It was cancelled before this step; empty: it was left alone.
    End end = End::value;             ///< How the scenario ended; `value` too if it had ended before the step came.
    std::string error;                ///< The text of its error, if it had one.

    /// "cancelled before step 17, seed 3"
    [[nodiscard]] auto text() const -> std::string;
};

/// Cancels a scenario at every point where it can be cancelled, one point a run.
///
/// A *step* is one entry of the loop's ready queue that gets its turn: every resumption, every unwinding, every callback.
/// The scenario runs once in the simulated world alone, to count its steps; then once more for each step, and is cancelled
/// just before it (step 0: before the scenario itself starts, inside a scope that is cancelled already). The whole is done
/// in first-in-first-out order and then in as many seeded orders as asked for.
///
/// After each run it is checked that the run ended, that nothing is left (tasks, timers, descriptors, operations, frames),
/// that no error got lost, and what the caller gave as `invariant`. Tasks that the scenario spawned outside of any group
/// are cancelled when it has ended, and have to end too.
///
/// ```cpp
/// TEST(Semaphore, survives_cancellation_anywhere) {
///     int inside = 0;
///     CancelEverywhere([&] { return use_a_semaphore(inside); })
///         .before_each([&] { inside = 0; })
///         .invariant([&](const CancelledRun& run) { EXPECT_EQ(inside, 0); })
///         .run();
/// }
/// ```
class CancelEverywhere {
public:
    /// @param scenario makes the task of one run, on the loop of that run.
    explicit CancelEverywhere(std::function<Task<>()> scenario);

    /// Called before each run, to reset what the scenario shares with the test.
    auto before_each(std::function<void()> function) -> CancelEverywhere&;
    /// Called after each run, when its loop is gone; checks what must hold however the run ended.
    auto invariant(std::function<void(const CancelledRun&)> function) -> CancelEverywhere&;
    /// How many seeded orders are tried after the plain one. Default: the environment's GYRE_TEST_SEEDS, or 3.
    auto orders(std::uint64_t count) -> CancelEverywhere&;
    /// The simulated world: latency, short reads... Its seed is that of the order.
    auto world(backend::SimOptions options) -> CancelEverywhere&;
    /// Runs on a kernel backend, for what a simulated world does not have: processes. How many steps a run has may differ
    /// there from one to the next; each is cancelled once before each of as many as the first one had.
    auto on(std::string backend) -> CancelEverywhere&;
    /// An error of the scenario is no failure: for scenarios that throw, or that turn a cancellation into an error.
    auto errors_allowed() -> CancelEverywhere&;
    /// At most so many steps are tried for each order, evenly spread over all. Default: 1000.
    auto at_most(std::size_t steps) -> CancelEverywhere&;

    /// Does it all; stops at the first run that fails. @return how many steps the scenario has in the plain order.
    auto run() -> std::size_t;

private:
    /// @return how many steps the run had.
    auto run_once(CancelledRun run) -> std::size_t;

    std::function<Task<>()> scenario_;
    std::function<void()> before_each_;
    std::function<void(const CancelledRun&)> invariant_;
    backend::SimOptions world_;
    std::string backend_;  ///< Empty: the simulated world.
    std::uint64_t orders_;
    std::size_t most_steps_ = 1000;
    bool errors_allowed_ = false;
};

}  // namespace gyre::testing

#pragma once

#include <gyre/backend/sim.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/run.hpp>
#include <gyre/core/task.hpp>
#include <gyre/testing/seeded_order.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gyre::testing {

/// A loop for one test, which must end as clean as it began.
///
/// In the simulated world its clock jumps to the next deadline when everything waits. `finish` (or the destructor) fails the
/// test if anything is left of what ran: spawned tasks, timers, descriptors, operations in flight, frames; or an error that
/// nobody received and no handler took. A deadlock is a failure that says who waits for what.
class TestLoop {
public:
    /// A loop in the simulated world. A seed other than 0 is that of the order of ready tasks as well.
    explicit TestLoop(backend::SimOptions world = {}, RunOptions options = {});
    /// A loop on a backend by name: "epoll", "io_uring" or "sim".
    explicit TestLoop(std::string_view backend, RunOptions options = {});
    TestLoop(const TestLoop&) = delete;
    auto operator=(const TestLoop&) -> TestLoop& = delete;
    /// As `finish`; without a framework a failure ends the program here, so call `finish` to have it thrown.
    ~TestLoop();

    [[nodiscard]] auto operator*() const -> EventLoop& { return *loop_; }
    [[nodiscard]] auto operator->() const -> EventLoop* { return loop_.get(); }

    /// Runs some work to its end. @throws as EventLoop::run_until_complete.
    template<Work W>
    auto run(W&& work) -> internal::WorkResult<W> {
        return loop_->run_until_complete(std::forward<W>(work));
    }

    /// Errors that nobody receives are no failure of this test.
    void allow_unreceived_errors() noexcept { errors_allowed_ = true; }
    /// Tasks may be left when the main one ends; they are cancelled and must end then.
    void allow_left_tasks() noexcept { left_tasks_allowed_ = true; }

    /// Checks now, and lets go of the loop. Idempotent.
    void finish();

private:
    /// What is wrong with the loop, a line each; it is closed then.
    [[nodiscard]] auto close_and_check() -> std::string;
    void end_left_tasks();

    std::ptrdiff_t frames_before_;
    std::unique_ptr<EventLoop> loop_;
    std::optional<SeededOrder> order_;
    bool errors_allowed_ = false;
    bool left_tasks_allowed_ = false;
};

/// The kernel backend that this run of the tests is about: the environment's GYRE_BACKEND, or "epoll".
[[nodiscard]] auto kernel_backend() -> std::string;

/// Runs a test's body in a simulated world; everything must be gone at its end. An error fails the test.
void run_test(const std::function<Task<>()>& body, backend::SimOptions world = {});

/// Runs the body once in the plain order and once in each of `orders` seeded ones; stops at the first that fails, and names
/// its seed. The environment's GYRE_TEST_SEEDS replaces `orders`; GYRE_TEST_SEED=n runs the order n alone.
void run_seeded_test(const std::function<Task<>()>& body, std::uint64_t orders = 10);

/// How many seeded orders to try: the environment's GYRE_TEST_SEEDS, or `otherwise`.
[[nodiscard]] auto seeds_wanted(std::uint64_t otherwise) -> std::uint64_t;

/// Waits until everything else of this loop is blocked: nothing is ready to run. A place where races can meet.
/// For one task at a time. Source: trio.testing.wait_all_tasks_blocked.
[[nodiscard]] auto all_blocked() -> Task<>;

/// Whether some work is a cancel point from its start: run inside a scope that is cancelled already, it ends without a value.
/// Source: trio.testing.assert_checkpoints.
[[nodiscard]] auto is_cancel_point(std::function<Task<>()> work) -> Task<bool>;

}  // namespace gyre::testing

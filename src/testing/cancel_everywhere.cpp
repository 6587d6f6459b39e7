#include <gyre/testing/cancel_everywhere.hpp>

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/testing/framework.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace gyre::testing {

namespace {

/// Far more steps than any scenario of a test has: it does not end.
constexpr std::size_t runaway_steps = 20'000'000;

/// Counts the steps, chooses among the ready ones by a seed, and cancels a scope before a given step.
class StepOrder final : public SeededOrder {
public:
    explicit StepOrder(const CancelledRun& run) : SeededOrder(run.seed), run_(run) {}

    [[nodiscard]] auto choose(std::size_t count) noexcept -> std::size_t override {
        if (++all_steps_ > runaway_steps) give_up();
        if (scope_ != nullptr && run_.step == ++steps_) cancel();
        return SeededOrder::choose(count);
    }

    void enter(CancelScope& scope) {
        scope_ = &scope;
        if (run_.step == 0) cancel();
    }
    void leave() noexcept { scope_ = nullptr; }
    [[nodiscard]] auto steps() const noexcept -> std::size_t { return steps_; }

private:
    void cancel() { scope_->cancel(run_.text()); }

    // A scenario that never ends can be ended from here only, and only by force.
    [[noreturn]] void give_up() const noexcept {
        framework().fail("the scenario does not end: " + run_.text());
        std::terminate();
    }

    const CancelledRun& run_;
    CancelScope* scope_ = nullptr;
    std::size_t steps_ = 0;
    std::size_t all_steps_ = 0;
};

auto run_scenario(const std::function<Task<>()>& scenario, StepOrder& order, CancelledRun& run) -> Task<> {
    this_loop().scheduler().use_order(&order);
    const auto outcome = co_await as_outcome([&] {
        return cancel_scope([&](CancelScope& scope) -> Task<> {
            struct Leave {
                StepOrder& order;
                ~Leave() { order.leave(); }
            } leave{order};
            order.enter(scope);
            co_await scenario();
        });
    });
    order.leave();
    this_loop().scheduler().use_order(nullptr);
    using End = CancelledRun::End;
    if (outcome.is_error()) {
        run.end = End::error;
        run.error = describe(outcome.error());
    } else {
        run.end = outcome.has_value() && outcome.value() ? End::value : End::cancelled;
    }
}

}  // namespace

auto CancelledRun::text() const -> std::string {
    const std::string order = seed == 0 ? "in order" : "seed " + std::to_string(seed);
    return (step ? "cancelled before step " + std::to_string(*step) : "not cancelled") + ", " + order;
}

CancelEverywhere::CancelEverywhere(std::function<Task<>()> scenario)
    : scenario_(std::move(scenario)), orders_(seeds_wanted(3)) {}

auto CancelEverywhere::before_each(std::function<void()> function) -> CancelEverywhere& {
    before_each_ = std::move(function);
    return *this;
}

auto CancelEverywhere::invariant(std::function<void(const CancelledRun&)> function) -> CancelEverywhere& {
    invariant_ = std::move(function);
    return *this;
}

auto CancelEverywhere::orders(std::uint64_t count) -> CancelEverywhere& {
    orders_ = count;
    return *this;
}

auto CancelEverywhere::world(backend::SimOptions options) -> CancelEverywhere& {
    world_ = options;
    return *this;
}

auto CancelEverywhere::on(std::string backend) -> CancelEverywhere& {
    backend_ = std::move(backend);
    return *this;
}

auto CancelEverywhere::errors_allowed() -> CancelEverywhere& {
    errors_allowed_ = true;
    return *this;
}

auto CancelEverywhere::at_most(std::size_t steps) -> CancelEverywhere& {
    most_steps_ = std::max<std::size_t>(steps, 1);
    return *this;
}

auto CancelEverywhere::run_once(CancelledRun run) -> std::size_t {
    if (before_each_) before_each_();
    StepOrder order(run);
    backend::SimOptions world = world_;
    world.seed = run.seed;
    TestLoop loop = backend_.empty() ? TestLoop(world) : TestLoop(backend_);
    loop.allow_left_tasks();
    const auto outcome = loop->run_to_outcome(run_scenario(scenario_, order, run));
    std::string wrong;
    if (!outcome.has_value()) wrong = "it did not end: " + describe(outcome.error());
    if (run.end == CancelledRun::End::error && !errors_allowed_) wrong = "it failed: " + run.error;
    if (run.end == CancelledRun::End::cancelled && !run.step) wrong = "cancelled by nobody";
    if (!wrong.empty()) framework().fail(wrong);
    loop.finish();
    if (invariant_) invariant_(run);
    return order.steps();
}

auto CancelEverywhere::run() -> std::size_t {
    const auto run_in_context = [this](std::uint64_t seed, std::optional<std::size_t> step) {
        CancelledRun run;
        run.seed = seed;
        run.step = step;
        std::size_t steps = 0;
        framework().with_context(run.text(), [&] { steps = run_once(run); });
        return steps;
    };
    std::size_t plain_steps = 0;
    for (std::uint64_t seed = 0; seed <= orders_ && !framework().failed(); ++seed) {
        const std::size_t steps = run_in_context(seed, {});
        if (seed == 0) plain_steps = steps;
        const std::size_t stride = steps / most_steps_ + 1;
        // The first step that fails says most.
        for (std::size_t step = 0; step <= steps && !framework().failed(); step += stride) run_in_context(seed, step);
    }
    return plain_steps;
}

}  // namespace gyre::testing

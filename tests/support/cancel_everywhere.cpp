#include "cancel_everywhere.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace gyre::testing {

namespace {

/// Far more steps than any scenario of a test has: it does not end.
constexpr std::size_t runaway_steps = 20'000'000;

/// Counts the steps, chooses among the ready ones by a seed, and cancels a scope before a given step.
class StepOrder final : public internal::Order {
public:
    explicit StepOrder(const CancelledRun& run) : run_(run), state_(run.seed * 0x9e3779b97f4a7c15U) {}

    auto choose(std::size_t count) noexcept -> std::size_t override {
        if (++all_steps_ > runaway_steps) {
            std::fprintf(stderr, "the scenario does not end: %s\n", run_.text().c_str());
            std::abort();
        }
        if (scope_ != nullptr) {
            if (run_.step == ++steps_) cancel();
        }
        return run_.seed == 0 ? 0 : random() % count;
    }

    void enter(CancelScope& scope) {
        scope_ = &scope;
        if (run_.step == 0) cancel();
    }
    void leave() noexcept { scope_ = nullptr; }
    [[nodiscard]] auto steps() const noexcept -> std::size_t { return steps_; }

private:
    void cancel() { scope_->cancel(run_.text()); }

    // splitmix64
    auto random() noexcept -> std::size_t {
        std::uint64_t word = state_ += 0x9e3779b97f4a7c15U;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
        word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
        return static_cast<std::size_t>(word ^ (word >> 31));
    }

    const CancelledRun& run_;
    std::uint64_t state_;
    CancelScope* scope_ = nullptr;
    std::size_t steps_ = 0;
    std::size_t all_steps_ = 0;
};

auto run_scenario(const std::function<Task<>()>& scenario, StepOrder& order, CancelledRun& run) -> Task<> {
    this_loop().scheduler().order = &order;
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
    this_loop().scheduler().order = nullptr;
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

auto CancelEverywhere::errors_allowed() -> CancelEverywhere& {
    errors_allowed_ = true;
    return *this;
}

auto CancelEverywhere::at_most(std::size_t steps) -> CancelEverywhere& {
    most_steps_ = std::max<std::size_t>(steps, 1);
    return *this;
}

auto CancelEverywhere::run_once(CancelledRun run) -> std::size_t {
    SCOPED_TRACE(run.text());
    if (before_each_) before_each_();
    StepOrder order(run);
    backend::SimOptions world = world_;
    world.seed = run.seed;
    TestLoop loop(world);
    loop.allow_left_tasks();
    const auto outcome = loop->run_to_outcome(run_scenario(scenario_, order, run));
    EXPECT_TRUE(outcome.has_value()) << "it did not end: " << describe(outcome.error());
    if (run.end == CancelledRun::End::error && !errors_allowed_) ADD_FAILURE() << "it failed: " << run.error;
    if (run.end == CancelledRun::End::cancelled) {
        EXPECT_TRUE(run.step) << "cancelled by nobody";
    }
    loop.finish();
    if (invariant_) invariant_(run);
    return order.steps();
}

auto CancelEverywhere::run() -> std::size_t {
    std::size_t plain_steps = 0;
    for (std::uint64_t seed = 0; seed <= orders_; ++seed) {
        const std::size_t steps = run_once({.seed = seed, .step = {}, .end = {}, .error = {}});
        if (seed == 0) plain_steps = steps;
        const std::size_t stride = steps / most_steps_ + 1;
        for (std::size_t step = 0; step <= steps && !::testing::Test::HasFailure(); step += stride) {
            run_once({.seed = seed, .step = step, .end = {}, .error = {}});
        }
        if (::testing::Test::HasFailure()) break;  // the first failing step says most
    }
    return plain_steps;
}

}  // namespace gyre::testing

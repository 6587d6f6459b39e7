#include <gyre/testing/loop.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/as_outcome.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/obs/leaks.hpp>
#include <gyre/testing/framework.hpp>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

namespace gyre::testing {

namespace {

auto make_loop(std::string_view backend, RunOptions options) -> std::unique_ptr<EventLoop> {
    if (backend == "sim") return std::make_unique<EventLoop>(backend::make_sim_backend(), options);
    return std::make_unique<EventLoop>(backend::make_backend(backend), options);
}

/// A number of the environment; empty if it is not set.
auto number_from_environment(const char* name) -> std::optional<std::uint64_t> {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    std::uint64_t number = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, number);
    if (error != std::errc{} || rest != end) {
        throw std::invalid_argument(std::string(name) + " is a number, not '" + text + "'");
    }
    return number;
}

/// A line for each timer that is armed; empty if none is.
auto left_timers(const internal::TimerHeap& timers) -> std::string {
    std::string text;
    timers.for_each([&](internal::Timer& timer) {
        const auto* callback = dynamic_cast<const internal::Callback*>(&timer);
        text += "a timer was left";
        if (callback != nullptr) text += ", of call_later or call_at at " + internal::place_text(callback->where);
        text += '\n';
    });
    return text;
}

}  // namespace

TestLoop::TestLoop(backend::SimOptions world, RunOptions options)
    : frames_before_(internal::frames_in_use()),
      loop_(std::make_unique<EventLoop>(backend::make_sim_backend(world), options)) {
    if (world.seed == 0) return;
    order_.emplace(world.seed);
    loop_->scheduler().use_order(&*order_);
}

TestLoop::TestLoop(std::string_view backend, RunOptions options)
    : frames_before_(internal::frames_in_use()), loop_(make_loop(backend, options)) {}

TestLoop::~TestLoop() {
    if (std::uncaught_exceptions() == 0) {
        finish();
        return;
    }
    try {
        finish();
    } catch (const TestFailure&) {  // the error on its way is the reason
    }
}

void TestLoop::end_left_tasks() {
    loop_->run_until_complete([]() -> Task<> {
        EventLoop& loop = this_loop();
        const auto shared = internal::make_cause(CancelKind::shutdown, "the test is over", {}, loop.now());
        auto& tasks = loop.background().tasks;
        const auto* const self = loop.scheduler().current_task();
        while (loop.background_task_count() > 0) {
            for (auto* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
                if (task != self) task->cancel(shared);
            }
            co_await sleep(std::chrono::milliseconds(1));
        }
    });
}

auto TestLoop::close_and_check() -> std::string {
    std::string wrong;
    const auto expect = [&](bool holds, std::string_view otherwise) {
        if (!holds) (wrong += otherwise) += '\n';
    };
    try {
        if (!loop_->is_closed()) {
            if (left_tasks_allowed_) end_left_tasks();
            const bool all_ended = loop_->background_task_count() == 0;
            expect(all_ended, "a spawned task was left");
            if (!all_ended) wrong += obs::left_on(*loop_).text();
            // A task that is left may rightly have something open.
            expect(!all_ended || loop_->backend().in_flight() == 0, "an operation was left in flight");
            const bool none_open = !all_ended || loop_->backend().open_descriptors() == 0;
            expect(none_open, "a descriptor was left open");
            if (!none_open) wrong += obs::left_on(*loop_).text();
            if (all_ended) wrong += left_timers(loop_->scheduler().timers);
            loop_->close();
        }
        if (errors_allowed_) return wrong;
        for (const ErrorContext& error : loop_->unreceived_errors()) {
            expect(false, "an error that nobody received: " + error.text());
        }
    } catch (const std::exception& error) {
        expect(false, std::string("the loop did not close: ") + error.what());
    }
    return wrong;
}

void TestLoop::finish() {
    if (loop_ == nullptr) return;
    std::string wrong = close_and_check();
    loop_.reset();
    if (internal::frames_in_use() != frames_before_) {
        wrong += std::to_string(internal::frames_in_use() - frames_before_) + " frames were left\n";
    }
    if (wrong.empty()) return;
    wrong.pop_back();
    framework().fail(wrong);
}

auto kernel_backend() -> std::string {
    const char* name = std::getenv("GYRE_BACKEND");
    return name == nullptr || *name == '\0' ? "epoll" : name;
}

void run_test(const std::function<Task<>()>& body, backend::SimOptions world) {
    TestLoop loop(world);
    const auto outcome = loop->run_to_outcome(body());
    std::string wrong;
    if (outcome.is_error()) wrong = "the test threw: " + describe(outcome.error());
    if (outcome.is_cancelled()) wrong = "the test was cancelled: " + outcome.cause()->text();
    if (!wrong.empty()) framework().fail(wrong);
    loop.finish();
}

auto seeds_wanted(std::uint64_t otherwise) -> std::uint64_t {
    return number_from_environment("GYRE_TEST_SEEDS").value_or(otherwise);
}

void run_seeded_test(const std::function<Task<>()>& body, std::uint64_t orders) {
    const auto run_one = [&](std::uint64_t seed) {
        framework().with_context("GYRE_TEST_SEED=" + std::to_string(seed), [&] { run_test(body, {.seed = seed}); });
    };
    if (const auto only = number_from_environment("GYRE_TEST_SEED")) return run_one(*only);
    const auto last = seeds_wanted(orders);
    for (std::uint64_t seed = 0; seed <= last && !framework().failed(); ++seed) run_one(seed);
}

auto all_blocked() -> Task<> {
    EventLoop& loop = this_loop();
    auto& ready = loop.scheduler().ready;
    for (;;) {
        co_await yield_now();
        if (!ready.empty()) continue;
        // What has arrived but was not looked at yet makes its waiter ready.
        if (loop.backend().in_flight() > 0) loop.backend().wait(Time::min());
        if (ready.empty()) co_return;
    }
}

auto is_cancel_point(std::function<Task<>()> work) -> Task<bool> {
    const bool ended = co_await cancel_scope([&](CancelScope& scope) {
        scope.cancel("is it a cancel point?");
        return work();
    });
    co_return !ended;
}

}  // namespace gyre::testing

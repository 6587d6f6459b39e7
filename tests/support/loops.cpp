#include "loops.hpp"

#include <gyre/backend/backend.hpp>

#include <cstdlib>

namespace gyre::testing {

namespace {

auto make_loop(std::string_view backend, RunOptions options) -> std::unique_ptr<EventLoop> {
    if (backend == "sim") return std::make_unique<EventLoop>(backend::make_sim_backend(), options);
    return std::make_unique<EventLoop>(backend::make_backend(backend), options);
}

}  // namespace

auto kernel_backend() -> std::string {
    const char* name = std::getenv("GYRE_BACKEND");
    return name == nullptr || *name == '\0' ? "epoll" : name;
}

TestLoop::TestLoop(std::string_view backend, RunOptions options)
    : frames_before_(internal::frames_in_use()), loop_(make_loop(backend, options)) {}

TestLoop::TestLoop(backend::SimOptions sim, RunOptions options)
    : frames_before_(internal::frames_in_use()),
      loop_(std::make_unique<EventLoop>(backend::make_sim_backend(sim), options)) {}

TestLoop::~TestLoop() { finish(); }

void TestLoop::end_left_tasks() {
    loop_->run_until_complete([]() -> Task<> {
        EventLoop& loop = this_loop();
        auto cause = std::make_shared<CancelCause>();
        cause->reason = "the test is over";
        const internal::CausePointer shared = std::move(cause);
        auto& tasks = loop.background().tasks;
        while (loop.background_task_count() > 0) {
            for (auto* task = tasks.front(); task != nullptr; task = tasks.after(*task)) {
                if (tasks.after(*task) != nullptr) task->scope.cancel(shared);  // the last one is this task
            }
            co_await sleep(1ms);
        }
    });
}

void TestLoop::finish() {
    if (loop_ == nullptr) return;
    try {
        if (!loop_->is_closed()) {
            if (left_tasks_allowed_) {
                end_left_tasks();
            } else {
                EXPECT_EQ(loop_->background_task_count(), 0U) << "a spawned task was left";
            }
            if (loop_->background_task_count() == 0) {
                EXPECT_EQ(loop_->backend().in_flight(), 0U) << "an operation was left in flight";
                EXPECT_EQ(loop_->backend().open_descriptors(), 0U) << "a descriptor was left open";
            }
            loop_->close();
        }
        if (!errors_allowed_) {
            for (const ErrorContext& error : loop_->unreceived_errors()) {
                ADD_FAILURE() << "an error that nobody received: " << error.text();
            }
        }
    } catch (const std::exception& error) {
        ADD_FAILURE() << "the loop did not close: " << error.what();
    }
    loop_.reset();
    EXPECT_EQ(internal::frames_in_use(), frames_before_) << "frames were left";
}

void run_test(const std::function<Task<>()>& body, backend::SimOptions options) {
    TestLoop loop(options);
    const auto outcome = loop->run_to_outcome(body());
    if (outcome.is_error()) ADD_FAILURE() << "the test threw: " << describe(outcome.error());
    if (outcome.is_cancelled()) ADD_FAILURE() << "the test was cancelled: " << outcome.cause()->text();
    EXPECT_EQ(loop->scheduler().timers.size(), 0U) << "a timer was left";
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

}  // namespace gyre::testing

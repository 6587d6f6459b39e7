#include "obs/program_loops.hpp"

#include "obs/stepped_read.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/sync/event.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace gyre::obs {

namespace {

constexpr auto patience = std::chrono::milliseconds(100);
// A thread that gets no core neither answers nor can be interrupted: the machine is busy, and nothing is known of the loop.
constexpr auto patience_with_machine = std::chrono::seconds(2);

/// What a loop was asked. Both sides keep it: who asked may have gone when the loop answers.
template<class T>
class Question {
public:
    explicit Question(std::shared_ptr<internal::Mailbox> asker) : asker_(std::move(asker)) {}

    // Thread: the loop's that is asked.
    [[nodiscard]] auto is_abandoned() const noexcept -> bool { return abandoned_; }
    void goes_on() noexcept { ++steps_; }
    static void answer(const std::shared_ptr<Question>& self, T value) {
        self->answer_ = std::move(value);
        const auto asker = self->asker_;
        static_cast<void>(asker->post(internal::make_callback([self] { self->arrived_.set(); })));
    }

    // Thread: the loop's that asks.
    [[nodiscard]] auto arrived() -> Event& { return arrived_; }
    [[nodiscard]] auto steps() const noexcept -> std::size_t { return steps_; }
    [[nodiscard]] auto take() -> T { return std::move(*answer_); }
    void abandon() noexcept { abandoned_ = true; }

private:
    std::shared_ptr<internal::Mailbox> asker_;
    std::optional<T> answer_;
    Event arrived_{"answer of a loop"};
    std::atomic<std::size_t> steps_{0};
    std::atomic<bool> abandoned_{false};  ///< Nobody waits any more: a loop that was asked often need not answer often.
};

/// When it goes, nobody waits for the answer any more.
template<class T>
class Asking {
public:
    explicit Asking(Question<T>& question) : question_(question) {}
    Asking(const Asking&) = delete;
    auto operator=(const Asking&) -> Asking& = delete;
    ~Asking() { question_.abandon(); }

private:
    Question<T>& question_;
};

/// Waits for the answer as long as the loop shows that it goes on. @return whether it has come.
template<class T>
auto await_answer(std::shared_ptr<Question<T>> question) -> Task<bool> {
    for (std::size_t steps = 0;;) {
        co_await move_on_after(patience, question->arrived().wait());
        if (question->arrived().is_set()) co_return true;
        if (question->steps() == std::exchange(steps, question->steps())) co_return false;
    }
}

using AskedTasks = Question<std::shared_ptr<RawSnapshot>>;

class LoopAsksForTasks final : public TaskAsker {
public:
    explicit LoopAsksForTasks(std::shared_ptr<AskedTasks> question) : question_(std::move(question)) {}

    [[nodiscard]] auto is_gone() const noexcept -> bool override { return question_->is_abandoned(); }
    void goes_on(const RawSnapshot& /*so_far*/) noexcept override { question_->goes_on(); }
    void answer(std::shared_ptr<RawSnapshot> raw) noexcept override {
        try {
            AskedTasks::answer(question_, std::move(raw));
        } catch (const std::bad_alloc&) {  // as if it did not answer
        }
    }

private:
    std::shared_ptr<AskedTasks> question_;
};

/// Null: the loop is closed.
auto ask_for_tasks(EventLoop& loop, const SnapshotOptions& options) -> std::shared_ptr<AskedTasks> {
    auto question = std::make_shared<AskedTasks>(this_loop().mailbox());
    try {
        read_in_steps(loop, options.most_tasks, std::make_shared<LoopAsksForTasks>(question));
    } catch (const LoopError&) {
        return nullptr;
    }
    return question;
}

/// How long a loop blocks that says nothing and lets nobody look: its thread cannot be interrupted, unless it is closed or nobody
/// runs it.
auto blocked_for(const EventLoop& loop) -> std::optional<Duration> {
    if ((loop.beat() & 1) == 0) return std::nullopt;
    return std::max(Duration::zero(), this_loop().now() - loop.turn_began());
}

/// Somebody runs a loop that neither answered nor let itself be looked at: it may yet, until `end`.
auto may_yet_answer(const EventLoop& loop, Time end) -> bool { return loop.is_running() && this_loop().now() < end; }

using AskedFigures = Question<LoopFigures>;

/// Null: the loop is closed.
auto ask_for_figures(EventLoop& loop) -> std::shared_ptr<AskedFigures> {
    auto question = std::make_shared<AskedFigures>(this_loop().mailbox());
    try {
        loop.post([&loop, question] {
            if (!question->is_abandoned()) AskedFigures::answer(question, obs::figures(loop));
        });
    } catch (const LoopError&) {
        return nullptr;
    }
    return question;
}

auto no_figures(const EventLoop& loop) -> LoopFigures {
    LoopFigures none;
    none.loop = loop.index();
    none.is_read = false;
    return none;
}

/// Of a loop of the same run.
auto figures_of_neighbour(EventLoop& loop) -> Task<LoopFigures> {
    if (&loop == &this_loop()) co_return obs::figures(loop);
    LoopFigures none = no_figures(loop);
    auto question = ask_for_figures(loop);
    if (question == nullptr) co_return none;
    const Asking asking(*question);
    const Time end = this_loop().now() + patience_with_machine;
    do {
        const auto answers = co_await await_answer(question);
        if (answers) co_return question->take();
        none.blocked_for = blocked_for(loop);
    } while (!none.blocked_for && may_yet_answer(loop, end));
    co_return none;
}

auto unread(const EventLoop& loop) -> Snapshot {
    Snapshot none;
    none.loop = loop.index();
    none.is_read = false;
    none.blocked_for = blocked_for(loop);
    return none;
}

}  // namespace

ProgramLoops::ProgramLoops(std::span<EventLoop* const> loops) : loops_(loops) {}

auto ProgramLoops::snapshots(SnapshotOptions options) -> Task<std::vector<Snapshot>> {
    std::vector<Task<Snapshot>> asked;
    for (EventLoop* loop : loops_) asked.push_back(snapshot_of(*loop, options));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

auto ProgramLoops::answers(SnapshotOptions options) -> Task<std::vector<std::optional<Snapshot>>> {
    std::vector<Task<std::optional<Snapshot>>> asked;
    for (EventLoop* loop : loops_) asked.push_back(answer_of(*loop, options));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

auto ProgramLoops::figures() -> Task<std::vector<LoopFigures>> {
    std::vector<Task<LoopFigures>> asked;
    for (EventLoop* loop : loops_) asked.push_back(figures_of(*loop));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

auto ProgramLoops::answer_of(EventLoop& loop, SnapshotOptions options) -> Task<std::optional<Snapshot>> {
    auto question = ask_for_tasks(loop, options);
    if (question == nullptr) co_return std::nullopt;
    const Asking asking(*question);
    const auto answers = co_await await_answer(question);
    if (!answers) co_return std::nullopt;
    co_return decode(*question->take(), options);
}

auto ProgramLoops::snapshot_of(EventLoop& loop, SnapshotOptions options) -> Task<Snapshot> {
    auto question = ask_for_tasks(loop, options);
    if (question == nullptr) co_return unread(loop);
    const Asking asking(*question);
    const Time end = this_loop().now() + patience_with_machine;
    do {
        const auto answers = co_await await_answer(question);
        if (answers) co_return decode(*question->take(), options);
        TaskLook look(loop, options.most_tasks);
        if (look.look(probe_)) co_return look.take(options);
    } while (may_yet_answer(loop, end));
    co_return unread(loop);
}

auto ProgramLoops::figures_of(EventLoop& loop) -> Task<LoopFigures> {
    LoopFigures none = no_figures(loop);
    auto question = ask_for_figures(loop);
    if (question == nullptr) co_return none;
    const Asking asking(*question);
    const Time end = this_loop().now() + patience_with_machine;
    do {
        const auto answers = co_await await_answer(question);
        if (answers) co_return question->take();
        TaskLook look(loop, 0);
        if (look.look(probe_)) co_return look.figures();
    } while (may_yet_answer(loop, end));
    none.blocked_for = blocked_for(loop);
    co_return none;
}

auto figures_of_run() -> Task<std::vector<LoopFigures>> {
    std::vector<Task<LoopFigures>> asked;
    for (EventLoop& loop : gyre::loops()) asked.push_back(figures_of_neighbour(loop));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

}  // namespace gyre::obs

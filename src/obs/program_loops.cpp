#include "obs/program_loops.hpp"

#include "obs/task_reader.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/sync/event.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace gyre::obs {

namespace {

constexpr auto patience = std::chrono::milliseconds(100);
constexpr Duration longest_step = std::chrono::microseconds(500);

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

/// Waits for the answer as long as the loop shows that it goes on. @return whether it has come.
template<class T>
auto await_answer(std::shared_ptr<Question<T>> question) -> Task<bool> {
    struct Abandon {
        Question<T>& question;
        ~Abandon() { question.abandon(); }
    } const at_the_end{*question};
    for (std::size_t steps = 0;;) {
        co_await move_on_after(patience, question->arrived().wait());
        if (question->arrived().is_set()) co_return true;
        if (question->steps() == std::exchange(steps, question->steps())) co_return false;
    }
}

/// Reads the tasks of a loop step by step; the loop goes on in between.
class SteppedRead {
public:
    SteppedRead(EventLoop& loop, std::size_t most_tasks) : loop_(loop), most_tasks_(most_tasks) {}

    using Asked = Question<std::shared_ptr<RawSnapshot>>;

    /// Thread: the loop's. Asks for the next step itself.
    static void step(const std::shared_ptr<SteppedRead>& self, const std::shared_ptr<Asked>& question) {
        if (question->is_abandoned()) return;
        try {
            if (self->read()) return Asked::answer(question, self->raw_);
            question->goes_on();
            self->loop_.post([self, question] { step(self, question); });
        } catch (const std::bad_alloc&) {  // as if it did not answer
        } catch (const LoopError&) {       // the loop closes
        }
    }

private:
    auto read() -> bool {
        const Time until = loop_.now() + longest_step;
        if (!reader_) {
            raw_->begin(loop_, ReadAt::rest);
            reader_.emplace(loop_, raw_->tape, most_tasks_, ReadAt::rest);
        } else {
            reader_->resume();
        }
        const bool is_over = reader_->read(until);
        raw_->is_complete = reader_->is_complete();
        if (!is_over) reader_->pause();
        return is_over;
    }

    EventLoop& loop_;
    std::size_t most_tasks_;
    std::shared_ptr<RawSnapshot> raw_ = std::make_shared<RawSnapshot>();
    std::optional<TaskReader> reader_;
};

/// How long a loop blocks that says nothing and lets nobody look: its thread cannot be interrupted, unless it is closed or nobody
/// runs it.
auto blocked_for(const EventLoop& loop) -> std::optional<Duration> {
    if ((loop.beat() & 1) == 0) return std::nullopt;
    return patience;
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
    const auto guard = co_await one_at_a_time_.acquire();
    std::vector<Task<Snapshot>> asked;
    for (EventLoop* loop : loops_) asked.push_back(snapshot_of(*loop, options));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

auto ProgramLoops::figures() -> Task<std::vector<LoopFigures>> {
    std::vector<Task<LoopFigures>> asked;
    for (EventLoop* loop : loops_) asked.push_back(figures_of(*loop));
    auto all = co_await gather(std::move(asked));
    co_return all;
}

auto ProgramLoops::snapshot_of(EventLoop& loop, SnapshotOptions options) -> Task<Snapshot> {
    auto question = std::make_shared<SteppedRead::Asked>(this_loop().mailbox());
    auto reading = std::make_shared<SteppedRead>(loop, options.most_tasks);
    try {
        loop.post([reading, question] { SteppedRead::step(reading, question); });
    } catch (const LoopError&) {
        co_return unread(loop);
    }
    const auto answers = co_await await_answer(question);
    if (answers) co_return decode(*question->take(), options);
    TaskLook look(loop, options.most_tasks);
    if (look.look(probe_)) co_return look.take(options);
    co_return unread(loop);
}

auto ProgramLoops::figures_of(EventLoop& loop) -> Task<LoopFigures> {
    auto question = std::make_shared<Question<LoopFigures>>(this_loop().mailbox());
    LoopFigures none;
    none.loop = loop.index();
    try {
        loop.post([&loop, question] {
            if (!question->is_abandoned()) Question<LoopFigures>::answer(question, obs::figures(loop));
        });
    } catch (const LoopError&) {
        co_return none;
    }
    const auto answers = co_await await_answer(question);
    if (answers) co_return question->take();
    TaskLook look(loop, 0);
    if (look.look(probe_)) co_return look.figures();
    none.blocked_for = blocked_for(loop);
    co_return none;
}

}  // namespace gyre::obs

#include "obs/stepped_read.hpp"

#include <gyre/core/errors.hpp>

#include <new>
#include <optional>
#include <utility>

namespace gyre::obs {

namespace {

constexpr Duration longest_step = std::chrono::microseconds(500);

/// Of each loop that was asked once: it keeps the place of one reader.
struct ReadersTurn {
    explicit ReadersTurn(EventLoop& /*loop*/) {}

    std::shared_ptr<bool> is_taken = std::make_shared<bool>(false);  ///< A reader may outlive this.
};

/// Belongs to the post that is its next step, and goes with that when the loop closes.
class SteppedRead {
public:
    SteppedRead(EventLoop& loop, std::size_t most_tasks, std::size_t most_in_a_step, std::shared_ptr<TaskAsker> asker)
        : loop_(loop), most_tasks_(most_tasks), most_in_a_step_(most_in_a_step), asker_(std::move(asker)) {}
    SteppedRead(const SteppedRead&) = delete;
    auto operator=(const SteppedRead&) -> SteppedRead& = delete;
    ~SteppedRead() {
        if (!reader_) return;
        *turn_ = false;
        if (!asker_->is_gone()) asker_->answer(std::move(raw_));
    }

    static void post(std::unique_ptr<SteppedRead> self) {
        EventLoop& loop = self->loop_;
        loop.post([self = std::move(self)]() mutable { step(std::move(self)); });
    }

private:
    static void step(std::unique_ptr<SteppedRead> self) {
        if (self->asker_->is_gone()) return;
        try {
            if (self->has_turn() && self->read()) return;
            self->asker_->goes_on(*self->raw_);
            post(std::move(self));
        } catch (const std::bad_alloc&) {  // the answer is what has been read
        } catch (const LoopError&) {       // the loop closes
        }
    }

    [[nodiscard]] auto has_turn() -> bool {
        if (reader_) return true;
        if (turn_ == nullptr) turn_ = loop_.local<ReadersTurn>().is_taken;
        return !*turn_;
    }

    /// @return whether that was the last step.
    [[nodiscard]] auto read() -> bool {
        const Time until = loop_.now() + longest_step;
        if (reader_) {
            reader_->resume();
            ++raw_->steps;
        } else {
            raw_->begin(loop_, ReadAt::rest);
            reader_.emplace(loop_, raw_->tape, most_tasks_, ReadAt::rest);
            *turn_ = true;
        }
        const bool is_over = reader_->read(until, most_in_a_step_);
        raw_->is_complete = reader_->is_complete();
        if (!is_over) reader_->pause();
        return is_over;
    }

    EventLoop& loop_;
    std::size_t most_tasks_;
    std::size_t most_in_a_step_;
    std::shared_ptr<TaskAsker> asker_;
    std::shared_ptr<bool> turn_;  ///< True while somebody has it.
    std::shared_ptr<RawSnapshot> raw_ = std::make_shared<RawSnapshot>();
    std::optional<TaskReader> reader_;  ///< As long as it has its turn.
};

}  // namespace

void read_in_steps(
    EventLoop& loop, std::size_t most_tasks, std::shared_ptr<TaskAsker> asker, std::size_t most_in_a_step) {
    SteppedRead::post(std::make_unique<SteppedRead>(loop, most_tasks, most_in_a_step, std::move(asker)));
}

}  // namespace gyre::obs

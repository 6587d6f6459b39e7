#include <gyre/testing/sequencer.hpp>

#include <gyre/core/errors.hpp>

#include <string>

namespace gyre::testing {

void Sequencer::break_off() noexcept {
    broken_ = true;
    for (auto& [number, event] : waiting_) event.set();
}

auto Sequencer::step(std::size_t number) -> Task<> {
    const std::string name = "step " + std::to_string(number);
    if (broken_) throw InvalidStateError(name + ": the sequence is broken, a step of it was cancelled");
    if (number < next_ || waiting_.contains(number)) throw InvalidStateError(name + " is used twice");
    if (number > next_) {
        struct Place {
            Sequencer& sequence;
            std::size_t number;
            ~Place() {
                sequence.waiting_.erase(number);
                if (sequence.next_ != number) sequence.break_off();
            }
        } const place{*this, number};
        co_await waiting_[number].wait();
        if (broken_) throw InvalidStateError(name + ": the sequence is broken, a step of it was cancelled");
    }
    ++next_;
    if (const auto next = waiting_.find(next_); next != waiting_.end()) next->second.set();
}

}  // namespace gyre::testing

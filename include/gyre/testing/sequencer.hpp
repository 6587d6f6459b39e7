#pragma once

#include <gyre/core/task.hpp>
#include <gyre/sync/event.hpp>

#include <cstddef>
#include <map>

namespace gyre::testing {

/// Puts the steps of several tasks into one fixed order: `co_await sequence.step(2)` goes on when step 1 was left.
///
/// Each number from 0 on is used once. A step that is cancelled while it waits breaks the sequence: the others would wait for
/// ever, so they get an InvalidStateError instead. Thread: its loop's. Source: trio.testing.Sequencer.
class Sequencer {
public:
    Sequencer() = default;
    Sequencer(const Sequencer&) = delete;
    auto operator=(const Sequencer&) -> Sequencer& = delete;
    ~Sequencer() = default;

    /// Waits until all lower steps have been reached. @throws InvalidStateError if a step is used twice or the sequence is
    /// broken. On cancel: the sequence is broken.
    [[nodiscard]] auto step(std::size_t number) -> Task<>;

private:
    void break_off() noexcept;

    std::map<std::size_t, Event> waiting_;
    std::size_t next_ = 0;
    bool broken_ = false;
};

}  // namespace gyre::testing

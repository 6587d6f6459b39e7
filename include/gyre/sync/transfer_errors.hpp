#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace gyre {

/// A queue was shut down: it takes no more items. Source: asyncio.QueueShutDown.
class QueueShutDown : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One end of a channel is closed, so that nothing can go through from this one. `what()` names the channel, the end and
/// the operation. Source: trio.BrokenResourceError and ClosedResourceError.
class ChannelClosed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A subscriber of a `Broadcast` was too slow: items were overwritten before it took them. The next `receive` gives the
/// oldest that is left. Source: tokio's RecvError::Lagged.
class LaggedError : public std::runtime_error {
public:
    LaggedError(const std::string& text, std::uint64_t missed) : std::runtime_error(text), missed_(missed) {}

    /// How many items this subscriber missed.
    [[nodiscard]] auto missed_count() const noexcept -> std::uint64_t { return missed_; }

private:
    std::uint64_t missed_;
};

}  // namespace gyre

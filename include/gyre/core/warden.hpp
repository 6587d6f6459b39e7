#pragma once

#include <gyre/backend/clock.hpp>

#include <memory>
#include <span>

namespace gyre {
class EventLoop;
struct RunOptions;
}  // namespace gyre

namespace gyre::internal {

/// What looks at the loops of a run from a thread of its own. This floor only starts and ends it; what it does is in obs.
class Warden {
public:
    Warden() = default;
    Warden(const Warden&) = delete;
    auto operator=(const Warden&) -> Warden& = delete;
    virtual ~Warden() = default;
};

/// The limit for stalls that `options` mean; 0: nobody looks for them.
[[nodiscard]] auto stall_limit(const RunOptions& options) noexcept -> Duration;

/// One if `options` ask for it, else null. `loops` live longer than it.
/// @throws std::invalid_argument for a stall limit that makes no sense; std::system_error if the thread or signal cannot be had.
[[nodiscard]] auto start_warden(const RunOptions& options, std::span<EventLoop* const> loops) -> std::unique_ptr<Warden>;

}  // namespace gyre::internal

#pragma once

#include <gyre/obs/stall.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gyre::obs {

/// A stall, whether it was reported or they were too many, and when it was found.
struct RecentStall {
    Time when{};
    StallReport report;
};

/// Keeps it for those who ask later: the last 32 of this process. A later report of a stall, which was found at the same time on the
/// same loop, takes the place of the one before; a stall counts once, with the cause that was seen first. Thread: any, as of the
/// others.
void keep_stall(Time when, const StallReport& report);
/// The stall of a loop that was found `when`, if it is still kept, has lasted so long by now.
void stall_lasts(Time when, std::size_t loop, Duration lasted) noexcept;
/// The oldest first.
[[nodiscard]] auto recent_stalls() -> std::vector<RecentStall>;
/// How many there were in all, by `StallCause`.
[[nodiscard]] auto stall_counts() noexcept -> std::array<std::uint64_t, 5>;

}  // namespace gyre::obs

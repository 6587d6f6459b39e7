#pragma once

#include <gyre/core/cancel_cause.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gyre::http::internal {

/// How slow the other side may be: for how long it may stand still, and how much per second on average.
struct Pace {
    Duration longest_wait;
    std::uint64_t bytes_per_second;  ///< 0: any rate will do.
    Duration grace;                  ///< What it may be behind.

    /// Whether so many bytes are enough for so long.
    [[nodiscard]] auto is_kept_by(std::uint64_t bytes, Duration time) const noexcept -> bool {
        const double wanted = static_cast<double>(bytes_per_second) * std::chrono::duration<double>(time).count();
        return bytes > 0 && static_cast<double>(bytes) >= wanted;
    }
    /// How long it may be waited for, if that makes it `bytes` in all, and `waited` is how long it was waited for before.
    [[nodiscard]] auto patience(std::uint64_t bytes, Duration waited) const noexcept -> Duration {
        if (bytes_per_second == 0) return longest_wait;
        // The cap keeps it inside of what a Duration holds.
        const auto earned = std::chrono::milliseconds(
            std::min<std::uint64_t>(bytes, std::uint64_t{1} << 32) * 1000 / bytes_per_second);
        const Duration allowed = std::min<Duration>(grace, Duration::max() - earned) + earned;
        return std::min<Duration>(longest_wait, allowed - waited);
    }
};

}  // namespace gyre::http::internal

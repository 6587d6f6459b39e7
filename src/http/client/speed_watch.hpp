#pragma once

#include <gyre/core/cancel_cause.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gyre::http::internal {

/// Whether what is waited for comes too slowly: fewer bytes than wanted in a stretch of waiting, one stretch after the other.
class SpeedWatch {
public:
    /// @param bytes_per_second 0: any speed will do. @param stretch zero or less: so as well.
    SpeedWatch(std::uint64_t bytes_per_second, Duration stretch) noexcept
        : bytes_per_second_(bytes_per_second), stretch_(stretch) {}

    [[nodiscard]] auto is_on() const noexcept -> bool { return bytes_per_second_ > 0 && stretch_ > Duration::zero(); }
    /// How much waiting is left of the stretch.
    [[nodiscard]] auto until_look() const noexcept -> Duration { return stretch_ - waited_; }

    /// So many bytes came after so much waiting. @return true at the end of a stretch that was too slow.
    [[nodiscard]] auto is_too_slow(std::size_t bytes, Duration waited) noexcept -> bool {
        bytes_ += bytes;
        waited_ += waited;
        if (waited_ < stretch_) return false;
        const double seconds = std::chrono::duration<double>(waited_).count();
        const bool slow = static_cast<double>(bytes_) < static_cast<double>(bytes_per_second_) * seconds;
        bytes_ = 0;
        waited_ = Duration::zero();
        return slow;
    }

private:
    std::uint64_t bytes_per_second_;
    Duration stretch_;
    std::uint64_t bytes_ = 0;
    Duration waited_ = Duration::zero();
};

}  // namespace gyre::http::internal

#pragma once

#include <gyre/core/cancel_cause.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

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

/// The same for what goes out, where nobody can say how much of a piece has gone until all of it has: in each stretch of waiting so
/// many bytes must go, or arrive at the other end, and no piece is larger than what the stretch still lacks, or than 16 KiB, so
/// that a low limit makes no small writes.
class SpeedQuota {
public:
    SpeedQuota(std::uint64_t bytes_per_second, Duration stretch) noexcept
        : stretch_(bytes_per_second == 0 ? Duration::zero() : stretch) {
        const double seconds = std::chrono::duration<double>(stretch_).count();
        constexpr double most = 1e18;  // in the range of an integer
        quota_ = static_cast<std::uint64_t>(std::clamp(static_cast<double>(bytes_per_second) * seconds, 1.0, most));
        left_ = quota_;
    }

    [[nodiscard]] auto is_on() const noexcept -> bool { return stretch_ > Duration::zero(); }
    [[nodiscard]] auto piece(std::size_t size) const noexcept -> std::size_t {
        constexpr std::uint64_t worth_a_write = 16 * 1024;
        return std::min<std::uint64_t>(size, std::max(left_, worth_a_write));
    }
    /// How long the piece may take; zero or less: it has taken too long already.
    [[nodiscard]] auto patience() const noexcept -> Duration { return stretch_ - waited_; }
    void took(std::size_t bytes, Duration waited) noexcept {
        left_ -= std::min<std::uint64_t>(bytes, left_);
        waited_ += waited;
        if (left_ == 0) renew();
    }
    /// A stretch begins, or goes on, and so many bytes have arrived in all, where that is known.
    void note_arrived(std::optional<std::uint64_t> bytes) noexcept {
        if (!arrived_) arrived_ = bytes;
    }
    /// At the end of a stretch: the same. @return whether enough has arrived in it; then another one begins.
    [[nodiscard]] auto has_arrived(std::optional<std::uint64_t> bytes) noexcept -> bool {
        if (!arrived_ || !bytes || *bytes < *arrived_ + quota_) return false;
        renew();
        arrived_ = bytes;
        return true;
    }

private:
    void renew() noexcept {
        left_ = quota_;
        waited_ = Duration::zero();
        arrived_.reset();
    }

    Duration stretch_;
    std::uint64_t quota_ = 0;
    std::uint64_t left_ = 0;
    Duration waited_ = Duration::zero();
    std::optional<std::uint64_t> arrived_;  ///< At the beginning of the stretch.
};

}  // namespace gyre::http::internal

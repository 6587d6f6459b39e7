#pragma once

#include <gyre/backend/clock.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace gyre {

/// How often lengths of time came, to within an eighth of each: 0 to 18 minutes, longer ones as that. Of a fixed size.
///
/// Below 8 ns every value has a bucket of its own; from there on each power of two has eight.
class Histogram {
public:
    void record(Duration length) noexcept {
        const auto value = static_cast<std::uint64_t>(length.count() < 0 ? 0 : length.count());
        ++buckets_[bucket_of(value)];
        ++count_;
        total_ += value;
        if (value > longest_) longest_ = value;
    }

    [[nodiscard]] auto count() const noexcept -> std::uint64_t { return count_; }
    [[nodiscard]] auto longest() const noexcept -> Duration { return Duration(static_cast<Duration::rep>(longest_)); }
    [[nodiscard]] auto total() const noexcept -> Duration { return Duration(static_cast<Duration::rep>(total_)); }
    /// The upper end of the bucket that the given part of all lies below: 0.5 is the median. At most `longest()`; zero if there
    /// is nothing.
    [[nodiscard]] auto quantile(double part) const noexcept -> Duration;
    /// Calls `function(Duration upper_end, std::uint64_t count)` for every bucket that is not empty, the shortest first. A bucket
    /// has what is longer than the upper end of the one before, and at most as long as its own.
    template<class F>
    void for_each_bucket(F&& function) const {
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            if (buckets_[i] != 0) function(Duration(static_cast<Duration::rep>(upper_end(i))), buckets_[i]);
        }
    }

    /// What came after `past`, an earlier state of this one; its `longest` is that of the whole.
    [[nodiscard]] auto since(const Histogram& past) const noexcept -> Histogram;

private:
    static constexpr unsigned fine_bits = 3;
    static constexpr unsigned coarse = 38;  // 2^40 ns
    static constexpr std::uint64_t fine = 1U << fine_bits;

    static auto bucket_of(std::uint64_t value) noexcept -> std::size_t {
        if (value < fine) return value;
        const auto power = static_cast<unsigned>(std::bit_width(value)) - 1 - fine_bits;
        if (power >= coarse - 1) return coarse * fine - 1;
        return (power + 1) * fine + ((value >> power) & (fine - 1));
    }
    static auto upper_end(std::size_t bucket) noexcept -> std::uint64_t {
        if (bucket < fine) return bucket;
        const std::size_t power = bucket / fine - 1;
        return ((bucket % fine + fine + 1) << power) - 1;
    }

    std::array<std::uint64_t, coarse * fine> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t longest_ = 0;
};

}  // namespace gyre

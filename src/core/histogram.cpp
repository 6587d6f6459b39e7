#include <gyre/core/histogram.hpp>

#include <algorithm>
#include <cmath>

namespace gyre {

auto Histogram::quantile(double part) const noexcept -> Duration {
    if (count_ == 0) return Duration::zero();
    const auto wanted = static_cast<std::uint64_t>(std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= std::max<std::uint64_t>(wanted, 1)) {
            return Duration(static_cast<Duration::rep>(std::min(upper_end(i), longest_)));
        }
    }
    return longest();
}

auto Histogram::since(const Histogram& past) const noexcept -> Histogram {
    Histogram recent = *this;
    for (std::size_t i = 0; i < buckets_.size(); ++i) recent.buckets_[i] -= past.buckets_[i];
    recent.count_ -= past.count_;
    recent.total_ -= past.total_;
    return recent;
}

}  // namespace gyre

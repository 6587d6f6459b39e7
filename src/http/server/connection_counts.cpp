#include "connection_counts.hpp"

#include <utility>

namespace gyre::http::internal {

ConnectionCounts::Place::Place(Place&& other) noexcept
    : counts_(std::exchange(other.counts_, nullptr)), entry_(other.entry_) {}

ConnectionCounts::Place::~Place() {
    if (counts_ == nullptr) return;
    const std::lock_guard lock(counts_->mutex_);
    entry_->second -= 1;
    if (entry_->second == 0) counts_->counts_.erase(entry_);
}

auto ConnectionCounts::enter(const net::IpNetwork& source, std::size_t most) -> std::optional<Place> {
    const std::lock_guard lock(mutex_);
    const auto entry = counts_.try_emplace(source, 0).first;
    if (entry->second >= most) {
        if (entry->second == 0) counts_.erase(entry);
        return std::nullopt;
    }
    entry->second += 1;
    return Place(this, entry);
}

}  // namespace gyre::http::internal

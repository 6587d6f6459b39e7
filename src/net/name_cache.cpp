#include "net/name_cache.hpp"

#include <algorithm>
#include <utility>

namespace gyre::internal {

namespace {

/// Zero: it is not kept.
auto time_of(const LookupAnswer& answer) -> Duration {
    if (answer.is_no_such_name()) return NameCache::of_no_such_name;
    if (answer.error) return Duration::zero();
    if (!answer.good_for) return NameCache::without_time;
    return std::clamp(*answer.good_for, NameCache::shortest, NameCache::longest);
}

}  // namespace

auto NameCache::find(std::string_view name, Time now) -> const LookupAnswer* {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || now >= found->second->good_until) {
        ++stats_.misses;
        if (found != by_name_.end()) drop(found->second);
        return nullptr;
    }
    ++stats_.hits;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->answer;
}

void NameCache::store(const std::string& name, const LookupAnswer& answer, Time now) {
    forget(name);
    const Duration time = time_of(answer);
    if (time <= Duration::zero()) return;
    if (entries_.size() >= entry_limit) {
        drop(std::prev(entries_.end()));
        ++stats_.evictions;
    }
    Entry entry{name, answer, now + time};
    entries_.push_front(std::move(entry));
    try {
        by_name_.emplace(entries_.front().name, entries_.begin());
    } catch (...) {
        entries_.pop_front();
        throw;
    }
}

void NameCache::forget(std::string_view name) noexcept {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) drop(found->second);
}

void NameCache::clear() noexcept {
    by_name_.clear();
    entries_.clear();
}

auto NameCache::stats() const noexcept -> net::NameCacheStats {
    auto stats = stats_;
    stats.entries = entries_.size();
    return stats;
}

void NameCache::drop(Entries::iterator entry) noexcept {
    by_name_.erase(entry->name);
    entries_.erase(entry);
}

}  // namespace gyre::internal

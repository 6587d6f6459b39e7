#include "obs/recent_stalls.hpp"

#include <algorithm>
#include <deque>
#include <mutex>

namespace gyre::obs {

namespace {

constexpr std::size_t most_kept = 32;

struct Kept {
    std::mutex mutex;
    std::deque<RecentStall> last;
    std::array<std::uint64_t, 5> counts{};
};

auto kept() -> Kept& {
    static Kept& all = *new Kept;  // never destroyed: threads that watch may outlive `main`
    return all;
}

}  // namespace

void keep_stall(Time when, const StallReport& report) {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    const auto is_same = [&](const RecentStall& kept) { return kept.when == when && kept.report.loop == report.loop; };
    const auto before = std::find_if(all.last.rbegin(), all.last.rend(), is_same);
    if (before != all.last.rend()) return void(before->report = report);
    ++all.counts[static_cast<std::size_t>(report.cause)];
    all.last.push_back({when, report});
    if (all.last.size() > most_kept) all.last.pop_front();
}

auto recent_stalls() -> std::vector<RecentStall> {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    return {all.last.begin(), all.last.end()};
}

auto stall_counts() noexcept -> std::array<std::uint64_t, 5> {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    return all.counts;
}

}  // namespace gyre::obs

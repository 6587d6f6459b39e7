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

    /// Null if it is not kept any more.
    [[nodiscard]] auto find(Time when, std::size_t loop) noexcept -> StallReport* {
        const auto is_it = [&](const RecentStall& kept) { return kept.when == when && kept.report.loop == loop; };
        const auto found = std::find_if(last.rbegin(), last.rend(), is_it);
        return found == last.rend() ? nullptr : &found->report;
    }
};

auto kept() -> Kept& {
    static Kept& all = *new Kept;  // never destroyed: threads that watch may outlive `main`
    return all;
}

}  // namespace

void keep_stall(Time when, const StallReport& report) {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    if (StallReport* before = all.find(when, report.loop)) return void(*before = report);
    ++all.counts[static_cast<std::size_t>(report.cause)];
    all.last.push_back({when, report});
    if (all.last.size() > most_kept) all.last.pop_front();
}

void stall_lasts(Time when, std::size_t loop, Duration lasted) noexcept {
    Kept& all = kept();
    const std::lock_guard lock(all.mutex);
    StallReport* report = all.find(when, loop);
    if (report != nullptr) report->lasted = std::max(report->lasted, lasted);
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

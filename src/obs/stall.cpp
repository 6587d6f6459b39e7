#include <gyre/obs/stall.hpp>

#include "obs/stall_cause.hpp"

#include <gyre/core/duration_text.hpp>

#include <algorithm>

namespace gyre::obs {

auto to_string(StallCause cause) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"own code", "system call", "page faults", "no core", "unknown"};
    return names[static_cast<std::size_t>(cause)];
}

auto StallReport::text() const -> std::string {
    std::string all = "loop " + std::to_string(loop) + " has not come back for " + internal::duration_text(lasted) +
                      ": " + std::string(to_string(cause));
    if (!detail.empty()) all += " (" + detail + ")";
    if (suppressed > 0) all += "; " + std::to_string(suppressed) + " stalls before this one were too many to report";
    all += task.empty() ? "\n" : "\n  in task '" + task + "'\n";
    for (const Place& place : awaits) {
        all.append("    at ").append(place.file).append(":").append(std::to_string(place.line));
        if (!place.function.empty()) all.append(" in ").append(place.function);
        all += "\n";
    }
    if (!stack.empty()) all += "  on the thread's stack\n";
    for (const std::string& line : stack) all.append("    ").append(line).append("\n");
    return all;
}

void find_cause(
    StallReport& report, const backend::ThreadActivity& before, const backend::ThreadActivity& now, Duration passed) {
    const auto share = [passed](
                           Duration part) { return 100 * part.count() / std::max<Duration::rep>(1, passed.count()); };
    const auto ran = share(now.ran - before.ran);
    if (now.major_faults > before.major_faults && ran < 50) {
        report.cause = StallCause::page_faults;
        report.detail = std::to_string(now.major_faults - before.major_faults) + " read from a disk";
    } else if ((now.state == 'S' || now.state == 'D') && now.is_in_no_call && ran < 50) {
        // The kernel counts a fault when it is over; this one lasts.
        report.cause = StallCause::page_faults;
        report.detail = now.waits_in;
    } else if ((now.state == 'S' || now.state == 'D') && ran < 50) {
        report.cause = StallCause::system_call;
        if (now.system_call >= 0) report.detail = backend::system_call_text(now.system_call);
        if (now.system_call < 0) report.detail = now.waits_in;
    } else if (share(now.waited_for_core - before.waited_for_core) >= 50 || (now.state == 'R' && ran < 50)) {
        // The kernel counts a wait for a core when it is over, so one that lasts shows in how little the thread ran.
        report.cause = StallCause::no_core;
        report.detail = std::to_string(ran) + " % of a core";
    } else if (now.state == 'R') {
        report.cause = StallCause::computation;
        report.detail = std::to_string(std::min<Duration::rep>(ran, 100)) + " % of a core";
    }
}

auto cause_text(const StallReport& report) -> std::string {
    std::string text(to_string(report.cause));
    if (!report.detail.empty()) text += " (" + report.detail + ")";
    return text;
}

}  // namespace gyre::obs

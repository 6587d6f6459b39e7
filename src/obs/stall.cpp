#include <gyre/obs/stall.hpp>

#include <gyre/core/duration_text.hpp>

namespace gyre::obs {

auto to_string(StallCause cause) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"own code", "system call", "page faults", "no core", "unknown"};
    return names[static_cast<std::size_t>(cause)];
}

auto StallReport::text() const -> std::string {
    std::string all = "loop " + std::to_string(loop) + " has not come back for " + internal::duration_text(lasted) +
                      ": " + std::string(to_string(cause));
    if (!detail.empty()) all += " (" + detail + ")";
    if (suppressed > 0) all += "; " + std::to_string(suppressed) + " reports before this were too many";
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

}  // namespace gyre::obs

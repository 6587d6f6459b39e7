#pragma once

#include <gyre/obs/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

/// Why a turn of a loop takes so long, as far as the kernel's figures tell.
enum class StallCause : std::uint8_t {
    computation,  ///< The program's own code runs.
    system_call,  ///< It is asleep in a call of the kernel, or in a lock.
    page_faults,  ///< Memory has to be read from a disk.
    no_core,      ///< It could run, but the cores were given to others.
    unknown,
};

/// "own code", "system call", "page faults", "no core", "unknown"
[[nodiscard]] auto to_string(StallCause cause) noexcept -> std::string_view;

/// A turn of a loop that has taken long and still does.
struct StallReport {
    std::size_t loop = 0;  ///< Which of its run.
    Duration lasted{};     ///< Until now.
    StallCause cause = StallCause::unknown;
    std::string detail;              ///< "clock_nanosleep", "98 % of a core"; may be empty.
    std::string task;                ///< That runs; empty in a callback, or if the thread did not answer.
    std::vector<Place> awaits;       ///< The task's chain, the outermost first: its code runs below the last.
    std::vector<std::string> stack;  ///< Of the thread, the innermost first; for addr2line where no names are exported.
    std::size_t suppressed = 0;      ///< Stalls since the last report that were too many to be reported.

    [[nodiscard]] auto text() const -> std::string;
};

}  // namespace gyre::obs

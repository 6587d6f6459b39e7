#pragma once

#include <gyre/backend/thread_probe.hpp>
#include <gyre/obs/stall.hpp>

#include <string>

namespace gyre::obs {

/// Says why a loop does not come back, from what the kernel counted of its thread between two looks.
void find_cause(
    StallReport& report, const backend::ThreadActivity& before, const backend::ThreadActivity& now, Duration passed);

/// "system call (nanosleep)"
[[nodiscard]] auto cause_text(const StallReport& report) -> std::string;

}  // namespace gyre::obs

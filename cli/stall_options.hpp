#pragma once

#include <gyre/obs/stall.hpp>

#include <chrono>

namespace gyre::cli {

inline constexpr auto usual_stall_limit = std::chrono::milliseconds(25);

/// For `RunOptions::on_stall` of a command whose standard error is a picture: stalls are there for `gyre stalls`, and not written.
void keep_stalls(const obs::StallReport& report);

}  // namespace gyre::cli

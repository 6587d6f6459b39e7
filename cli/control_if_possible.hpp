#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/warden.hpp>

#include <chrono>
#include <memory>
#include <span>

namespace gyre::cli {

/// `obs::control_socket`, for programs that do their work also where it cannot be had: then one line on standard error says why.
[[nodiscard]] auto control_if_possible(const RunOptions& options, std::span<EventLoop* const> loops)
    -> std::unique_ptr<internal::Warden>;

inline constexpr auto usual_stall_limit = std::chrono::milliseconds(25);

/// For `RunOptions::on_stall` of a command whose standard error is a picture: stalls are there for `gyre stalls`, and not written.
void keep_stalls(const obs::StallReport& report);

}  // namespace gyre::cli

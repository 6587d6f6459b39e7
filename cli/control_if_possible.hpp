#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/warden.hpp>

#include <memory>
#include <span>

namespace gyre::cli {

/// `obs::control_socket`, for programs that do their work also where it cannot be had: then one line on standard error says why.
[[nodiscard]] auto control_if_possible(const RunOptions& options, std::span<EventLoop* const> loops)
    -> std::unique_ptr<internal::Warden>;

}  // namespace gyre::cli

#pragma once

#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/scheduler.hpp>

#include <source_location>
#include <string_view>

namespace gyre::internal {

/// The record of a cancellation that is asked for now, by the task that runs. Equal requests in a row share it.
/// `plain_cause` where there is no memory for one.
[[nodiscard]] auto cancel_request(Scheduler& scheduler, std::string_view reason, std::source_location where,
    CancelKind kind = CancelKind::request) noexcept -> CausePointer;

}  // namespace gyre::internal

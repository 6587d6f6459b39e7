#pragma once

#include <gyre/core/task_node.hpp>

#include <string>

namespace gyre::internal {

/// A line for each task and its chain of awaits: name, places, and what the last one waits on. At most 100 tasks.
[[nodiscard]] auto wait_report(TaskOwner& owner) -> std::string;

}  // namespace gyre::internal

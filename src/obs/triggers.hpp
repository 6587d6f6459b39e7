#pragma once

#include <gyre/core/loop.hpp>

#include <string>

namespace gyre::obs {

/// Stops the recorder of `loop` if it was asked to for stalls. Thread: any.
void stall_found(EventLoop& loop, const std::string& text);

}  // namespace gyre::obs

#pragma once

#include <gyre/backend/clock.hpp>

#include <source_location>
#include <string>

namespace gyre::internal {

/// "10 ms", "1.5 s": for error texts and dumps.
[[nodiscard]] auto duration_text(Duration length) -> std::string;

/// "main.cpp:20".
[[nodiscard]] auto place_text(const std::source_location& where) -> std::string;

}  // namespace gyre::internal

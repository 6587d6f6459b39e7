#pragma once

#include "download.hpp"

#include <string>

namespace gyre::cli {

/// The table at the end: a row for each URL, with the figures of its task, and the totals.
/// @param width of the terminal, in columns. @param every_row also beyond the first 50.
[[nodiscard]] auto table_text(const Progress& progress, std::size_t width, bool every_row) -> std::string;

/// The same as one JSON document, times in seconds and figures in nanoseconds.
[[nodiscard]] auto json_text(const Progress& progress) -> std::string;

}  // namespace gyre::cli

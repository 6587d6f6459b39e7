#pragma once

#include "download.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `gyre get` to the tool. Its callback runs the downloads and sets `status` to the exit status.
void add_get_command(CLI::App& app, int& status);

/// Runs the downloads, shows how they go, and prints the report. Ctrl-C cancels everything at once.
/// @return the exit status: 0 if every URL was fetched, 1 if not, 130 if it was interrupted (143: by SIGTERM).
[[nodiscard]] auto run_get(const GetOptions& options) -> Task<int>;

}  // namespace gyre::cli

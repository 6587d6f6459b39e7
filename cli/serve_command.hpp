#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `gyre serve` to the tool: serves a directory, or the demo site, until Ctrl-C. Sets `status` to the exit status.
void add_serve_command(CLI::App& app, int& status);

}  // namespace gyre::cli

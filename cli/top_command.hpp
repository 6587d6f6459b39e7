#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `gyre top` to the tool: a live picture of a running program.
/// @param status the exit status of the command.
void add_top_command(CLI::App& app, int& status);

}  // namespace gyre::cli

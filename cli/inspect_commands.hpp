#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `ps`, `tree`, `why`, `stalls`, `locks`, `fds`, `doctor`: they look into another program.
/// @param status the exit status of the command that runs.
void add_inspect_commands(CLI::App& app, int& status);

}  // namespace gyre::cli

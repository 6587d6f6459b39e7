#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `record` and `flame`: they get what another program has recorded.
/// @param status the exit status of the command that runs.
void add_record_commands(CLI::App& app, int& status);

}  // namespace gyre::cli

#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `gyre web` to the tool: shows a running program in a browser, until Ctrl-C. Sets `status` to the exit status.
void add_web_command(CLI::App& app, int& status);

}  // namespace gyre::cli

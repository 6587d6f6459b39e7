#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace gyre::cli {

/// Adds `gyre demo` to the tool: `gyre get` over the embedded demo site, by http and by https.
void add_demo_command(CLI::App& app, int& status);

}  // namespace gyre::cli

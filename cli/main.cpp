#include "demo_command.hpp"
#include "get_command.hpp"
#include "inspect_commands.hpp"
#include "record_command.hpp"
#include "serve_command.hpp"
#include "top_command.hpp"
#include "web_command.hpp"

#include <CLI/CLI.hpp>

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

namespace {

constexpr int status_failed = 1;

/// Of a pipe, as that to `head` which has seen enough.
auto has_reader_gone() -> bool {
    pollfd output{STDOUT_FILENO, 0, 0};
    return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/// What is still in a buffer is written here, where it can be said that this failed.
auto status_with_output_written(int status) -> int {
    std::cout.flush();
    if (std::cout.good()) return status;
    if (!has_reader_gone()) std::fprintf(stderr, "gyre: not all of the output could be written to standard output\n");
    return status == 0 ? status_failed : status;
}

}  // namespace

int main(int argc, char** argv) {
    // A reader of standard output that goes away is an error of that write, not the end of everything.
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app(
        "gyre: downloads and serves over HTTP, on an asynchronous runtime, and looks into running programs", "gyre");
    app.set_version_flag("--version", "gyre " GYRE_VERSION);
    app.require_subcommand(1);
    int status = 0;
    gyre::cli::add_get_command(app, status);
    gyre::cli::add_serve_command(app, status);
    gyre::cli::add_demo_command(app, status);
    gyre::cli::add_inspect_commands(app, status);
    gyre::cli::add_top_command(app, status);
    gyre::cli::add_web_command(app, status);
    gyre::cli::add_record_commands(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        status = app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gyre: %s\n", error.what());
        status = status_failed;
    }
    return status_with_output_written(status);
}

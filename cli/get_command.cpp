#include "get_command.hpp"

#include "progress.hpp"
#include "report.hpp"
#include "stall_options.hpp"

#include <gyre/backend/threads.hpp>
#include <gyre/obs/control.hpp>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace gyre::cli {

namespace {

constexpr int status_failed = 1;

/// What the command line says, before it is checked.
struct GetArguments {
    GetOptions options;
    std::string list_file;
    std::string directory;
    double timeout_seconds = 30;
    bool to_standard_output = false;
    bool discard = false;
};

/// Adds the URLs of a list: one a line; empty lines and those that begin with # are skipped.
void read_list(std::istream& list, std::vector<std::string>& urls) {
    for (std::string line; std::getline(list, line);) {
        const auto begin = line.find_first_not_of(" \t\r");
        if (begin == std::string::npos || line[begin] == '#') continue;
        urls.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
    }
}

auto checked(GetArguments arguments) -> GetOptions {
    GetOptions options = std::move(arguments.options);
    if (arguments.list_file == "-") {
        read_list(std::cin, options.urls);
    } else if (!arguments.list_file.empty()) {
        std::ifstream list(arguments.list_file);
        if (list) read_list(list, options.urls);
        if (!list.is_open() || list.bad()) throw CLI::ValidationError("-i", "cannot read " + arguments.list_file);
    }
    if (options.urls.empty()) throw CLI::ValidationError("URL", "nothing to get: name URLs, or a list of them with -i");
    if (arguments.discard) options.destination = Destination::nowhere;
    if (arguments.to_standard_output) options.destination = Destination::standard_output;
    if (!arguments.directory.empty()) options.directory = arguments.directory;
    options.timeout = Duration(static_cast<std::int64_t>(arguments.timeout_seconds * 1e9));
    return options;
}

/// @throws IoError if it cannot be written: who asked for a report must not think that there is none to read.
void print_report(const GetOptions& options, const Progress& progress) {
    // The bodies have standard output for themselves.
    std::FILE* out = options.destination == Destination::standard_output ? stderr : stdout;
    const std::string text = options.json ? json_text(progress)
                                          : table_text(progress, terminal_width(::fileno(out)), options.every_row);
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) {
        throw IoError(std::error_code(errno, std::generic_category()), "write the report", "");
    }
}

}  // namespace

auto run_get(const GetOptions& options) -> Task<int> {
    static_cast<void>(net::TlsClientContext(tls_options(options)));  // a bad --ca is told before anything is fetched
    Progress progress;
    progress.started = this_loop().now();
    GracefulStop stop;
    {
        ProgressDisplay display(progress, display_mode(options.json));
        co_await stop.run([&]() -> Task<void> {
            co_await task_group([&](TaskGroup& group) -> Task<void> {
                auto painter = group.spawn(display.run(), {.name = "progress display"});
                co_await download_all(options, progress, display);
                painter.cancel("all done");
            });
        });
    }
    progress.interrupted = stop.signal() != 0;
    progress.ended = this_loop().now();
    print_report(options, progress);
    if (progress.interrupted) co_return stop.exit_code();
    co_return progress.failed == 0 ? 0 : status_failed;
}

void add_get_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<GetArguments>();
    CLI::App* get = app.add_subcommand("get", "Download URLs, many at a time");
    get->add_option("URL", arguments->options.urls, "What to get: http and https");
    get->add_option("-i,--input", arguments->list_file, "Read more URLs from a file, one a line; - is standard input")
        ->type_name("FILE");
    get->add_option("-j,--concurrency", arguments->options.concurrency, "How many at a time")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str()
        ->type_name("N");
    auto* directory = get->add_option(
                             "-o,--output", arguments->directory, "Write the files into this directory (default: .)")
                          ->type_name("DIR");
    auto* standard_output = get->add_flag(
        "--stdout", arguments->to_standard_output, "Write the bodies to standard output, in the order of the URLs");
    auto* discard = get->add_flag("--discard", arguments->discard, "Read the bodies and drop them");
    directory->excludes(standard_output)->excludes(discard);
    standard_output->excludes(discard);
    get->add_option("--timeout", arguments->timeout_seconds,
           "Give up when a connection, an answer or the next bytes take longer")
        ->check(CLI::Range(0.001, 1e6))
        ->capture_default_str()
        ->type_name("SECONDS");
    get->add_option("--retries", arguments->options.retries, "More tries after an error that may pass")
        ->check(CLI::Range(0, 100))
        ->capture_default_str()
        ->type_name("N");
    get->add_option(
           "--ca", arguments->options.ca_file, "Trust the certificates of this PEM file instead of the system's")
        ->type_name("FILE");
    get->add_flag("--insecure", arguments->options.insecure, "Accept any certificate: for tests only");
    get->add_flag("--json", arguments->options.json, "Print the report as JSON")->excludes(standard_output);
    get->add_flag("--all", arguments->options.every_row, "Print every row of the table, however many");
    get->callback([arguments, &status] {
        const GetOptions options = checked(*arguments);
        RunOptions run_options;
        run_options.timing = Timing::exact;
        run_options.dump_on_quit = true;
        run_options.control = &obs::control_socket;
        run_options.stall_limit = usual_stall_limit;
        run_options.on_stall = &keep_stalls;
        backend::name_thread("gyre-get");  // so `gyre top gyre-get` finds it
        status = run(run_get(options), run_options);
    });
}

}  // namespace gyre::cli

#include "serve_command.hpp"

#include "control_if_possible.hpp"
#include "demo_site.hpp"

#include <gyre/core/for_each_loop.hpp>
#include <gyre/core/run.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/compress.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/os/graceful_stop.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gyre::cli {

namespace {

struct ServeArguments {
    ServeArguments() = default;

    std::string directory;
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    std::vector<std::string> tls;  ///< Certificate and key.
    std::size_t loops = 1;
    bool demo = false;
    bool listing = false;
    bool precompressed = false;
    bool no_compression = false;
    double grace = 10;
};

/// As a URL has it: IPv6 in brackets.
auto url_host(const ServeArguments& arguments) -> std::string {
    if (arguments.host.empty() || arguments.host == "*") return "localhost";
    return arguments.host.find(':') == std::string::npos ? arguments.host : "[" + arguments.host + "]";
}

auto app_for(const ServeArguments& arguments) -> http::App {
    http::App app;
    if (!arguments.no_compression) app.use(http::compress());
    http::FilesOptions options;
    options.listing = arguments.listing;
    options.precompressed = arguments.precompressed;
    app.files("/", arguments.directory, options);
    return app;
}

auto tls_for(const ServeArguments& arguments) -> std::optional<net::TlsServerOptions> {
    if (arguments.tls.empty()) return std::nullopt;
    net::TlsServerOptions options;
    options.certificate(arguments.tls[0], arguments.tls[1]).alpn({"http/1.1", "http/1.0"});
    return options;
}

void say_where(const ServeArguments& arguments, std::uint16_t port) {
    std::printf("serving %s at %s://%s:%d/ (Ctrl-C ends it)\n",
        arguments.demo ? "the demo site" : arguments.directory.c_str(), arguments.tls.empty() ? "http" : "https",
        url_host(arguments).c_str(), int{port});
    std::fflush(stdout);
}

/// The demo site is made of raw exchanges, some of them broken on purpose: one loop, no app, and it ends at once.
auto serve_demo(const ServeArguments& arguments) -> Task<void> {
    std::optional<net::TlsServerContext> tls;
    if (const auto options = tls_for(arguments)) tls.emplace(*options);
    auto listener = co_await net::listen(arguments.host, arguments.port);
    say_where(arguments, listener.local_address().port());
    auto serving = http::serve_http(std::move(listener), demo_site(), {}, tls ? &*tls : nullptr);
    co_await std::move(serving);
}

auto serve_files(const ServeArguments& arguments) -> Task<void> {
    const auto tls = tls_for(arguments);
    http::ServerOptions options;
    options.host = arguments.host;
    options.port = arguments.port;
    options.loops = 0;
    options.tls = tls ? &*tls : nullptr;
    auto server = co_await http::Server::start(app_for(arguments), options);
    say_where(arguments, server.port());
    co_await try_finally(
        [&] { return server.wait(); }, [&] { return server.stop(std::chrono::duration<double>(arguments.grace)); });
}

// A handler that fails, or a client that vanishes, is one line in the log and not the end of the server.
auto report_errors() -> Task<void> {
    this_loop().set_exception_handler(
        [](const ErrorContext& context) { std::fprintf(stderr, "gyre: %s\n", context.text().c_str()); });
    co_return;
}

auto serve(const ServeArguments& arguments) -> Task<void> {
    co_await for_each_loop(report_errors);
    GracefulStop stop;
    co_await stop.run([&] { return arguments.demo ? serve_demo(arguments) : serve_files(arguments); });
    std::printf("stopped\n");
}

}  // namespace

void add_serve_command(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("serve", "Serves a directory, or the demo site, over HTTP");
    auto arguments = std::make_shared<ServeArguments>();
    auto* directory = command->add_option("DIR", arguments->directory, "What to serve");
    auto* demo = command->add_flag("--demo", arguments->demo, "Serves the embedded demo site instead");
    directory->excludes(demo);
    command->add_option("--host", arguments->host, "Name or address to listen on; * for all")->capture_default_str();
    command->add_option("-p,--port", arguments->port, "Port to listen on; 0 for a free one")->capture_default_str();
    command->add_option("--tls", arguments->tls, "Serves https: PEM files of the certificate chain and of the key")
        ->type_name("CERT KEY")
        ->expected(2);
    command->add_option("--loops", arguments->loops, "On how many loops, each with a thread; 0: one for each core")
        ->capture_default_str();
    command->add_flag("--listing", arguments->listing, "Answers a directory without an index.html with the names in it");
    command->add_flag(
        "--precompressed", arguments->precompressed, "Sends FILE.br, FILE.zst or FILE.gz in place of FILE");
    command->add_flag("--no-compression", arguments->no_compression, "Sends everything as it is");
    command->add_option("--grace", arguments->grace, "Seconds that what is being answered has after Ctrl-C")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command->callback([arguments, &status] {
        if (!arguments->demo && arguments->directory.empty()) {
            throw CLI::ValidationError("DIR", "nothing to serve: name a directory, or give --demo");
        }
        if (!arguments->demo && !std::filesystem::is_directory(arguments->directory)) {
            throw std::runtime_error(arguments->directory + ": not a directory");
        }
        RunOptions options;
        options.loops = arguments->loops;
        options.dump_on_quit = true;
        options.control = &control_if_possible;
        run(serve(*arguments), options);
        status = 0;
    });
}

}  // namespace gyre::cli

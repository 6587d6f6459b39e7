#include "serve_command.hpp"

#include "demo_site.hpp"
#include "stall_options.hpp"

#include <gyre/backend/threads.hpp>
#include <gyre/core/for_each_loop.hpp>
#include <gyre/core/race.hpp>
#include <gyre/core/run.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/http/server/access_log.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/compress.hpp>
#include <gyre/http/server/load_shedding.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/obs/control.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/graceful_stop.hpp>
#include <gyre/os/signals.hpp>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::cli {

namespace {

struct ServeArguments {
    ServeArguments() = default;

    std::string directory;
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    std::string certificate;
    std::string key;
    std::string access_log;  ///< A file, or "-".
    std::string log_format = "clf";
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
    // How many requests and how much memory are too many is the machine's business; an answer that comes late helps nobody.
    http::LoadSheddingOptions shedding;
    shedding.max_in_flight = std::numeric_limits<std::size_t>::max();
    shedding.max_delay = std::chrono::seconds(2);
    app.use(http::load_shedding(shedding));
    if (!arguments.no_compression) app.use(http::compress());
    http::FilesOptions options;
    options.listing = arguments.listing;
    options.precompressed = arguments.precompressed;
    app.files("/", arguments.directory, options);
    return app;
}

auto tls_for(const ServeArguments& arguments) -> std::optional<net::TlsServerOptions> {
    if (arguments.certificate.empty()) return std::nullopt;
    net::TlsServerOptions options;
    options.certificate(arguments.certificate, arguments.key).alpn({"http/1.1", "http/1.0"});
    return options;
}

void say_where(const ServeArguments& arguments, std::uint16_t port) {
    std::printf("serving %s at %s://%s:%d/ (Ctrl-C ends it)\n",
        arguments.demo ? "the demo site" : arguments.directory.c_str(),
        arguments.certificate.empty() ? "http" : "https", url_host(arguments).c_str(), int{port});
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

/// The log, and the file below it, if one is wanted.
struct RequestLog {
    RequestLog(http::LogFile opened, http::AccessLogFormat format)
        : file(std::move(opened)), log(file.sink(), format) {}

    http::LogFile file;
    http::AccessLog log;
};

auto log_format(const ServeArguments& arguments) -> http::AccessLogFormat {
    if (arguments.log_format == "combined") return http::AccessLogFormat::combined;
    if (arguments.log_format == "timed") return http::AccessLogFormat::timed;
    return arguments.log_format == "json" ? http::AccessLogFormat::json : http::AccessLogFormat::common;
}

auto open_log(const ServeArguments& arguments) -> Task<std::unique_ptr<RequestLog>> {
    if (arguments.access_log.empty()) co_return nullptr;
    if (arguments.access_log == "-") {
        auto output = co_await fs::duplicate(STDOUT_FILENO, "standard output");
        co_return std::make_unique<RequestLog>(http::LogFile::over(std::move(output)), log_format(arguments));
    }
    auto file = co_await http::LogFile::open(arguments.access_log);
    co_return std::make_unique<RequestLog>(std::move(file), log_format(arguments));
}

/// SIGHUP: the certificate is read and the log opened anew. What fails is told, and changes nothing.
auto renew_at_hangup(SignalSet& hangup, http::Server& server, bool has_tls, http::LogFile* log) -> Task<void> {
    for (;;) {
        static_cast<void>(co_await hangup.next());
        // One by one: a log that cannot be opened is no reason to let the certificate expire.
        try {
            if (log != nullptr) co_await log->reopen();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "gyre: SIGHUP: %s\n", error.what());
        }
        try {
            if (has_tls) co_await server.reload_tls();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "gyre: SIGHUP: %s\n", error.what());
        }
    }
}

/// Lines that the log has lost make no failure of a server that has served all the same.
auto close_log(http::LogFile& log) -> Task<void> {
    try {
        co_await log.close();
    } catch (const IoError& error) {
        std::fprintf(stderr, "gyre: %s\n", error.what());
    }
}

auto serve_until_stopped(const ServeArguments& arguments, SignalSet* hangup, http::Server& server, http::LogFile* log)
    -> Task<void> {
    const bool is_file = log != nullptr && arguments.access_log != "-";
    const bool has_tls = !arguments.certificate.empty();
    if (hangup == nullptr) co_return co_await server.wait();
    auto renewing = renew_at_hangup(*hangup, server, has_tls, is_file ? log : nullptr);
    static_cast<void>(co_await race(server.wait(), std::move(renewing)));
}

auto serve_files(const ServeArguments& arguments) -> Task<void> {
    const auto tls = tls_for(arguments);
    const auto log = co_await open_log(arguments);
    http::LogFile* const log_file = log ? &log->file : nullptr;
    http::ServerOptions options;
    if (log) options.connection.observers = {&log->log};
    options.host = arguments.host;
    options.port = arguments.port;
    options.loops = 0;
    options.tls = tls ? &*tls : nullptr;
    // From before the first request to after the last: SIGHUP ends no server that is about to stop.
    std::optional<SignalSet> hangup;
    if ((log && arguments.access_log != "-") || tls) hangup.emplace({SIGHUP});
    auto server = co_await http::Server::start(app_for(arguments), options);
    say_where(arguments, server.port());
    const auto stop = [&]() -> Task<void> {
        co_await server.stop(std::chrono::duration<double>(arguments.grace));
        if (log_file != nullptr) co_await close_log(*log_file);
    };
    co_await try_finally(
        [&] { return serve_until_stopped(arguments, hangup ? &*hangup : nullptr, server, log_file); }, stop);
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
    auto* certificate = command->add_option(
        "--cert", arguments->certificate, "Serves https: PEM file of the certificate chain; SIGHUP reads it anew");
    auto* key = command->add_option("--key", arguments->key, "PEM file of its key");
    certificate->needs(key);
    key->needs(certificate);
    auto* log = command->add_option("--access-log", arguments->access_log,
        "A line for each request: to a file, which SIGHUP opens anew, or to - (stdout)");
    command->add_option("--log-format", arguments->log_format, "How the lines look")
        ->capture_default_str()
        ->check(CLI::IsMember({"clf", "combined", "timed", "json"}))
        ->needs(log);
    log->excludes(demo);
    command->add_option("--loops", arguments->loops, "On how many loops, each with a thread; 0: one for each core")
        ->capture_default_str()
        ->excludes(demo);
    command->add_flag("--listing", arguments->listing, "Answers a directory without an index.html with the names in it")
        ->excludes(demo);
    command
        ->add_flag("--precompressed", arguments->precompressed, "Sends FILE.br, FILE.zst or FILE.gz in place of FILE")
        ->excludes(demo);
    command->add_flag("--no-compression", arguments->no_compression, "Sends everything as it is")->excludes(demo);
    command->add_option("--grace", arguments->grace, "Seconds that what is being answered has after Ctrl-C")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber)
        ->excludes(demo);
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
        options.control = &obs::control_socket;
        options.stall_limit = usual_stall_limit;
        backend::name_thread("gyre-serve");  // so `gyre top gyre-serve` finds it
        run(serve(*arguments), options);
        status = 0;
    });
}

}  // namespace gyre::cli

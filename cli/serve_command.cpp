#include "serve_command.hpp"

#include "demo_site.hpp"

#include <gyre/core/run.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/os/graceful_stop.hpp>

#include <CLI/CLI.hpp>

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
    bool demo = false;
};

/// As a URL has it: IPv6 in brackets.
auto url_host(const ServeArguments& arguments) -> std::string {
    if (arguments.host.empty() || arguments.host == "*") return "localhost";
    return arguments.host.find(':') == std::string::npos ? arguments.host : "[" + arguments.host + "]";
}

auto handler_for(const ServeArguments& arguments) -> http::ExchangeHandler {
    if (arguments.demo) return demo_site();
    if (!std::filesystem::is_directory(arguments.directory)) {
        throw std::runtime_error(arguments.directory + ": not a directory");
    }
    http::App app;
    app.files("/", arguments.directory);
    return app.handler();
}

auto tls_for(const ServeArguments& arguments) -> std::optional<net::TlsServerContext> {
    if (arguments.tls.empty()) return std::nullopt;
    net::TlsServerOptions options;
    options.certificate(arguments.tls[0], arguments.tls[1]).alpn({"http/1.1", "http/1.0"});
    return net::TlsServerContext(options);
}

auto serve(const ServeArguments& arguments) -> Task<void> {
    // A handler that fails, or a client that vanishes, is one line in the log and not the end of the server.
    this_loop().set_exception_handler(
        [](const ErrorContext& context) { std::fprintf(stderr, "gyre: %s\n", context.text().c_str()); });
    auto handler = handler_for(arguments);
    const auto tls = tls_for(arguments);
    GracefulStop stop;
    co_await stop.run([&]() -> Task<void> {
        auto listener = co_await net::listen(arguments.host, arguments.port);
        std::printf("serving %s at %s://%s:%d/ (Ctrl-C ends it)\n",
            arguments.demo ? "the demo site" : arguments.directory.c_str(), tls ? "https" : "http",
            url_host(arguments).c_str(), int{listener.local_address().port()});
        std::fflush(stdout);
        auto server = http::serve_http(std::move(listener), std::move(handler), {}, tls ? &*tls : nullptr);
        co_await std::move(server);
    });
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
    command->callback([arguments, &status] {
        if (!arguments->demo && arguments->directory.empty()) {
            throw CLI::ValidationError("DIR", "nothing to serve: name a directory, or give --demo");
        }
        run(serve(*arguments));
        status = 0;
    });
}

}  // namespace gyre::cli

#include "web_command.hpp"

#include "inspected.hpp"
#include "web_site.hpp"

#include <gyre/core/random.hpp>
#include <gyre/core/run.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/os/graceful_stop.hpp>

#include <CLI/CLI.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace gyre::cli {

namespace {

constexpr auto grace = std::chrono::seconds(1);

struct WebArguments {
    WebArguments() = default;

    std::string target;
    std::uint16_t port = 0;
};

/// 128 random bits: nobody guesses them.
auto random_token() -> std::string {
    std::array<std::byte, 16> bytes{};
    fill_random(bytes);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string token;
    for (const std::byte each : bytes) {
        token += digits[std::to_integer<unsigned>(each) >> 4U];
        token += digits[std::to_integer<unsigned>(each) & 15U];
    }
    return token;
}

auto serve_page(const WebArguments& arguments) -> Task<void> {
    std::string title;
    RunningProgram program;
    {
        const Inspected inspected(arguments.target);
        title = inspected.title();
        program = inspected.program();
    }
    const std::string token = random_token();
    WebSite site(program, token);
    http::ServerOptions options;
    options.host = "127.0.0.1";
    options.port = arguments.port;
    auto server = co_await http::Server::start(site.app(), options);
    std::printf(
        "%s is shown at http://127.0.0.1:%d/%s/ (Ctrl-C ends it)\n", title.c_str(), int{server.port()}, token.c_str());
    std::fflush(stdout);
    co_await try_finally([&] { return server.wait(); }, [&] { return server.stop(grace); });
}

auto serve_until_stopped(const WebArguments& arguments) -> Task<void> {
    // A browser that goes away in the middle of an answer is nobody's error.
    this_loop().set_exception_handler([](const ErrorContext&) {});
    GracefulStop stop;
    co_await stop.run([&] { return serve_page(arguments); });
}

}  // namespace

void add_web_command(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("web", "Shows a running program as a page in the browser");
    auto arguments = std::make_shared<WebArguments>();
    command
        ->add_option("PROGRAM", arguments->target, "A process number, a program's name, or the path of a control socket")
        ->required();
    command->add_option("-p,--port", arguments->port, "Port on 127.0.0.1; 0 for a free one")->capture_default_str();
    command->callback([arguments, &status] {
        try {
            run(serve_until_stopped(*arguments));
            status = 0;
        } catch (const InspectError& error) {
            std::fprintf(stderr, "gyre: %s\n", error.what());
            status = 1;
        }
    });
}

}  // namespace gyre::cli

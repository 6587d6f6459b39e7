#include "demo_command.hpp"

#include "demo_site.hpp"
#include "get_command.hpp"
#include "stall_options.hpp"

#include <gyre/backend/threads.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/net/test_authority.hpp>
#include <gyre/obs/control.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace gyre::cli {

namespace {

struct DemoArguments {
    DemoArguments() = default;

    GetOptions options;
    std::string directory;
    bool failures = false;
};

void add_urls(const std::string& base, bool failures, std::vector<std::string>& urls) {
    for (std::string& url : demo_urls(base)) {
        if (failures || url.find("/fail/") == std::string::npos) urls.push_back(std::move(url));
    }
}

auto base_url(const char* scheme, const net::Listener& listener) -> std::string {
    return std::string(scheme) + "://" + listener.local_address().text();
}

auto run_demo(const DemoArguments& arguments) -> Task<int> {
    // Clients that give up on the failures are what the site is there for.
    this_loop().set_exception_handler([](const ErrorContext& context) {
        if (context.origin != ErrorOrigin::connection) std::fprintf(stderr, "gyre: %s\n", context.text().c_str());
    });
    const net::TestAuthority authority("gyre demo authority");
    const auto certificate = authority.issue({"localhost", "127.0.0.1"});
    net::TlsServerOptions tls_options;
    tls_options.certificate_pem(certificate.chain, certificate.key);
    const net::TlsServerContext tls(tls_options);

    auto plain = co_await net::listen("127.0.0.1", 0);
    auto secure = co_await net::listen("127.0.0.1", 0);
    GetOptions options = arguments.options;
    options.ca_pem = authority.certificate();
    add_urls(base_url("http", plain), arguments.failures, options.urls);
    add_urls(base_url("https", secure), arguments.failures, options.urls);
    std::fprintf(
        stderr, "the demo site is at %s and %s\n", base_url("http", plain).c_str(), base_url("https", secure).c_str());

    int status = 0;
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        auto plain_server = group.spawn(http::serve_http(std::move(plain), demo_site()), {.name = "http server"});
        auto secure_server = group.spawn(
            http::serve_http(std::move(secure), demo_site(), {}, &tls), {.name = "https server"});
        status = co_await run_get(options);
        plain_server.cancel("the demo is over");
        secure_server.cancel("the demo is over");
    });
    co_return status;
}

}  // namespace

void add_demo_command(CLI::App& app, int& status) {
    auto arguments = std::make_shared<DemoArguments>();
    auto* command = app.add_subcommand("demo", "Downloads the embedded demo site, over http and https");
    arguments->options.destination = Destination::nowhere;
    arguments->options.timeout = std::chrono::seconds(3);
    arguments->options.every_row = true;
    command->add_option("-j,--concurrency", arguments->options.concurrency, "How many at a time")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str()
        ->type_name("N");
    command->add_option("-o,--output", arguments->directory, "Keep the files in this directory")->type_name("DIR");
    command->add_flag("--failures", arguments->failures, "Fetch the pages that fail, too");
    command->add_flag("--json", arguments->options.json, "Print the report as JSON");
    command->callback([arguments, &status] {
        if (!arguments->directory.empty()) {
            arguments->options.destination = Destination::directory;
            arguments->options.directory = arguments->directory;
        }
        RunOptions options;
        options.timing = Timing::exact;
        options.dump_on_quit = true;
        options.control = &obs::control_socket;
        options.stall_limit = usual_stall_limit;
        options.on_stall = &keep_stalls;
        backend::name_thread("gyre-demo");  // so `gyre top gyre-demo` finds it
        status = run(run_demo(*arguments), options);
    });
}

}  // namespace gyre::cli

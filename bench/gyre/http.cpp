// The HTTP server of gyre. GYRE_BACKEND chooses the backend.
// usage: http FOLDER [CERTIFICATE KEY]
#include <gyre/gyre.hpp>
#include <gyre/http/server/server.hpp>

#include <cstddef>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr std::size_t short_size = std::size_t{16} * 1024;
std::string folder;

auto send_file(gyre::http::ServerExchange& exchange, std::string name) -> gyre::Task<void> {
    auto file = co_await gyre::fs::open_beneath(folder, std::move(name));
    const auto info = co_await file.info();
    gyre::http::ResponseHead head;
    head.fields.add("Content-Type", "application/octet-stream");
    if (info.size <= short_size) {  // head and body in one segment
        const auto text = co_await file.pread(static_cast<std::size_t>(info.size), 0);
        co_await exchange.respond(std::move(head), text);
    } else {
        head.fields.add("Content-Length", std::to_string(info.size));
        co_await exchange.start(std::move(head));
        co_await exchange.write_file(file, 0, info.size);
        co_await exchange.finish();
    }
    co_await file.close();
}

auto answer(gyre::http::ServerExchange& exchange) -> gyre::Task<void> {
    const auto path = exchange.raw_path();
    if (path == "/plaintext") {
        co_await exchange.respond(200, "text/plain", "Hello, World!");
    } else if (path == "/json") {
        co_await exchange.respond(200, "application/json", R"({"message":"Hello, World!"})");
    } else if (path.starts_with("/files/")) {
        co_await send_file(exchange, std::string(path.substr(7)));
    } else {
        co_await exchange.respond(404, "text/plain", "");
    }
}

auto serve(std::optional<gyre::net::TlsServerContext> tls) -> gyre::Task<void> {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0, {.backlog = 4'096});
    std::cout << listener.local_address().port() << std::endl;
    gyre::http::ConnectionOptions options;
    options.max_requests_per_connection = std::numeric_limits<std::size_t>::max();
    co_await gyre::http::serve_http(std::move(listener), answer, options, tls ? &*tls : nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    folder = arguments[1];
    std::optional<gyre::net::TlsServerContext> tls;
    if (count > 3) {
        gyre::net::TlsServerOptions options;
        options.certificate(arguments[2], arguments[3]);
        tls.emplace(options);
    }
    gyre::run(serve(std::move(tls)));
}

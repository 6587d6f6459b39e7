// The HTTP server of gyre without routes: a handler of exchanges, which is the layer below http::App. GYRE_BACKEND chooses
// the backend, GYRE_OBSERVE who looks on.
// usage: http FOLDER [CERTIFICATE KEY]    the folder is left to app.cpp
#include <gyre/gyre.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/obs.hpp>

#include <cstddef>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

auto answer(gyre::http::ServerExchange& exchange) -> gyre::Task<void> {
    const auto path = exchange.raw_path();
    if (path == "/plaintext") {
        co_await exchange.respond(200, "text/plain", "Hello, World!");
    } else if (path == "/json") {
        co_await exchange.respond(200, "application/json", R"({"message":"Hello, World!"})");
    } else {
        co_await exchange.respond(404, "text/plain", "");
    }
}

auto serve(std::optional<gyre::net::TlsServerContext> tls) -> gyre::Task<void> {
    auto listener = co_await gyre::net::listen("127.0.0.1", 0, {.backlog = 4'096});
    std::cout << listener.local_address().port() << std::endl;
    gyre::http::ConnectionOptions options;
    options.max_requests_per_connection = std::numeric_limits<std::size_t>::max();
    options.max_connections_per_source = options.max_connections;  // all come from one here
    co_await gyre::http::serve_http(std::move(listener), answer, options, tls ? &*tls : nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    std::optional<gyre::net::TlsServerContext> tls;
    if (count > 3) {
        gyre::net::TlsServerOptions options;
        options.certificate(arguments[2], arguments[3]);
        tls.emplace(options);
    }
    gyre::run(serve(std::move(tls)), gyre::obs::observed());
}

// An http::App of gyre, as its manual writes one: routes, and files with everything that belongs to them.
// usage: app FOLDER [CERTIFICATE KEY]
#include <gyre/gyre.hpp>
#include <gyre/http.hpp>

#include <iostream>
#include <limits>
#include <string>
#include <utility>

namespace {

namespace http = gyre::http;

auto make_app(const std::string& folder) -> http::App {
    http::App app;
    app.get("/plaintext", [](http::Request&) -> gyre::Task<http::Response> {
        co_return http::Response::bytes("text/plain", "Hello, World!");
    });
    app.get("/json", [](http::Request&) -> gyre::Task<http::Response> {
        co_return http::Response::json(R"({"message":"Hello, World!"})");
    });
    app.files("/files", folder);
    return app;
}

auto serve(std::string folder, const gyre::net::TlsServerOptions* tls) -> gyre::Task<void> {
    http::ServerOptions options{.port = 0, .tls = tls};
    options.connection.max_requests_per_connection = std::numeric_limits<std::size_t>::max();
    auto server = co_await http::Server::start(make_app(folder), options);
    std::cout << server.port() << std::endl;
    co_await server.wait();
}

}  // namespace

int main(int count, char** arguments) {
    gyre::net::TlsServerOptions tls;
    if (count > 3) tls.certificate(arguments[2], arguments[3]);
    gyre::run(serve(arguments[1], count > 3 ? &tls : nullptr));
}

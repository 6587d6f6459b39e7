#pragma once

#include "support/loops.hpp"

#include <gyre/http.hpp>

#include <functional>
#include <source_location>
#include <string>
#include <utility>

/// An app on a server, and a client of it, on one loop.
namespace gyre::testing {

using AppClientBody = std::function<Task<>(http::Client&)>;

/// Serves `app`, runs `body` with a client whose base is that server, and stops.
inline auto serve_app(http::App app, AppClientBody body, http::ServerOptions options = {}) -> Task<> {
    options.port = 0;
    auto server = co_await http::Server::start(std::move(app), options);
    const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
    {
        http::Client client({.base_url = base});
        co_await body(client);
    }
    co_await server.stop(std::chrono::seconds(1));
}

/// What came: "200 text/plain; charset=utf-8 | hello".
inline auto fetch_line(http::ClientRequest request) -> Task<std::string> {
    auto response = co_await std::move(request);
    auto text = co_await response.text();
    co_return std::to_string(response.status()) + " " + std::string(response.header("Content-Type").value_or("-")) +
        " | " + text;
}

/// Sends `request` and compares what comes with `expected`, as `fetch_line` puts it.
inline auto expect_line(http::ClientRequest request, std::string expected,
    std::source_location where = std::source_location::current()) -> Task<> {
    const auto line = co_await fetch_line(std::move(request));
    EXPECT_EQ(line, expected) << "line " << where.line();
}

/// The same for what is no problem: status and body.
inline auto expect_text(http::ClientRequest request, int status, std::string body,
    std::source_location where = std::source_location::current()) -> Task<> {
    auto response = co_await std::move(request);
    const auto text = co_await response.text();
    EXPECT_EQ(response.status(), status) << "line " << where.line();
    EXPECT_EQ(text, body) << "line " << where.line();
}

}  // namespace gyre::testing

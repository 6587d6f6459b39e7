#pragma once

#include "inspected.hpp"

#include <gyre/http/client/client.hpp>
#include <gyre/http/server/app.hpp>

#include <string>
#include <string_view>

namespace gyre::cli {

/// What `gyre web` serves to a browser on the same machine: a page, and the answers of a program's control socket.
///
/// Everything is below a path that nobody can guess, and nothing else is answered. So a page of another site gets nothing, though
/// the browser would let it send requests here; neither by a name of its own that leads to 127.0.0.1 (DNS rebinding), for only the
/// names of this machine are taken as a host. Thread: one loop.
class WebSite {
public:
    /// @param token what the path begins with: unguessable, and of characters that stand in a path as they are.
    WebSite(const RunningProgram& program, std::string token);
    WebSite(const WebSite&) = delete;
    auto operator=(const WebSite&) -> WebSite& = delete;
    ~WebSite() = default;

    /// The routes; this outlives the app.
    [[nodiscard]] auto app() -> http::App;

private:
    [[nodiscard]] auto guard(http::Request& request, http::Next next) -> Task<http::Response>;
    [[nodiscard]] auto is_allowed(const http::Request& request) const -> bool;
    [[nodiscard]] auto switch_recorder(http::Request& request) -> Task<http::Response>;
    [[nodiscard]] auto switch_timing(http::Request& request) -> Task<http::Response>;
    [[nodiscard]] auto forward(std::string method, std::string path, std::string body) -> Task<http::Response>;
    [[nodiscard]] auto trouble(const http::RequestError& error) const -> http::Response;

    RunningProgram program_;
    std::string prefix_;  ///< "/TOKEN/"
    http::Client client_;
};

}  // namespace gyre::cli

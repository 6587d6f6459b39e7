#include "web_site.hpp"

#include "web_assets.hpp"

#include <gyre/http/server/http_error.hpp>
#include <gyre/http/server/security_headers.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace gyre::cli {

namespace {

constexpr std::size_t most_switch_bytes = 1024;
constexpr auto answer_limit = std::chrono::seconds(4);    // for the first byte: less than the page waits
constexpr auto picture_limit = std::chrono::seconds(60);  // the same where much has to be gathered

/// Scripts and styles from here alone, none of them inline; no text is ever read as markup.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types gyre";

struct ApiRoute {
    std::string_view name;
    bool is_large;
};

constexpr std::array<ApiRoute, 9> api_routes{{
    {"snapshot", true},
    {"figures", false},
    {"histograms", false},
    {"stalls", false},
    {"recorder", false},
    {"timing", false},
    {"findings", true},
    {"folded", true},
    {"trace", true},
}};

/// Takes as long for a wrong text as for the right one of that length.
auto is_same(std::string_view text, std::string_view secret) noexcept -> bool {
    if (text.size() != secret.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        difference |= static_cast<unsigned char>(text[i]) ^ static_cast<unsigned char>(secret[i]);
    }
    return difference == 0;
}

/// A host as a request names it, without its port. The port may be another one: of the near end of an ssh tunnel.
auto without_port(std::string_view host) noexcept -> std::string_view {
    const auto bracket = host.rfind(']');
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return host;
    return host.substr(0, colon);
}

auto is_this_machine(std::string_view host) noexcept -> bool {
    const auto name = without_port(host);
    return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

auto client_options(const RunningProgram& program) -> http::ClientOptions {
    http::ClientOptions options;
    options.base_url = "http://gyre/";
    options.unix_socket = program.socket;
    options.cookies = false;
    options.decode = false;
    options.replay = false;
    options.follow_redirects = false;
    return options;
}

auto copy_body(std::shared_ptr<http::ClientResponse> from, http::BodyWriter& to) -> Task<void> {
    for (;;) {
        const auto piece = co_await from->read();
        if (piece.empty()) co_return;
        co_await to.write(std::string_view(piece.data(), piece.size()));
    }
}

/// The answer of the program as it is, piece by piece: a snapshot may be large.
auto passed_on(http::ClientResponse answer) -> http::Response {
    const auto type = answer.header("Content-Type").value_or("application/octet-stream");
    auto shared = std::make_shared<http::ClientResponse>(std::move(answer));
    auto response = http::Response::stream(
        std::string(type), [shared](http::BodyWriter& to) { return copy_body(shared, to); });
    response.set_status(shared->status());
    return response;
}

auto with_query(std::string_view path, const http::Request& request) -> std::string {
    std::string whole(path);
    if (!request.query().empty()) whole.append("?").append(request.query());
    return whole;
}

void add_assets(http::Routes& site) {
    for (const WebAsset& asset : web_assets()) {
        const auto serve = [asset](http::Request&) -> Task<http::Response> {
            co_return http::Response::bytes(std::string(asset.type), std::string(asset.content));
        };
        site.get("/" + std::string(asset.name), serve);
        if (asset.name == "index.html") site.get("/", serve);
    }
}

}  // namespace

WebSite::WebSite(const RunningProgram& program, std::string token)
    : program_(program), prefix_("/" + std::move(token) + "/"), client_(client_options(program_)) {}

auto WebSite::app() -> http::App {
    http::App app;
    http::SecurityHeaderOptions headers;
    headers.content_security_policy = page_policy;
    app.use(http::security_headers(headers));
    app.use([this](http::Request& request, http::Next next) { return guard(request, next); });

    auto site = app.group(std::string_view(prefix_).substr(0, prefix_.size() - 1));
    add_assets(site);
    for (const ApiRoute& route : api_routes) {
        const std::string path = "/v1/" + std::string(route.name);
        site.get("/api" + path,
            [this, path](http::Request& request) { return forward("GET", with_query(path, request), ""); });
    }
    site.put("/api/v1/timing", [this](http::Request& request) { return switch_timing(request); });
    site.put("/api/v1/recorder", [this](http::Request& request) { return switch_recorder(request); });
    return app;
}

auto WebSite::is_allowed(const http::Request& request) const -> bool {
    if (!is_this_machine(request.host())) return false;
    if (!is_same(request.raw_path().substr(0, prefix_.size()), prefix_)) return false;
    // What browsers say of who asks. Other clients say nothing.
    const auto site = request.header("Sec-Fetch-Site");
    if (site && *site != "same-origin" && *site != "none") return false;
    const auto origin = request.header("Origin");
    return !origin || *origin == "http://" + std::string(request.host());
}

auto WebSite::guard(http::Request& request, http::Next next) -> Task<http::Response> {
    if (!is_allowed(request)) {
        co_return http::Response::text("Open the address that `gyre web` has printed, as it stands there.\n", 403);
    }
    auto response = co_await next(request);
    response.header("Cache-Control", "no-store");
    co_return response;
}

auto WebSite::switch_recorder(http::Request& request) -> Task<http::Response> {
    const auto text = co_await request.text(most_switch_bytes);
    const auto wish = nlohmann::json::parse(text, nullptr, false);
    if (!wish.is_object() || !wish.contains("on") || !wish["on"].is_boolean()) {
        throw http::HttpError(400, R"(the switch takes {"on": true} or {"on": false})");
    }
    const nlohmann::json clean = {{"on", wish["on"]}};
    co_return co_await forward("PUT", "/v1/recorder", clean.dump());
}

auto WebSite::switch_timing(http::Request& request) -> Task<http::Response> {
    const auto text = co_await request.text(most_switch_bytes);
    const auto wish = nlohmann::json::parse(text, nullptr, false);
    const std::string timing = wish.is_object() && wish.contains("timing") && wish["timing"].is_string()
                                   ? wish["timing"].get<std::string>()
                                   : std::string();
    if (timing != "exact" && timing != "sampled" && timing != "off") {
        throw http::HttpError(400, R"(the switch takes {"timing": "exact"}, "sampled" or "off")");
    }
    const nlohmann::json clean = {{"timing", timing}};
    co_return co_await forward("PUT", "/v1/timing", clean.dump());
}

auto WebSite::forward(std::string method, std::string path, std::string body) -> Task<http::Response> {
    auto request = client_.request(std::move(method), path);
    if (!body.empty()) request.json(std::move(body));
    http::ClientTimeouts limits;
    limits.connect = answer_limit;
    limits.first_byte = answer_limit;
    for (const ApiRoute& route : api_routes) {
        if (route.is_large && path.starts_with("/v1/" + std::string(route.name))) limits.first_byte = picture_limit;
    }
    request.timeouts(limits);
    try {
        auto answer = co_await std::move(request).send();
        co_return passed_on(std::move(answer));
    } catch (const http::RequestError& error) {
        co_return trouble(error);
    }
}

auto WebSite::trouble(const http::RequestError& error) const -> http::Response {
    // Whoever does not listen any more has ended; who listens and says nothing is stopped, or too busy.
    const bool ended = error.phase() == http::RequestPhase::connect && !error.is_timeout();
    std::string detail = error.reason();
    try {
        const Inspected again(program_.process != 0 ? std::to_string(program_.process) : program_.socket);
    } catch (const InspectError& known) {
        detail = known.what();
    }
    const nlohmann::json problem = {{"code", ended ? "ended" : "silent"}, {"detail", detail}};
    return http::Response::json(
        problem.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), ended ? 410 : 504);
}

}  // namespace gyre::cli

#pragma once

#include <gyre/http/server/app.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// Which pages of other origins may use the answers of a server. A builder; nothing is allowed until it is said.
/// Source: the Fetch standard, 3.2; aiohttp-cors.
class CorsPolicy {
public:
    CorsPolicy();

    /// "https://app.example" or with a port: pages from there. @throws std::invalid_argument for what is no origin.
    auto allow_origin(std::string_view origin) -> CorsPolicy&;
    /// Pages from anywhere, without credentials.
    auto allow_any_origin() -> CorsPolicy&;
    /// Methods beside GET, HEAD and POST. @throws std::invalid_argument for what is no token.
    auto allow_methods(const std::vector<std::string>& methods) -> CorsPolicy&;
    /// Fields that a page may set beside the harmless ones. @throws as `allow_methods`.
    auto allow_headers(const std::vector<std::string>& names) -> CorsPolicy&;
    /// Fields of the response that a page may read beside the harmless ones. @throws as `allow_methods`.
    auto expose_headers(const std::vector<std::string>& names) -> CorsPolicy&;
    /// Pages may send cookies and the like along. Not together with any origin.
    auto allow_credentials() -> CorsPolicy&;
    /// How long a browser may remember what it was told. Default: two hours.
    auto max_age(std::chrono::seconds age) -> CorsPolicy&;

private:
    friend auto cors(CorsPolicy policy) -> Middleware;
    struct Rules {
        Rules() = default;
        [[nodiscard]] auto is_allowed(std::string_view origin) const noexcept -> bool;
        [[nodiscard]] auto has_method(std::string_view method) const noexcept -> bool;
        void mark(Response& response, std::string_view origin) const;
        [[nodiscard]] auto answer_preflight(const Request& request, std::string_view origin) const -> Response;

        std::vector<std::string> origins;
        std::vector<std::string> methods;
        std::string method_list;
        std::string header_list;
        std::string exposed_list;
        std::chrono::seconds age = std::chrono::hours(2);
        bool any_origin = false;
        bool credentials = false;
    };
    static auto run(const Rules& rules, Request& request, Next next) -> Task<Response>;

    Rules rules_;
};

/// A middleware that tells browsers what `policy` allows, and answers their questions (preflights) itself. Put it around the
/// whole app: a preflight is a request that no route takes.
/// @throws std::invalid_argument for credentials together with any origin.
[[nodiscard]] auto cors(CorsPolicy policy) -> Middleware;

}  // namespace gyre::http

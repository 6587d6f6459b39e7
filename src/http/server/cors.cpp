#include <gyre/http/server/cors.hpp>

#include "../core/grammar.hpp"
#include "site.hpp"
#include "vary.hpp"

#include <gyre/http/core/url.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::string_view request_method = "Access-Control-Request-Method";
constexpr std::string_view request_headers = "Access-Control-Request-Headers";

void append_tokens(std::string& list, const std::vector<std::string>& tokens) {
    for (const auto& token : tokens) {
        if (!internal::is_token(token)) throw std::invalid_argument("http::CorsPolicy: '" + token + "' is no token");
        if (!list.empty()) list.append(", ");
        list.append(token);
    }
}

}  // namespace

CorsPolicy::CorsPolicy() { allow_methods({"GET", "HEAD", "POST"}); }

auto CorsPolicy::allow_origin(std::string_view origin) -> CorsPolicy& {
    const auto scheme_end = origin.find("://");
    const auto rest = scheme_end == origin.npos ? std::string_view() : origin.substr(scheme_end + 3);
    if (rest.empty() || rest.find_first_of("/?#@*, \t") != rest.npos || rest.find('\0') != rest.npos) {
        throw std::invalid_argument(
            "http::CorsPolicy: '" + std::string(origin) + "' is no origin, as https://app.example");
    }
    // Browsers send it in lower case.
    std::string text(origin);
    std::transform(text.begin(), text.end(), text.begin(), internal::to_lower);
    rules_.origins.push_back(std::move(text));
    return *this;
}

auto CorsPolicy::allow_any_origin() -> CorsPolicy& {
    rules_.any_origin = true;
    return *this;
}

auto CorsPolicy::allow_methods(const std::vector<std::string>& methods) -> CorsPolicy& {
    append_tokens(rules_.method_list, methods);
    rules_.methods.insert(rules_.methods.end(), methods.begin(), methods.end());
    return *this;
}

auto CorsPolicy::allow_headers(const std::vector<std::string>& names) -> CorsPolicy& {
    append_tokens(rules_.header_list, names);
    return *this;
}

auto CorsPolicy::expose_headers(const std::vector<std::string>& names) -> CorsPolicy& {
    append_tokens(rules_.exposed_list, names);
    return *this;
}

auto CorsPolicy::allow_credentials() -> CorsPolicy& {
    rules_.credentials = true;
    return *this;
}

auto CorsPolicy::max_age(std::chrono::seconds age) -> CorsPolicy& {
    rules_.age = age;
    return *this;
}

auto CorsPolicy::Rules::is_allowed(std::string_view origin) const noexcept -> bool {
    return any_origin || std::find(origins.begin(), origins.end(), origin) != origins.end();
}

auto CorsPolicy::Rules::has_method(std::string_view method) const noexcept -> bool {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

void CorsPolicy::Rules::mark(Response& response, std::string_view origin) const {
    if (!any_origin) internal::add_vary(response, "Origin");
    if (origin.empty() || !is_allowed(origin)) return;
    response.fields().set("Access-Control-Allow-Origin", any_origin ? "*" : origin);
    if (credentials) response.fields().set("Access-Control-Allow-Credentials", "true");
    if (!exposed_list.empty()) response.fields().set("Access-Control-Expose-Headers", exposed_list);
}

auto CorsPolicy::Rules::answer_preflight(const Request& request, std::string_view origin) const -> Response {
    const bool may_ask = is_allowed(origin) && has_method(*request.header(request_method));
    Response response(may_ask ? 204 : 403);
    if (!any_origin) internal::add_vary(response, "Origin");
    internal::add_vary(response, request_method);
    internal::add_vary(response, request_headers);
    if (!may_ask) return response;
    response.header("Access-Control-Allow-Origin", any_origin ? "*" : origin);
    if (credentials) response.header("Access-Control-Allow-Credentials", "true");
    response.header("Access-Control-Allow-Methods", method_list);
    if (!header_list.empty()) response.header("Access-Control-Allow-Headers", header_list);
    response.header("Access-Control-Max-Age", std::to_string(age.count()));
    return response;
}

auto CorsPolicy::run(const Rules& rules, Request& request, Next next) -> Task<Response> {
    const auto origin = request.header("Origin").value_or("");
    const bool is_question = request.method() == "OPTIONS" && !origin.empty() && request.header(request_method);
    if (is_question) co_return rules.answer_preflight(request, origin);
    auto response = co_await internal::call_next(next, request);
    rules.mark(response, origin);
    co_return response;
}

auto cors(CorsPolicy policy) -> Middleware {
    if (policy.rules_.any_origin && policy.rules_.credentials) {
        throw std::invalid_argument("http::cors: credentials are for origins that are named, not for any");
    }
    return [rules = std::move(policy.rules_)](
               Request& request, Next next) { return CorsPolicy::run(rules, request, next); };
}

}  // namespace gyre::http

#include "redirect.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::array<std::string_view, 5> fields_of_an_origin = {
    "Authorization", "Cookie", "Proxy-Authorization", "Host", "Origin"};
constexpr std::array<std::string_view, 6> fields_of_a_body = {
    "Content-Length", "Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Range"};

auto is_redirect(int status) noexcept -> bool {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

auto becomes_get(int status, std::string_view method) noexcept -> bool {
    if (status == 303) return method != "GET" && method != "HEAD";
    return (status == 301 || status == 302) && method == "POST";
}

/// One redirect, and how its errors begin.
struct Redirect {
    const Outgoing& request;
    std::string_view peer;
    std::string what;

    [[nodiscard]] auto error(std::string_view problem, std::exception_ptr cause = nullptr) const -> RequestError {
        return request.error(RequestPhase::redirect, what + ": " + std::string(problem), peer, std::move(cause));
    }

    [[nodiscard]] auto target(const Settings& settings, std::string_view location) const -> Url {
        try {
            auto target = Url::parse(location, request.url, settings.options().url_mode);
            if (!target.fragment()) target.set_fragment(request.url.fragment());
            return target;
        } catch (const UrlError& problem) {
            throw error(problem.what(), std::current_exception());
        }
    }
};

template<class Names>
void remove_all(Fields& fields, const Names& names) {
    for (const auto& name : names) fields.remove(name);
}

}  // namespace

auto follow_redirect(const Settings& settings, const ResponseHead& response, std::string_view peer, Outgoing& request)
    -> bool {
    if (!request.follows_redirects || !is_redirect(response.status)) return false;
    const auto location = response.fields.get("Location");
    if (!location) return false;

    const Redirect redirect{request, peer,
        "redirect " + std::to_string(response.status) + " to " + without_credentials(location->substr(0, 512))};
    for (const auto& other : response.fields.get_all("Location")) {
        if (other != *location) throw redirect.error("there is a second, different Location");
    }
    if (request.redirects >= settings.options().max_redirects) {
        throw redirect.error(
            "more than " + std::to_string(settings.options().max_redirects) + " redirects (max_redirects)");
    }
    auto target = redirect.target(settings, *location);
    if (target.scheme() != "http" && target.scheme() != "https")
        throw redirect.error("the scheme is not http or https");
    if (!target.username().empty() || !target.password().empty()) {
        throw redirect.error("a user name or password in the URL");
    }
    if (request.url.scheme() == "https" && target.scheme() == "http")
        throw redirect.error("from https to http is refused");

    const bool drops_body = becomes_get(response.status, request.method);
    auto origin = request.url.origin();
    const bool leaves_origin = target.origin() != origin;
    if (leaves_origin && !drops_body && request.has_body() && !settings.options().resend_body_across_origins) {
        throw redirect.error("it would send the body to another origin (resend_body_across_origins allows it)");
    }

    if (!drops_body && !request.can_be_sent_again()) {
        throw redirect.error("the body was streamed once, and cannot be sent again");
    }

    if (drops_body) {
        request.method = "GET";
        request.drop_body();
        remove_all(request.fields, fields_of_a_body);
    }
    // They do not come back when a later redirect returns to the first origin.
    if (leaves_origin) {
        remove_all(request.fields, fields_of_an_origin);
        remove_all(request.fields, settings.secret_fields());
    }
    if (request.redirects == 0) request.first_origin = std::move(origin);
    request.url = std::move(target);
    ++request.redirects;
    return true;
}

}  // namespace gyre::http::internal

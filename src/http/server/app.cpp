#include <gyre/http/server/app.hpp>

#include "site.hpp"
#include "websocket_route.hpp"

#include <gyre/core/errors.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http {

auto Next::operator()(Request& request) const -> Task<Response> {
    if (rest_.empty()) return internal::call_handler(*handler_, request);
    return rest_.front()(request, Next(rest_.subspan(1), *handler_));
}

auto Routes::route(std::string_view method, std::string_view pattern, Handler handler) -> Routes& {
    if (!handler) throw std::invalid_argument("route " + std::string(pattern) + ": an empty handler");
    site_->add(method, site_->scopes[scope_].prefix + std::string(pattern), scope_, std::move(handler));
    return *this;
}

auto Routes::websocket(std::string_view pattern, WebSocketHandler handler, const WebSocketOptions& options,
    WebSocketPolicy policy) -> Routes& {
    if (!handler) throw std::invalid_argument("route " + std::string(pattern) + ": an empty handler");
    return route("GET", pattern, internal::websocket_endpoint(std::move(handler), options, std::move(policy)));
}

auto Routes::use(Middleware middleware) -> Routes& {
    if (!middleware) throw std::invalid_argument("http::Routes::use: an empty middleware");
    site_->check_open();
    site_->scopes[scope_].middlewares.push_back(std::move(middleware));
    return *this;
}

auto Routes::group(std::string_view prefix) -> Routes { return {site_, site_->add_scope(scope_, prefix)}; }

App::App() : Routes(std::make_shared<internal::Site>(), 0) { site_->scopes.push_back({0, "", {}}); }

auto App::mount(std::string_view prefix, App app) -> App& {
    if (app.site_ == site_) throw std::invalid_argument("http::App::mount: an app below itself");
    const auto root = site_->add_scope(scope_, prefix);
    const auto first = root;  // its scopes follow one another, as they do there
    for (std::size_t i = 0; i < app.site_->scopes.size(); ++i) {
        auto& scope = app.site_->scopes[i];
        const auto place = i == 0 ? root : site_->add_scope(first + scope.parent, "");
        site_->scopes[place].prefix = site_->scopes[root].prefix + scope.prefix;
        site_->scopes[place].middlewares = scope.middlewares;
    }
    for (auto& route : app.site_->routes) {
        site_->add(route.method, site_->scopes[root].prefix + route.pattern, first + route.scope, route.handler);
    }
    return *this;
}

auto App::handler() const -> ExchangeHandler {
    site_->close();
    return [site = std::shared_ptr<const internal::Site>(site_)](
               ServerExchange& exchange) { return internal::answer(*site, exchange); };
}

}  // namespace gyre::http

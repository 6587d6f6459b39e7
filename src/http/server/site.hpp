#pragma once

#include "router.hpp"

#include <gyre/http/server/app.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace gyre::http::internal {

/// What an `App` and its groups build: routes, and the scopes that their middlewares stand around.
struct Site {
    Site() = default;

    /// A prefix and what stands around the routes below it; inside of its parent, which has a smaller number.
    struct Scope {
        std::size_t parent;
        std::string prefix;  ///< The whole of it.
        std::vector<Middleware> middlewares;
    };
    struct Route {
        std::string method;
        std::string pattern;
        std::size_t scope;
        Handler handler;
    };

    /// @throws InvalidStateError if it is served already.
    void check_open() const;
    void add(std::string_view method, std::string pattern, std::size_t scope, Handler handler);
    /// @return the number of the new scope.
    auto add_scope(std::size_t parent, std::string_view prefix) -> std::size_t;
    /// No more changes: lays out the middlewares of every scope in their order.
    void close();

    std::vector<Scope> scopes;
    std::vector<Route> routes;
    Router router;
    std::vector<std::vector<Middleware>> chains;       ///< For each scope, outermost first. Empty until `close`.
    Handler no_route;                                  ///< Answers what no route takes.
    mutable std::atomic<bool> is_told_of_401 = false;  ///< That one had no challenge: a mistake that is told of once.
};

/// The last step of the way: an HttpError becomes its response.
[[nodiscard]] auto call_handler(const Handler& handler, Request& request) -> Task<Response>;

/// `next(request)`, with whatever fails inside as a response: an HttpError as what it says, a body that is refused as a problem
/// that says why, anything else as 500, of which the loop's exception handler is told.
/// @throws what was thrown inside if no response can be sent: the client has gone, or one was started already.
[[nodiscard]] auto call_next(Next next, Request& request) -> Task<Response>;

/// Answers the request of `exchange`.
[[nodiscard]] auto answer(const Site& site, ServerExchange& exchange) -> Task<void>;

}  // namespace gyre::http::internal

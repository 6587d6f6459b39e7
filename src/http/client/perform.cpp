#include "perform.hpp"

#include "chain.hpp"
#include "pool.hpp"
#include "redirect.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace gyre::http::internal {

namespace {

/// Is the response a redirect that is followed? Then the request is for its target now.
auto is_redirected(Pool& pool, const ClientResponse& response, Outgoing& request) -> bool {
    if (response.status() < 300 || response.status() > 399) return false;
    request.url = response.url();  // a middleware may have sent it elsewhere
    const std::string peer = response.peer().text();
    const bool goes_on = follow_redirect(pool.settings(), response.head(), peer, request);
    if (goes_on) ++pool.figures().redirects;
    return goes_on;
}

auto leave(ClientResponse& response, const Outgoing& request) -> Task<void> {
    co_await response.discard();
    request.tell(ClientStep::redirect, {.status = response.status()});
}

auto follow(Pool& pool, const ClientChain& chain, Outgoing& request) -> Task<ClientResponse> {
    for (;;) {
        auto response = co_await chain.send(request);
        if (!is_redirected(pool, response, request)) co_return response;
        co_await leave(response, request);
    }
}

// Within the total time.
auto follow_in_time(Pool& pool, const ClientChain& chain, Outgoing& request) -> Task<ClientResponse> {
    if (request.deadline == Time::max()) co_return co_await follow(pool, chain, request);
    auto response = co_await move_on_at(request.deadline, follow(pool, chain, request));
    if (!response) throw TimeoutError(request.timeout_text());
    co_return std::move(*response);
}

auto follow_traced(Pool& pool, const ClientChain& chain, Outgoing& request) -> Task<ClientResponse> {
    request.tracer = Tracer(pool.traces(), pool.figures().requests);
    request.tell(ClientStep::start);
    try {
        auto response = co_await follow_in_time(pool, chain, request);
        co_return response;
    } catch (...) {
        request.tell(ClientStep::failed, {.error = std::current_exception()});
        throw;
    }
}

}  // namespace

auto perform(std::shared_ptr<Pool> pool, std::unique_ptr<Order> order) -> Task<ClientResponse> {
    ++pool->figures().requests;
    const bool raises = order->raise_for_status.value_or(pool->settings().options().raise_for_status);
    const ClientChain chain(pool, std::move(order->middlewares));
    Outgoing request(pool->settings(), std::move(*order));
    order.reset();
    const bool is_watched = pool->traces() || request.deadline != Time::max();
    if (!is_watched) {
        // Nothing stands around most requests, and they are answered at once.
        auto response = co_await chain.send(request);
        if (!is_redirected(*pool, response, request)) {
            if (raises) response.raise_for_status();
            co_return response;
        }
        co_await leave(response, request);
    }
    auto attempt = pool->traces() ? follow_traced(*pool, chain, request) : follow_in_time(*pool, chain, request);
    auto response = co_await std::move(attempt);
    if (raises) response.raise_for_status();
    co_return response;
}

}  // namespace gyre::http::internal

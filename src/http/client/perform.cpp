#include "perform.hpp"

#include "chain.hpp"
#include "pool.hpp"
#include "redirect.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <optional>
#include <string>
#include <utility>

namespace gyre::http::internal {

namespace {

auto follow(Pool& pool, const ClientChain& chain, Outgoing& request) -> Task<ClientResponse> {
    for (;;) {
        auto response = co_await chain.send(request);
        if (response.status() < 300 || response.status() > 399) co_return response;
        request.url = response.url();  // a middleware may have sent it elsewhere
        const std::string peer = response.peer().text();
        const bool goes_on = follow_redirect(pool.settings(), response.head(), peer, request);
        if (!goes_on) co_return response;
        ++pool.figures().redirects;
        co_await response.discard();
    }
}

}  // namespace

auto perform(std::shared_ptr<Pool> pool, Order order) -> Task<ClientResponse> {
    ++pool->figures().requests;
    const bool raises = order.raise_for_status.value_or(pool->settings().options().raise_for_status);
    const ClientChain chain(pool, std::move(order.middlewares));
    Outgoing request(pool->settings(), std::move(order));
    std::optional<ClientResponse> response;
    if (request.deadline == Time::max()) {
        response = co_await follow(*pool, chain, request);
    } else {
        response = co_await move_on_at(request.deadline, follow(*pool, chain, request));
    }
    if (!response) throw TimeoutError(request.timeout_text());
    if (raises) response->raise_for_status();
    co_return std::move(*response);
}

}  // namespace gyre::http::internal

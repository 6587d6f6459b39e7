#include "perform.hpp"

#include "exchange.hpp"
#include "pool.hpp"
#include "redirect.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace gyre::http::internal {

namespace {

// The body of a redirect is read away so that its connection can serve again, but not at any price.
constexpr std::size_t longest_drain = 64 * 1024;
constexpr Duration longest_drain_time = std::chrono::seconds(1);

auto drain(Exchange& exchange) -> Task<void> {
    std::size_t drained = 0;
    try {
        while (drained <= longest_drain) {
            const auto piece = co_await exchange.read_coded();
            if (piece.empty()) co_return;
            drained += piece.size();
        }
    } catch (const RequestError&) {  // its connection is closed, and the body mattered to nobody
    }
}

auto try_once(const std::shared_ptr<Pool>& pool, const Outgoing& request, const std::string& head, bool allow_reuse)
    -> Task<std::unique_ptr<Exchange>> {
    auto connection = co_await pool->connection(request, !allow_reuse);
    auto exchange = std::make_unique<Exchange>(pool, std::move(connection), request);
    try {
        co_await exchange->run(head, request.body);
        pool->take_cookies(request.url, exchange->head().fields);
    } catch (const RequestError&) {
        // A kept connection that dies at the first use most likely died of old age: one new try cannot do harm twice.
        const bool again = exchange->was_stale() && request.is_idempotent() && pool->settings().options().replay;
        if (!again) throw;
        exchange.reset();
    }
    co_return exchange;
}

auto exchange_once(const std::shared_ptr<Pool>& pool, const Outgoing& request) -> Task<std::unique_ptr<Exchange>> {
    const std::string head = request.head(pool->settings(), pool->cookies_for(request.url));
    auto exchange = co_await try_once(pool, request, head, true);
    if (exchange) co_return exchange;
    ++pool->figures().replays;
    exchange = co_await try_once(pool, request, head, false);
    co_return exchange;
}

auto follow(const std::shared_ptr<Pool>& pool, Outgoing& request) -> Task<ClientResponse> {
    for (;;) {
        if (pool->is_closed()) throw InvalidStateError("http::Client: a request after close()");
        auto exchange = co_await exchange_once(pool, request);
        const bool goes_on = follow_redirect(pool->settings(), exchange->head(), exchange->peer_text(), request);
        if (!goes_on) co_return ClientResponse(std::move(exchange));
        ++pool->figures().redirects;
        auto draining = drain(*exchange);
        static_cast<void>(co_await move_on_after(longest_drain_time, std::move(draining)));
    }
}

}  // namespace

auto perform(std::shared_ptr<Pool> pool, Order order) -> Task<ClientResponse> {
    ++pool->figures().requests;
    Outgoing request(pool->settings(), std::move(order));
    if (request.deadline == Time::max()) co_return co_await follow(pool, request);
    auto response = co_await move_on_at(request.deadline, follow(pool, request));
    if (!response) throw TimeoutError(request.timeout_text());
    co_return std::move(*response);
}

}  // namespace gyre::http::internal

#include "chain.hpp"

#include "exchange.hpp"

#include <gyre/core/errors.hpp>

#include <string>
#include <utility>

namespace gyre::http {

namespace internal {

ClientChain::ClientChain(std::shared_ptr<Pool> pool, Middlewares own)
    : pool_(std::move(pool)), common_(pool_->middlewares()), own_(std::move(own)) {}

auto ClientChain::send(Outgoing& request) const -> Task<ClientResponse> {
    if (pool_->is_closed()) throw InvalidStateError("http::Client: a request after close()");
    const bool is_direct = !common_ && own_.empty() && pool_->settings().options().transport == nullptr;
    if (!is_direct) return send_through(request);
    request.cookies = pool_->cookies_for(request.url);
    return exchange(request);
}

auto ClientChain::send_through(Outgoing& request) const -> Task<ClientResponse> {
    ClientCall call(*pool_, request);
    auto response = co_await step(0, call);
    call.restore();
    co_return response;
}

auto ClientChain::step(std::size_t place, ClientCall& call) const -> Task<ClientResponse> {
    if (place == connections) return exchange(call.request());
    const std::size_t common = common_ ? common_->size() : 0;
    const ClientNext next(*this, place + 1);
    if (place < common) return (*common_)[place](call, next);
    if (place < common + own_.size()) return own_[place - common](call, next);
    return end(call);
}

auto ClientChain::end(ClientCall& call) const -> Task<ClientResponse> {
    if (pool_->is_closed()) throw InvalidStateError("http::Client: a request after close()");
    auto& request = call.request();
    request.check();
    request.cookies = pool_->cookies_for(request.url);
    auto* const transport = pool_->settings().options().transport;
    if (transport == nullptr) return exchange(request);
    return send_over(*transport, call);
}

auto ClientChain::send_over(ClientTransport& transport, ClientCall& call) const -> Task<ClientResponse> {
    auto response = co_await transport.send(call, ClientNext(*this, connections));
    pool_->take_cookies(call.url(), response.fields());
    co_return response;
}

// One frame for all of it: most requests go over a kept connection, and wait for nothing but the answer.
auto ClientChain::exchange(Outgoing& request) const -> Task<ClientResponse> {
    const auto continue_limit = request.continue_limit;
    std::unique_ptr<Exchange> exchange;
    bool is_replay = false;
    while (!exchange) {
        if (request.upload) co_await request.measure();
        auto head = request.head(pool_->settings());
        request.tell(ClientStep::queued);
        ConnectionTurn turn;
        if (request.timeouts.pool > Duration::zero()) {
            turn = co_await pool_->turn_in_time(request);
        } else {
            turn = co_await pool_->turn(request);
        }
        std::unique_ptr<Connection> connection;
        if (!is_replay) connection = pool_->take_quiet(request, turn);
        if (!connection) connection = co_await pool_->connection(request, std::move(turn), is_replay);
        exchange = std::make_unique<Exchange>(pool_, std::move(connection), request);
        try {
            co_await exchange->run(std::move(head), request);
        } catch (const RequestError&) {
            // A kept connection that dies at the first use most likely died of old age: one new try cannot do harm twice.
            const bool again = !is_replay && exchange->was_stale() && request.is_idempotent() &&
                               request.can_be_sent_again() && pool_->settings().options().replay;
            if (!again) throw;
            exchange.reset();
            ++pool_->figures().replays;
            is_replay = true;
            continue;
        }
        constexpr int expectation_failed = 417;
        const bool asks_in_vain = exchange->head().status == expectation_failed && request.continue_limit &&
                                  request.can_be_sent_again();
        if (asks_in_vain) {
            exchange.reset();
            request.continue_limit.reset();
            is_replay = false;
        }
    }
    request.continue_limit = continue_limit;
    pool_->take_cookies(request.url, exchange->head().fields);
    co_return ClientResponse(std::move(exchange));
}

}  // namespace internal

auto ClientNext::operator()(ClientCall& call) const -> Task<ClientResponse> { return chain_->step(place_, call); }

}  // namespace gyre::http

#include <gyre/http/client/client.hpp>

#include "../core/grammar.hpp"
#include "pool.hpp"

#include <gyre/core/random.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace gyre::http {

namespace {

auto open_websocket(ClientRequest request, WebSocketOptions options, WebSocketOffer offer) -> Task<WebSocket> {
    std::array<std::byte, 16> random{};
    fill_random(random);
    offer.key = websocket_key(random);
    offer.deflate = options.deflate;
    request.headers(websocket_request_fields(offer)).follow_redirects(false);
    auto response = co_await std::move(request).send();
    auto parameters = check_websocket_response(response.head(), offer);
    co_return WebSocket(response.take_stream(), WebSocketRole::client, std::move(parameters), options);
}

// The request of a WebSocket is one of HTTP (RFC 6455 3).
auto http_url(std::string url) -> std::string {
    for (const std::string_view scheme : {"ws:", "wss:"}) {
        if (internal::equals_ignoring_case(url.substr(0, scheme.size()), scheme)) return url.replace(0, 2, "http");
    }
    return url;
}

}  // namespace

Client::Client(const ClientOptions& options) : pool_(std::make_shared<internal::Pool>(options)) {}
Client::Client(std::shared_ptr<internal::Pool> pool) noexcept : pool_(std::move(pool)) {}
Client::Client(Client&&) noexcept = default;

auto Client::operator=(Client&& other) noexcept -> Client& {
    std::swap(pool_, other.pool_);
    return *this;
}

Client::~Client() {
    if (pool_) pool_->close();
}

auto Client::request(std::string method, std::string url) -> ClientRequest {
    return {pool_, std::move(method), std::move(url)};
}

auto Client::websocket(std::string url, const WebSocketOptions& options, WebSocketOffer offer) -> Task<WebSocket> {
    return websocket(get(http_url(std::move(url))), options, std::move(offer));
}

auto Client::websocket(ClientRequest request, const WebSocketOptions& options, WebSocketOffer offer) -> Task<WebSocket> {
    return open_websocket(std::move(request), options, std::move(offer));
}

auto Client::events(std::string url, const EventSourceOptions& options) -> EventSource {
    auto make_request = [pool = pool_, url = std::move(url)] { return ClientRequest(pool, "GET", url); };
    return EventSource(std::move(make_request), options);
}

auto Client::use(ClientMiddleware middleware) -> Client& {
    if (!middleware) throw std::invalid_argument("http::Client::use: an empty middleware");
    pool_->use(std::move(middleware));
    return *this;
}

auto Client::trace(ClientTrace trace) -> Client& {
    if (!trace) throw std::invalid_argument("http::Client::trace: an empty function");
    pool_->trace(std::move(trace));
    return *this;
}

auto Client::stats() const noexcept -> ClientStats { return pool_->stats(); }
void Client::close() noexcept { pool_->close(); }

}  // namespace gyre::http

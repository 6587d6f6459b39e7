#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/request_error.hpp>
#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// A request that a mock was sent.
struct MockCall {
    MockCall() = default;

    std::string method;
    std::string url;
    Fields fields;  ///< All that would have been sent, cookies included.
    std::string body;
};

/// Answers a request in place of a server, with `call.respond(...)` or an error.
using MockHandler = std::function<Task<ClientResponse>(ClientCall&)>;

/// What a mock answers to one kind of request: one answer after another, the last one again and again.
class MockRoute {
public:
    MockRoute(std::string method, std::string url);

    /// Adds an answer; what a handler throws, the caller of the request gets. The setters return the route.
    auto respond(int status, std::string body = {}, Fields fields = {}) -> MockRoute&;
    auto respond(MockHandler handler) -> MockRoute&;
    /// Adds a failure: a RequestError of that phase.
    auto fail(RequestPhase phase, std::string reason) -> MockRoute&;

    /// How many requests it was sent.
    [[nodiscard]] auto calls() const noexcept -> std::size_t { return calls_; }

    // For the mock.
    [[nodiscard]] auto matches(const ClientCall& call) const -> bool;
    [[nodiscard]] auto answer(ClientCall& call) -> Task<ClientResponse>;
    [[nodiscard]] auto text() const -> std::string;

private:
    std::string method_;
    std::string url_;
    std::vector<MockHandler> answers_;
    std::size_t calls_ = 0;
};

/// A transport without connections, for tests of what uses a client: `Client client({.transport = &mock})`.
///
/// Redirects, cookies, middlewares, retries and limits of time work as over connections. A request that no route is for is a
/// RequestError, phase `connect`, that says which routes there are. Must outlive the client's requests.
/// Thread: its loop's. Source: httpx.MockTransport, respx.
class MockTransport final : public ClientTransport {
public:
    /// Adds a route; among several that match, the one that was added last.
    /// @param method as sent, or "*" for every one.
    /// @param url    a URL, or a path for every origin; without "?" in it, for every query. With "*" at its end, for all that
    ///               begin so.
    /// @return the route, which lives as long as the mock. Without an answer it gives 200 and an empty body.
    auto on(std::string method, std::string url) -> MockRoute&;

    /// Every request that came, in order.
    [[nodiscard]] auto calls() const noexcept -> const std::vector<MockCall>& { return calls_; }

    /// @throws RequestError if no route is for it; what the route's answer throws; LimitError for a body of more than 64 MiB.
    [[nodiscard]] auto send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> override;

private:
    std::vector<std::unique_ptr<MockRoute>> routes_;
    std::vector<MockCall> calls_;
};

}  // namespace gyre::http

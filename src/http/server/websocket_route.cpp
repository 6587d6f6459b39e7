#include "websocket_route.hpp"

#include "drain.hpp"
#include "server_connection.hpp"

#include <gyre/core/scope.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace gyre::http::internal {

namespace {

/// A route for WebSockets, shared by the connections that it made.
struct WebSocketRoute {
    WebSocketRoute(WebSocketHandler its_handler, const WebSocketOptions& its_options, WebSocketPolicy its_policy)
        : handler(std::move(its_handler)), options(its_options), policy(std::move(its_policy)) {
        policy.deflate = options.deflate;
    }

    WebSocketHandler handler;
    WebSocketOptions options;
    WebSocketPolicy policy;
};

/// How the handler of a socket has ended.
struct Ending {
    Ending() = default;

    bool is_drained = false;
    std::exception_ptr error;
};

auto run_handler(const WebSocketRoute& route, WebSocket& socket, Drain& drain) -> Task<Ending> {
    Ending ending;
    DrainScope scope(drain);
    try {
        const bool is_done = co_await scope.run(route.handler(socket));
        ending.is_drained = !is_done;
    } catch (const WebSocketClosedError&) {  // the client has gone: no news
    } catch (const WebSocketError&) {        // it broke a rule, and was told so
    } catch (...) {
        ending.error = std::current_exception();
    }
    co_return ending;
}

auto use_socket(std::shared_ptr<const WebSocketRoute> route, WebSocketParameters parameters, Drain& drain,
    net::Stream stream) -> Task<void> {
    WebSocket socket(std::move(stream), WebSocketRole::server, std::move(parameters), route->options);
    const auto ending = co_await run_handler(*route, socket, drain);
    if (ending.error) {
        co_await socket.close(close_code::internal_error);
        std::rethrow_exception(ending.error);
    }
    if (ending.is_drained) {
        co_await socket.close(close_code::going_away, "the server stops");
    } else {
        co_await socket.close();
    }
}

auto shake_hands(std::shared_ptr<const WebSocketRoute> route, Request& request) -> Task<Response> {
    auto answer = answer_websocket(request.exchange().head(), route->policy);
    if (answer.status != 101) {
        auto refusal = Response::problem(answer.status, answer.reason);
        for (const auto field : answer.fields) refusal.header(field.name, field.value);
        co_return refusal;
    }
    // Bytes of a body would be read as frames.
    if (!request.exchange().connection().body().is_complete()) {
        co_return Response::problem(400, "a WebSocket handshake has no body");
    }
    Drain& drain = request.exchange().connection().drain();
    auto response = Response::switch_protocols(
        "websocket", [route = std::move(route), parameters = std::move(answer.parameters), &drain](
                         net::Stream stream) { return use_socket(route, parameters, drain, std::move(stream)); });
    response.fields() = std::move(answer.fields);
    co_return response;
}

}  // namespace

auto websocket_endpoint(WebSocketHandler handler, const WebSocketOptions& options, WebSocketPolicy policy) -> Handler {
    return [route = std::make_shared<const WebSocketRoute>(std::move(handler), options, std::move(policy))](
               Request& request) { return shake_hands(route, request); };
}

}  // namespace gyre::http::internal

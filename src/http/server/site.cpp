#include "site.hpp"

#include "served_file.hpp"
#include "server_connection.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/race.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::array<std::string_view, 9> known_methods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"};

// What a path that exists says to a method that it has not; or that there is no such path, or no such method at all.
auto miss(Request& request, const std::string& allow) -> Response {
    if (!allow.empty() && request.method() == "OPTIONS") return Response(204).header("Allow", allow);
    if (!allow.empty()) return Response::problem(405).header("Allow", allow);
    if (request.method() == "OPTIONS" && request.raw_path() == "*") return Response(204);
    const bool is_known = std::find(known_methods.begin(), known_methods.end(), request.method()) != known_methods.end();
    if (!is_known || request.method() == "CONNECT" || request.method() == "TRACE") return Response::problem(501);
    return Response::problem(404);
}

/// What a miss allows, kept with the request for the handler that answers it.
struct Allowed {
    Allowed() = default;
    std::string methods;
};

auto no_route(Request& request) -> Task<Response> { co_return miss(request, request.find<Allowed>()->methods); }

/// Who says 401 must say how to identify oneself (RFC 9110 15.5.2); only the program knows that.
void check_challenge(const Site& site, const Request& request, const Response& response) {
    if (response.status() != 401 || response.fields().contains("WWW-Authenticate")) return;
    if (site.is_told_of_401.exchange(true)) return;
    const InvalidStateError mistake(
        "a response 401 without WWW-Authenticate, which RFC 9110 15.5.2 asks for (HttpError::unauthorized)");
    std::string source(request.method());
    source.append(" ").append(request.route().empty() ? request.raw_path() : request.route());
    this_loop().handle_error({std::make_exception_ptr(mistake), ErrorOrigin::connection, std::move(source)});
}

auto response_of(const HttpError& error) -> Response {
    auto response = Response::problem(error.status(), error.detail());
    for (const auto field : error.fields()) response.header(field.name, field.value);
    return response;
}

/// @throws `error` if there is nobody to answer.
auto response_of_failure(Request& request, std::exception_ptr error) -> Response {
    const auto& body = request.exchange().connection().body();
    if (body.is_cut() || request.exchange().has_started()) std::rethrow_exception(std::move(error));
    if (const auto& refusal = body.refusal()) return Response::problem(refusal->status, refusal->text);
    std::string source(request.method());
    source.append(" ").append(request.exchange().target()).append(" from ").append(request.peer().text());
    this_loop().handle_error({std::move(error), ErrorOrigin::connection, std::move(source)});
    return Response::problem(500);
}

auto head_of(Response& response) -> ResponseHead {
    ResponseHead head;
    head.status = response.status();
    head.fields = std::move(response.fields());
    return head;
}

auto produce(BodyProducer& producer, BodyWriter& writer) -> Task<void> { co_await producer(writer); }

/// Writes the body of a response.
class ResponseSink final : public BodySink {
public:
    explicit ResponseSink(ServerExchange& exchange) noexcept : exchange_(exchange) {}
    auto write(std::string_view piece) -> Task<void> override { return exchange_.write(piece); }
    auto write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> override {
        return exchange_.write_file(file, offset, size);
    }
    auto stopping() noexcept -> gyre::Event* override { return &exchange_.connection().drain().begun(); }

private:
    ServerExchange& exchange_;
};

/// The body of a streamed response, as long as there is somebody to read it.
auto stream(BodyProducer& producer, ServerExchange& exchange) -> Task<void> {
    ResponseSink sink(exchange);
    BodyWriter writer(sink);
    if (exchange.method() != "HEAD") {
        auto producing = produce(producer, writer);
        auto watching = exchange.connection().client_gone();
        const auto first = co_await race(std::move(producing), std::move(watching));
        if (first.index() == 1) co_return exchange.abort();
    }
    co_await exchange.finish(std::move(writer.trailers()));
}

auto send(Response response, ServerExchange& exchange) -> Task<void> {
    auto head = head_of(response);
    if (const auto* bytes = std::get_if<std::string>(&response.body())) {
        co_await exchange.respond(std::move(head), *bytes);
    } else if (auto* producer = std::get_if<BodyProducer>(&response.body())) {
        co_await exchange.start(std::move(head));
        co_await stream(*producer, exchange);
    } else {
        auto& takeover = std::get<Takeover>(response.body());
        co_await exchange.switch_protocols(std::move(head));
        co_await takeover(exchange.take_stream());
    }
}

auto respond(const Site& site, Request& request) -> Task<Response> {
    auto match = site.router.match(request.method(), request.raw_path());
    const Handler* handler = &site.no_route;
    std::size_t scope = 0;
    if (match.route) {
        const auto& route = site.routes[*match.route];
        request.set_route(route.pattern, std::move(match.params));
        handler = &route.handler;
        scope = route.scope;
    } else {
        request.set(Allowed()).methods = std::move(match.allow);
    }
    try {
        auto response = co_await Next(site.chains[scope], *handler)(request);
        if (std::holds_alternative<FileSource>(response.body())) {  // a middleware's own
            response = co_await open_source(request, std::move(response));
        }
        co_return response;
    } catch (const HttpError& error) {  // of a middleware
        co_return response_of(error);
    }
}

}  // namespace

auto call_handler(const Handler& handler, Request& request) -> Task<Response> {
    try {
        auto response = co_await handler(request);
        if (std::holds_alternative<FileSource>(response.body())) {
            response = co_await open_source(request, std::move(response));
        }
        co_return response;
    } catch (const HttpError& error) {
        co_return response_of(error);
    }
}

auto call_next(Next next, Request& request) -> Task<Response> {
    std::exception_ptr error;
    try {
        co_return co_await next(request);
    } catch (const HttpError& failure) {
        co_return response_of(failure);
    } catch (...) {
        error = std::current_exception();
    }
    co_return response_of_failure(request, std::move(error));
}

void Site::check_open() const {
    if (!chains.empty()) throw InvalidStateError("http::App: it is served already, and does not change any more");
}

void Site::add(std::string_view method, std::string pattern, std::size_t scope, Handler handler) {
    check_open();
    router.add(method, pattern, routes.size());
    routes.push_back({std::string(method), std::move(pattern), scope, std::move(handler)});
}

auto Site::add_scope(std::size_t parent, std::string_view prefix) -> std::size_t {
    check_open();
    const bool is_path = prefix.empty() || (prefix.starts_with('/') && !prefix.ends_with('/'));
    if (!is_path || prefix.find_first_of("{}?#") != prefix.npos) {
        throw std::invalid_argument(
            "prefix " + std::string(prefix) + ": it begins with a slash, does not end with one, and has no parameters");
    }
    scopes.push_back({parent, scopes[parent].prefix + std::string(prefix), {}});
    return scopes.size() - 1;
}

void Site::close() {
    if (!chains.empty()) return;
    no_route = internal::no_route;
    chains.reserve(scopes.size());
    for (std::size_t i = 0; i < scopes.size(); ++i) {
        std::vector<Middleware> chain;
        if (i != 0) chain = chains[scopes[i].parent];
        chain.insert(chain.end(), scopes[i].middlewares.begin(), scopes[i].middlewares.end());
        chains.push_back(std::move(chain));
    }
}

auto answer(const Site& site, ServerExchange& exchange) -> Task<void> {
    Request request(exchange);
    auto responding = respond(site, request);
    auto watching = exchange.connection().client_gone();
    auto first = co_await race(std::move(responding), std::move(watching));
    if (first.index() == 1) co_return exchange.abort();
    check_challenge(site, request, std::get<0>(first));
    co_await send(std::get<0>(std::move(first)), exchange);
}

}  // namespace gyre::http::internal

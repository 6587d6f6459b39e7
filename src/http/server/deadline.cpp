#include <gyre/http/server/deadline.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace gyre::http {

namespace {

auto produce_until(BodyProducer producer, Time end, BodyWriter& body) -> Task<void> {
    const bool is_done = co_await move_on_at(end, producer(body));
    if (is_done) co_return;
    throw IoError(
        std::make_error_code(std::errc::timed_out), "stream", "a response", "its deadline has passed: it is cut");
}

auto within(Duration limit, Request& request, Next next) -> Task<Response> {
    const auto now = this_loop().now();
    const auto end = now + std::min<Duration>(limit, Time::max() - now);
    auto response = co_await move_on_at(end, next(request));
    if (!response) co_return Response::problem(503, "the request took longer than the server gives it");
    if (auto* producer = std::get_if<BodyProducer>(&response->body())) {
        *producer = [inner = std::move(*producer), end](BodyWriter& body) { return produce_until(inner, end, body); };
    }
    co_return std::move(*response);
}

}  // namespace

auto deadline(AnyDuration limit) -> Middleware {
    if (limit <= Duration::zero()) throw std::invalid_argument("http::deadline: no time at all");
    return [limit = Duration(limit)](Request& request, Next next) { return within(limit, request, next); };
}

}  // namespace gyre::http

#include <gyre/http/server/problem_errors.hpp>

#include "site.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/http/core/errors.hpp>

#include <exception>
#include <string>
#include <utility>

namespace gyre::http {

namespace {

auto with_problems(Request& request, Next next) -> Task<Response> {
    std::exception_ptr error;
    try {
        auto response = co_await internal::call_next(next, request);
        co_return response;
    } catch (const ProtocolError&) {
        throw;  // what the client did wrong has its own answer
    } catch (const IoError&) {
        throw;  // the client has gone
    } catch (...) {
        error = std::current_exception();
    }
    std::string source(request.method());
    source.append(" ").append(request.exchange().target()).append(" from ").append(request.peer().text());
    this_loop().handle_error({std::move(error), ErrorOrigin::connection, std::move(source)});
    co_return Response::problem(500);
}

}  // namespace

auto problem_errors() -> Middleware {
    return [](Request& request, Next next) { return with_problems(request, next); };
}

}  // namespace gyre::http

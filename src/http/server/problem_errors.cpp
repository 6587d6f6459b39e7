#include <gyre/http/server/problem_errors.hpp>

#include "site.hpp"

namespace gyre::http {

auto problem_errors() -> Middleware {
    return [](Request& request, Next next) { return internal::call_next(next, request); };
}

}  // namespace gyre::http

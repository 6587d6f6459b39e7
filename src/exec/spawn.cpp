#include <gyre/exec/spawn.hpp>

#include <gyre/core/errors.hpp>

namespace gyre::internal {

auto require_executor(Executor* executor) -> Executor& {
    if (executor == nullptr) {
        throw InvalidStateError(
            "spawn: an ordinary function needs an executor to run on: spawn(function, {.executor = &pool})");
    }
    return *executor;
}

}  // namespace gyre::internal

#pragma once

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/on.hpp>
#include <gyre/core/sleep.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

namespace internal {

template<class W>
auto call_on(EventLoop& loop, W work) -> Task<Outcome<WorkResult<W>>> {
    auto call = OnAwaiter<W>(loop, std::move(work), std::source_location::current());
    co_return co_await as_outcome(std::move(call));
}

}  // namespace internal

/// Calls `function` on each loop of this run at once, a copy on each, and waits for all.
///
/// @return what they gave, in the order of `loops()`; nothing for work without a value. @throws the first error in that
/// order, when all have ended; the others go on meanwhile. On cancel: all are cancelled and waited for.
template<class F>
    requires Work<F> && std::copy_constructible<std::decay_t<F>>
[[nodiscard]] auto for_each_loop(F function) -> Task<std::conditional_t<std::is_void_v<internal::WorkResult<F>>, void,
    std::vector<internal::Regular<internal::WorkResult<F>>>>> {
    using T = internal::WorkResult<F>;
    std::vector<Task<Outcome<T>>> calls;
    for (EventLoop& loop : loops()) calls.push_back(internal::call_on<F>(loop, function));
    auto outcomes = co_await gather(std::move(calls));
    for (const auto& outcome : outcomes) {
        if (outcome.is_cancelled()) co_await yield_now();  // with its caller, if that was cancelled: it ends here
    }
    if constexpr (std::is_void_v<T>) {
        for (auto& outcome : outcomes) outcome.value();
    } else {
        std::vector<internal::Regular<T>> values;
        values.reserve(outcomes.size());
        for (auto& outcome : outcomes) {
            if constexpr (std::is_reference_v<T>) {
                values.push_back(&std::move(outcome).value());
            } else {
                values.push_back(std::move(outcome).value());
            }
        }
        co_return values;
    }
}

}  // namespace gyre

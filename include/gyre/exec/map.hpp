#pragma once

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/task.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/exec/job_handle.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

class Executor;

/// How `map` cuts its work.
struct MapOptions {
    std::size_t chunk_size = 1;  ///< So many inputs make one job; larger for calls that take less than some microseconds.
    std::size_t look_ahead = 0;  ///< So many jobs are under way at once; 0: four for each thread.
};

namespace internal {

/// What the jobs of one `map` share.
template<class F, class Inputs>
struct MapState {
    MapState(F f, Inputs i) : function(std::move(f)), inputs(std::move(i)) {}
    const F function;
    const Inputs inputs;
};

template<class F, class Inputs>
using MapResult = std::invoke_result_t<const F&, std::ranges::range_reference_t<const Inputs>>;

/// The calls for one chunk of the inputs.
template<class F, class Inputs>
class MapChunk {
public:
    using State = MapState<F, Inputs>;
    using Iterator = std::ranges::iterator_t<const Inputs>;
    using Result = MapResult<F, Inputs>;
    using Results = std::vector<Regular<Result>>;

    MapChunk(std::shared_ptr<const State> state, Iterator begin, Iterator end)
        : state_(std::move(state)), begin_(begin), end_(end) {}

    auto operator()() -> Results {
        Results results;
        for (auto input = begin_; input != end_; ++input) {
            if constexpr (std::is_void_v<Result>) {
                std::invoke(state_->function, *input);
            } else {
                results.push_back(std::invoke(state_->function, *input));
            }
        }
        return results;
    }

private:
    std::shared_ptr<const State> state_;
    Iterator begin_;
    Iterator end_;
};

/// The chunks of one `map` that are under way, in order.
template<class Results>
using MapWindow = std::deque<JobHandle<Results>>;

/// Cancels what has not begun and waits for what runs: it may use what belongs to the caller.
template<class Results>
auto end_window(MapWindow<Results>& window) -> Task<> {
    for (auto& job : window) static_cast<void>(job.cancel());
    while (!window.empty()) {
        auto job = std::move(window.front());
        window.pop_front();
        const auto outcome = co_await as_outcome(std::move(job));
        static_cast<void>(outcome);
    }
}

template<class E, class Chunk, class State>
auto map_window(E& executor, MapOptions options, std::shared_ptr<const State> state,
    MapWindow<typename Chunk::Results>& window) -> Task<typename Chunk::Results> {
    const std::size_t look_ahead = options.look_ahead != 0 ? options.look_ahead
                                                           : std::max<std::size_t>(1, 4 * executor.concurrency());
    const auto chunk = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, options.chunk_size));
    typename Chunk::Results all;
    auto next = std::ranges::begin(state->inputs);
    const auto end = std::ranges::next(next, std::ranges::end(state->inputs));
    while (next != end || !window.empty()) {
        while (next != end && window.size() < look_ahead) {
            const auto begin = next;
            std::ranges::advance(next, chunk, end);
            window.push_back(executor.submit(Chunk(state, begin, next)));
        }
        auto job = std::move(window.front());
        window.pop_front();
        auto some = co_await std::move(job);
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    co_return all;
}

template<class E, class F, class Inputs>
auto map_on(E& executor, F function, Inputs inputs, MapOptions options)
    -> Task<std::conditional_t<std::is_void_v<MapResult<F, Inputs>>, void, std::vector<Regular<MapResult<F, Inputs>>>>> {
    using Chunk = MapChunk<F, Inputs>;
    using State = MapState<F, Inputs>;
    static_assert(!std::is_reference_v<MapResult<F, Inputs>>, "map: the function must give values, not references");
    auto state = std::make_shared<const State>(std::move(function), std::move(inputs));
    MapWindow<typename Chunk::Results> window;
    auto results = co_await try_finally([&] { return map_window<E, Chunk, State>(executor, options, state, window); },
        [&] { return end_window(window); });
    if constexpr (!std::is_void_v<MapResult<F, Inputs>>) co_return results;
}

}  // namespace internal
}  // namespace gyre

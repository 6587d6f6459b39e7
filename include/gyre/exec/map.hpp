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

/// What `map` gives for a function with this result.
template<class Result>
using MapAll = std::conditional_t<std::is_void_v<Result>, void, std::vector<Regular<Result>>>;

[[nodiscard]] inline auto look_ahead_of(const MapOptions& options, std::size_t threads) noexcept -> std::size_t {
    return options.look_ahead != 0 ? options.look_ahead : std::max<std::size_t>(1, 4 * threads);
}

/// Submits the inputs in chunks, a window at a time, and collects the results in order. The references must outlive it.
template<class Results, class Inputs, class SubmitChunk>
auto map_window(const Inputs& inputs, std::size_t look_ahead, std::size_t chunk_size, const SubmitChunk& submit_chunk,
    MapWindow<Results>& window) -> Task<Results> {
    const auto chunk = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, chunk_size));
    Results all;
    auto next = std::ranges::begin(inputs);
    const auto end = std::ranges::next(next, std::ranges::end(inputs));
    while (next != end || !window.empty()) {
        while (next != end && window.size() < look_ahead) {
            const auto begin = next;
            std::ranges::advance(next, chunk, end);
            window.push_back(submit_chunk(begin, next));
        }
        auto job = std::move(window.front());
        window.pop_front();
        auto some = co_await std::move(job);
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    co_return all;
}

template<class E, class F, class Inputs>
auto map_on(E& executor, F function, Inputs inputs, MapOptions options) -> Task<MapAll<MapResult<F, Inputs>>> {
    using Chunk = MapChunk<F, Inputs>;
    using Results = typename Chunk::Results;
    static_assert(!std::is_reference_v<MapResult<F, Inputs>>, "map: the function must give values, not references");
    const auto state = std::make_shared<const MapState<F, Inputs>>(std::move(function), std::move(inputs));
    const auto submit_chunk = [&](auto begin, auto end) { return executor.submit(Chunk(state, begin, end)); };
    MapWindow<Results> window;
    auto results = co_await try_finally(
        [&] {
            return map_window<Results>(state->inputs, look_ahead_of(options, executor.concurrency()),
                options.chunk_size, submit_chunk, window);
        },
        [&] { return end_window(window); });
    if constexpr (!std::is_void_v<MapResult<F, Inputs>>) co_return results;
}

}  // namespace internal
}  // namespace gyre

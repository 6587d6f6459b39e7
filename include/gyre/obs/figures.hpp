#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/core/cancel_cause.hpp>
#include <gyre/core/histogram.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::obs {

/// Something that a loop measures of itself.
struct NamedHistogram {
    std::string_view name;  ///< "turn"; static text.
    Histogram histogram;
};

/// The numbers of a loop: cheap to take however many tasks it has.
struct LoopFigures {
    std::size_t loop = 0;  ///< Which of its run.
    std::string_view backend;
    Timing timing = Timing::off;  ///< How exactly it measures.
    std::size_t task_count = 0;
    std::size_t ready = 0;  ///< Entries of the ready queue.
    std::size_t timers = 0;
    std::size_t in_flight = 0;               ///< Operations that the backend has.
    std::size_t unreceived_errors = 0;       ///< That nobody received, since the loop was made.
    std::uint64_t turns = 0;                 ///< Since the loop was made; so are the next one, and `cancelled`.
    std::uint64_t slices = 0;                ///< Slices of tasks, and callbacks.
    CancelCounts cancelled{};                ///< What was cancelled and has ended, by kind.
    std::vector<NamedHistogram> histograms;  ///< Empty if the loop does not measure.
    bool is_read = true;                     ///< False: nothing could be read, and the numbers are none.
    std::optional<Duration> blocked_for;  ///< Of a loop that was asked from outside and did not answer: how long its turn lasts.
};

/// The numbers of `loop` now. @throws LoopError if it runs on another thread. Thread: the loop's.
[[nodiscard]] auto figures(EventLoop& loop) -> LoopFigures;

/// Writes numbers of loops for Prometheus: counts, and the histograms with buckets at powers of four from a microsecond on.
/// Source: the Prometheus text format 0.0.4.
void write_metrics(std::ostream& out, std::span<const LoopFigures> all);

/// The text of `write_metrics` for all loops of this run: what a route "/metrics" answers. A loop that does not answer within
/// 100 ms is not waited for: it is said to be blocked, and has no numbers.
/// @throws LoopError if no loop runs on this thread. On cancel: nothing has changed.
[[nodiscard]] auto metrics_text() -> Task<std::string>;

}  // namespace gyre::obs

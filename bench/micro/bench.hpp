#pragma once

#include <functional>
#include <string_view>
#include <vector>

/// What the micro benchmarks share: a work is measured in many short rounds, those of gyre and of the hand-written limit in
/// turn, and the best of each counts. A round is about a millisecond, so that some rounds pass undisturbed on a busy machine.
namespace bench {

/// One row of the table.
struct Work {
    std::string_view name;
    std::string_view what;
    double goal = 0;                       ///< At most; 0: none is set.
    std::string_view unit = "ns";          ///< Of what the functions below give.
    int count = 0;                         ///< How many things a round does when nobody says otherwise.
    std::function<double(int)> gyre = {};  ///< One round with so many things; the figure for each of them.
    std::function<double(int)> limit =
        {};            ///< The same by hand, without error handling, fairness or cancellation; may be empty.
    int rounds = 100;  ///< 1: a second round in the same process would find what the first one left.
};

/// The processor time of this process, in nanoseconds: what others take from the machine does not count.
[[nodiscard]] auto cpu_now() -> double;
/// The time on the wall, in nanoseconds.
[[nodiscard]] auto wall_now() -> double;

// Each file gives its rows.
[[nodiscard]] auto task_works() -> std::vector<Work>;
[[nodiscard]] auto cancel_works() -> std::vector<Work>;
[[nodiscard]] auto callback_works() -> std::vector<Work>;
[[nodiscard]] auto timer_works() -> std::vector<Work>;
[[nodiscard]] auto shared_works() -> std::vector<Work>;
[[nodiscard]] auto seeing_works() -> std::vector<Work>;

}  // namespace bench

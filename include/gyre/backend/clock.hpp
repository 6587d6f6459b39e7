#pragma once

#include <chrono>

namespace gyre {

/// The monotonic clock of a loop: real on the kernel backends, virtual in simulation.
///
/// It has no static `now()`: time is asked of a loop (`this_loop().now()`), so that a test can replace it.
struct Clock {
    using rep = std::chrono::nanoseconds::rep;
    using period = std::chrono::nanoseconds::period;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<Clock>;
    static constexpr bool is_steady = true;
};

/// A point in time of a loop's clock. Points of different loops of one process compare; zero is arbitrary.
using Time = Clock::time_point;

/// A length of time, in nanoseconds.
using Duration = Clock::duration;

}  // namespace gyre

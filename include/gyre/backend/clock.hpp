#pragma once

#include <chrono>
#include <concepts>
#include <ratio>
#include <stdexcept>

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

/// The type of parameters and options for lengths of time: takes every duration of std::chrono, also `0.5s` and other
/// floating point ones, whose part below a nanosecond is dropped.
///
/// What a Duration cannot hold, more than 292 years, becomes the longest or shortest there is, `Duration::max()` or `min()`.
class AnyDuration : public Duration {
public:
    constexpr AnyDuration() noexcept = default;
    constexpr AnyDuration(Duration length) noexcept : Duration(length) {}
    /// @throws std::invalid_argument for a floating point duration that is not a number.
    template<class Rep, class Period>
    constexpr AnyDuration(std::chrono::duration<Rep, Period> length) noexcept(std::integral<Rep>)
        : Duration(saturated(length)) {}

private:
    template<class Rep, class Period>
    static constexpr auto saturated(std::chrono::duration<Rep, Period> length) -> Duration {
        using Factor = std::ratio_divide<Period, Duration::period>;
        if constexpr (std::integral<Rep> && Factor::den == 1) {
            Duration::rep count = 0;
            const bool overflows = __builtin_mul_overflow(length.count(), Factor::num, &count);
            return !overflows ? Duration(count) : length.count() > 0 ? max() : min();
        } else {
            const auto count = static_cast<long double>(length.count()) * Factor::num / Factor::den;
            if (count >= static_cast<long double>(max().count())) return max();
            if (count <= static_cast<long double>(min().count())) return min();
            if (__builtin_isnan(count)) throw std::invalid_argument("a duration is not a number (NaN)");
            return Duration(static_cast<rep>(count));
        }
    }
};

/// The point in time `length` after `start`. More than a Time can hold is `Time::max()` (or `min()`), so that a deadline too
/// far away is one that never comes.
template<class Rep, class Period>
[[nodiscard]] constexpr auto operator+(const Time& start, const std::chrono::duration<Rep, Period>& length) -> Time {
    const AnyDuration added(length);
    Duration::rep sum = 0;
    const bool overflows = __builtin_add_overflow(start.time_since_epoch().count(), added.count(), &sum);
    return !overflows ? Time(Duration(sum)) : added.count() > 0 ? Time::max() : Time::min();
}
template<class Rep, class Period>
[[nodiscard]] constexpr auto operator+(const std::chrono::duration<Rep, Period>& length, const Time& start) -> Time {
    return start + length;
}
/// The point in time `length` before `start`, within what a Time can hold.
template<class Rep, class Period>
[[nodiscard]] constexpr auto operator-(const Time& start, const std::chrono::duration<Rep, Period>& length) -> Time {
    const AnyDuration taken(length);
    Duration::rep difference = 0;
    const bool overflows = __builtin_sub_overflow(start.time_since_epoch().count(), taken.count(), &difference);
    return !overflows ? Time(Duration(difference)) : taken.count() < 0 ? Time::max() : Time::min();
}

}  // namespace gyre

#include "http/wall_clock.hpp"

#include <gyre/http/core/date.hpp>

#include <time.h>

namespace gyre::http::internal {

WallClock::WallClock(EventLoop& loop) : loop_(loop), is_simulated_(loop.backend_name() == "sim") {}

auto WallClock::now() const -> std::chrono::sys_seconds {
    using namespace std::chrono;
    return is_simulated_ ? sys_seconds(floor<seconds>(loop_.now().time_since_epoch()))
                         : floor<seconds>(system_clock::now());  // seam: a simulation counts from 1970
}

/// Some milliseconds late, for a fraction of the price; a response has a date, and seconds are all that it tells.
auto WallClock::now_coarse() const -> std::chrono::sys_seconds {
    timespec time{};
    if (is_simulated_ || clock_gettime(CLOCK_REALTIME_COARSE, &time) != 0) return now();  // seam: as in `now`
    return std::chrono::sys_seconds(std::chrono::seconds(time.tv_sec));
}

auto WallClock::date() -> std::string_view {
    const auto time = now_coarse();
    const auto second = time.time_since_epoch().count();
    if (second != second_) {
        text_ = format_http_date(time);
        second_ = second;
    }
    return text_;
}

}  // namespace gyre::http::internal

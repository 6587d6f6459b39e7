#include "wall_clock.hpp"

#include <gyre/http/core/date.hpp>

#include <chrono>

namespace gyre::http::internal {

WallClock::WallClock(EventLoop& loop) : loop_(loop), is_simulated_(loop.backend_name() == "sim") {}

auto WallClock::date() -> std::string_view {
    using namespace std::chrono;
    const auto now = is_simulated_ ? sys_seconds(floor<seconds>(loop_.now().time_since_epoch()))
                                   : floor<seconds>(system_clock::now());  // seam: a simulation counts from 1970
    const auto second = now.time_since_epoch().count();
    if (second != second_) {
        text_ = format_http_date(now);
        second_ = second;
    }
    return text_;
}

}  // namespace gyre::http::internal

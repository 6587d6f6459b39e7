#include "http/wall_clock.hpp"

#include <gyre/http/core/date.hpp>

namespace gyre::http::internal {

WallClock::WallClock(EventLoop& loop) : loop_(loop), is_simulated_(loop.backend_name() == "sim") {}

auto WallClock::now() const -> std::chrono::sys_seconds {
    using namespace std::chrono;
    return is_simulated_ ? sys_seconds(floor<seconds>(loop_.now().time_since_epoch()))
                         : floor<seconds>(system_clock::now());  // seam: a simulation counts from 1970
}

auto WallClock::date() -> std::string_view {
    const auto time = now();
    const auto second = time.time_since_epoch().count();
    if (second != second_) {
        text_ = format_http_date(time);
        second_ = second;
    }
    return text_;
}

}  // namespace gyre::http::internal

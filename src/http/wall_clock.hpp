#pragma once

#include <gyre/core/loop.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// The Date field's value, written once a second. One for each loop: `loop.local<WallClock>()`.
class WallClock {
public:
    explicit WallClock(EventLoop& loop);

    /// The time now: of the system, and in a simulation the loop's, counted from 1970.
    [[nodiscard]] auto now() const -> std::chrono::sys_seconds;

    /// The date now. Lives until the next call.
    [[nodiscard]] auto date() -> std::string_view;

private:
    [[nodiscard]] auto now_coarse() const -> std::chrono::sys_seconds;

    EventLoop& loop_;
    bool is_simulated_;
    std::int64_t second_ = -1;
    std::string text_;
};

}  // namespace gyre::http::internal

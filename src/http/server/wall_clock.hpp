#pragma once

#include <gyre/core/loop.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// The Date field's value, written once a second. One for each loop: `loop.local<WallClock>()`.
class WallClock {
public:
    explicit WallClock(EventLoop& loop);

    /// The date now. Lives until the next call.
    [[nodiscard]] auto date() -> std::string_view;

private:
    EventLoop& loop_;
    bool is_simulated_;
    std::int64_t second_ = -1;
    std::string text_;
};

}  // namespace gyre::http::internal

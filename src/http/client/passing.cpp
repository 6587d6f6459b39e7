#include "passing.hpp"

#include <gyre/core/random.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gyre::http::internal {

auto is_for_the_moment(int status) noexcept -> bool {
    constexpr std::array<int, 6> statuses = {408, 429, 500, 502, 503, 504};
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

auto chance() -> double {
    std::array<std::byte, 4> bytes{};
    fill_random(bytes);
    std::uint32_t number = 0;
    for (const auto byte : bytes) number = number << 8 | std::to_integer<std::uint32_t>(byte);
    return static_cast<double>(number) / 4294967296.0;
}

auto some_of(Duration wait) -> Duration {
    const std::chrono::duration<double> some = std::chrono::duration<double>(wait) * (0.5 + chance() / 2);
    return std::chrono::duration_cast<Duration>(some);
}

}  // namespace gyre::http::internal

#include "passing.hpp"

#include <gyre/core/random.hpp>
#include <gyre/net/egress_policy.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace gyre::http::internal {

auto is_for_the_moment(int status) noexcept -> bool {
    constexpr std::array<int, 6> statuses = {408, 429, 500, 502, 503, 504};
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

auto is_forbidden(const RequestError& error) -> bool {
    if (!error.cause()) return false;
    try {
        std::rethrow_exception(error.cause());
    } catch (const net::EgressError&) {
        return true;
    } catch (...) {
        return false;
    }
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

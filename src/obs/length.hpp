#pragma once

#include <gyre/backend/clock.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gyre::obs {

/// "250ms", "10s" or "5m", from 1 ms to a day; nothing for everything else.
[[nodiscard]] inline auto read_length(std::string_view text) -> std::optional<Duration> {
    constexpr Duration longest = std::chrono::hours(24);
    constexpr std::int64_t most = 86'400'000;  // of the smallest unit
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number <= 0 || number > most) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    Duration length{};
    if (unit == "ms") length = std::chrono::milliseconds(number);
    if (unit == "s") length = std::chrono::seconds(number);
    if (unit == "m") length = std::chrono::minutes(number);
    if (length <= Duration::zero() || length > longest) return std::nullopt;
    return length;
}

}  // namespace gyre::obs

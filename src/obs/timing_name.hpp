#pragma once

#include <gyre/core/task_clock.hpp>

#include <optional>
#include <string_view>

namespace gyre::obs {

/// "off", "sampled", "exact"
[[nodiscard]] inline auto timing_name(Timing timing) noexcept -> std::string_view {
    static constexpr std::string_view names[] = {"off", "sampled", "exact"};
    return names[static_cast<std::size_t>(timing)];
}

/// The level of that name, if there is one.
[[nodiscard]] inline auto timing_named(std::string_view name) noexcept -> std::optional<Timing> {
    for (const Timing timing : {Timing::off, Timing::sampled, Timing::exact}) {
        if (timing_name(timing) == name) return timing;
    }
    return std::nullopt;
}

}  // namespace gyre::obs

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gyre::internal {

[[noreturn]] void throw_negative_count(
    std::string_view kind, std::string_view name, std::string_view what, std::size_t count);

/// `count`, unless it is a negative number that became an unsigned one.
/// @throws std::invalid_argument: "semaphore 'slots': the number of permits is negative: -1"
[[nodiscard]] inline auto require_count(
    std::string_view kind, std::string_view name, std::string_view what, std::size_t count) -> std::size_t {
    if (count > static_cast<std::size_t>(PTRDIFF_MAX)) [[unlikely]] {
        throw_negative_count(kind, name, what, count);
    }
    return count;
}

}  // namespace gyre::internal

#pragma once

#include <gyre/backend/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace gyre::backend {

/// How moving bytes over a channel ended.
enum class Moved : std::uint8_t {
    all,
    closed,     ///< The other process has closed its end, or died.
    timed_out,  ///< The deadline passed in between.
};

/// Two connected ends for two processes, close-on-exec. Source: socketpair(2). @return 0 or a negative errno.
[[nodiscard]] auto open_channel(int& here, int& there) noexcept -> int;

/// Marks an end that was inherited as close-on-exec. @return false if it is no socket.
[[nodiscard]] auto adopt_channel(int descriptor) noexcept -> bool;

/// Moves all bytes, and blocks the thread meanwhile. @param limit counts from now; `Duration::max()`: none.
[[nodiscard]] auto send_all(int descriptor, std::span<const std::byte> bytes, Duration limit) noexcept -> Moved;
[[nodiscard]] auto receive_all(int descriptor, std::span<std::byte> bytes, Duration limit) noexcept -> Moved;

/// Whether the other end is open and has sent nothing.
[[nodiscard]] auto is_quiet(int descriptor) noexcept -> bool;

void close_channel(int descriptor) noexcept;

/// The number of the process that started this one.
[[nodiscard]] auto parent_number() noexcept -> int;

}  // namespace gyre::backend

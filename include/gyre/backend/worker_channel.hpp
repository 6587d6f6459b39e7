#pragma once

#include <gyre/backend/clock.hpp>

#include <chrono>
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

/// An end of a channel. Its owner closes both.
struct ChannelEnd {
    int descriptor = -1;
    /// A pidfd of the process at the other end; -1: only the channel tells of its end. Then a child that it left behind keeps
    /// the channel open.
    int process = -1;
};

/// A point in time after which nothing is waited for any more.
class ChannelDeadline {
public:
    /// @param limit counts from now; a year and more: none.
    explicit ChannelDeadline(Duration limit) noexcept;
    /// What poll(2) takes; rounded up, so that it does not spin.
    [[nodiscard]] auto milliseconds() const noexcept -> int;

private:
    bool limited_;
    std::chrono::steady_clock::time_point at_{};
};

/// Two connected ends for two processes, close-on-exec. Source: socketpair(2). @return 0 or a negative errno.
[[nodiscard]] auto open_channel(int& here, int& there) noexcept -> int;

/// Marks an end that was inherited as close-on-exec. @return false if it is no socket.
[[nodiscard]] auto adopt_channel(int descriptor) noexcept -> bool;

/// Moves all bytes, and blocks the thread meanwhile.
[[nodiscard]] auto send_all(
    const ChannelEnd& end, std::span<const std::byte> bytes, const ChannelDeadline& deadline) noexcept -> Moved;
[[nodiscard]] auto receive_all(
    const ChannelEnd& end, std::span<std::byte> bytes, const ChannelDeadline& deadline) noexcept -> Moved;

/// Whether the other end is open, its process runs, and it has sent nothing.
[[nodiscard]] auto is_quiet(const ChannelEnd& end) noexcept -> bool;

void close_channel(int descriptor) noexcept;

/// The number of the process that started this one.
[[nodiscard]] auto parent_number() noexcept -> int;

}  // namespace gyre::backend

#pragma once

#include <cstddef>
#include <cstdint>

namespace gyre {

/// What a channel has seen and holds.
struct ChannelStatistics {
    std::size_t buffered = 0;           ///< Items inside now.
    std::size_t peak_buffered = 0;      ///< The most there ever were.
    std::size_t capacity = 0;           ///< 0: rendezvous; `gyre::unbounded`: no limit.
    std::size_t open_senders = 0;       ///< Sending ends, clones included.
    std::size_t open_receivers = 0;     ///< Receiving ends, clones included.
    std::size_t waiting_senders = 0;    ///< Tasks that wait in `send`.
    std::size_t waiting_receivers = 0;  ///< Tasks that wait in `receive`.
    std::uint64_t sent_count = 0;       ///< Items sent since the beginning.
    std::uint64_t received_count = 0;   ///< Items that somebody received.
};

}  // namespace gyre

#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gyre::http::internal {

/// A stream whose peer may be slow, silent or hostile: no wait on it is without an end. It knows whether it still works.
class GuardedStream {
public:
    /// How a wait for bytes ended.
    enum class Fill : std::uint8_t { bytes, end, late };

    /// What is read ahead at most, and what the peer must take within the time limit of a write.
    static constexpr std::size_t piece_bytes = 16 * 1024;

    GuardedStream(net::Stream stream, Duration write_timeout) noexcept
        : stream_(std::move(stream)), write_timeout_(write_timeout) {}

    [[nodiscard]] auto buffered() const noexcept -> std::span<const char> { return stream_.buffered(); }
    void consume(std::size_t count) noexcept { stream_.consume(count); }

    /// Waits for more bytes behind the buffered ones. @throws IoError. On cancel: nothing is lost.
    [[nodiscard]] auto fill(Time deadline) -> Task<Fill>;
    /// Sends all of it. @throws IoError, `timed_out` if the peer does not take it; the stream is broken then.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;

    /// Says that there will be no more, drops what still comes, within bounds, and closes.
    [[nodiscard]] auto linger(Duration limit, std::size_t limit_bytes) -> Task<void>;
    /// Closes a stream on which everything has been said. Never throws.
    [[nodiscard]] auto close() -> Task<void>;
    void abort() noexcept;

    [[nodiscard]] auto peer_address() const -> net::Address { return stream_.peer_address(); }

    /// Nothing more can be said here: the peer has gone or was dropped, or a write was left in the middle.
    [[nodiscard]] auto is_broken() const noexcept -> bool { return is_broken_ || is_writing_; }

    /// Gives the stream away. This one is broken then.
    [[nodiscard]] auto release() noexcept -> net::Stream;

private:
    [[nodiscard]] auto discard(std::size_t limit_bytes) -> Task<bool>;
    void check(const char* operation) const;

    net::Stream stream_;
    Duration write_timeout_;
    bool is_broken_ = false;
    bool is_writing_ = false;  ///< Stays when a write is cancelled or fails.
};

}  // namespace gyre::http::internal

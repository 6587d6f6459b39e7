#pragma once

#include "http/write_watch.hpp"
#include "pace.hpp"

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/sync/event.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// A stream whose peer may be slow, silent or hostile: no wait on it is without an end. It knows whether it still works.
class GuardedStream {
public:
    /// How a wait for bytes ended.
    enum class Fill : std::uint8_t {
        bytes,
        end,
        late,
        slow,  ///< The peer takes its time: nothing yet, and the next wait will hold no memory.
    };

    /// What is read ahead at most, and what the peer must take within the time limit of a write.
    static constexpr std::size_t piece_bytes = 16 * 1024;

    /// A peer that is silent for that long is slow. Shorter pauses are part of work.
    static constexpr Duration slow_after = std::chrono::seconds(1);

    GuardedStream(net::Stream stream, const Pace& write_pace) noexcept
        : stream_(std::move(stream)), write_pace_(write_pace) {}
    GuardedStream(const GuardedStream&) = delete;
    auto operator=(const GuardedStream&) -> GuardedStream& = delete;
    ~GuardedStream();

    [[nodiscard]] auto buffered() const noexcept -> std::span<const char> { return stream_.buffered(); }
    void consume(std::size_t count) {
        stream_.consume(count);
        is_lent_ = false;
        if (watch_ != nullptr) look_again();
    }
    /// Somebody uses bytes of `buffered()` until the next `consume`: they stay where they are.
    void lend() noexcept { is_lent_ = true; }
    /// How many bytes have come in all.
    [[nodiscard]] auto received() const noexcept -> std::uint64_t { return received_; }

    /// Waits for more bytes behind the buffered ones. @throws IoError. On cancel: nothing is lost.
    /// @param now the time, which the caller has looked at anyway. @param scope that ends the wait like the deadline; or null.
    [[nodiscard]] auto fill(Time now, Time deadline, CancelScope* scope = nullptr) -> Task<Fill>;
    /// When the last wait of a `fill` ended.
    [[nodiscard]] auto filled_at() const noexcept -> Time { return filled_at_; }
    /// Whether a `fill` waits with a buffer at hand, as it does where the next bytes are likely to come soon.
    [[nodiscard]] auto is_quick() const noexcept -> bool { return is_quick_; }
    /// A pause of the peer is as likely as not.
    void expect_pause() noexcept { is_quick_ = false; }
    /// Gives back what is kept for the next answer to be kept back.
    void trim() noexcept {
        if (held_.empty()) std::string().swap(held_);
    }
    /// Waits for the end of the stream while nobody else fills: for that it reads ahead, until `limit` bytes are buffered.
    /// Steps aside for a `fill`. Never throws. On cancel: nothing is lost.
    [[nodiscard]] auto wait_for_end(std::size_t limit) -> Task<void>;
    /// Another response: what the peer took of earlier ones does not count for it.
    void begin_response() noexcept {
        written_ = 0;
        waited_ = {};
    }
    /// Keeps bytes back until the next ones, the next wait for the peer, or the loop's next turn: answers to requests that
    /// came together go together. @throws IoError if the stream is broken.
    void hold(std::string_view data);
    /// Whether `size` more bytes may be kept back.
    /// Not where nothing goes without waiting, as with TLS: it would be kept back for longer than a turn.
    [[nodiscard]] auto can_hold(std::size_t size) const noexcept -> bool {
        return goes_now_ && held_.size() + size <= piece_bytes;
    }
    /// Sends what is kept back.
    [[nodiscard]] auto flush() -> Task<void> { return write({}); }
    [[nodiscard]] auto holds() const noexcept -> bool { return !held_.empty(); }
    /// Sends what is kept back, as far as it goes without waiting. Never throws.
    void flush_now() noexcept;

    /// Sends what goes without waiting. @return the rest, for `write`. @throws IoError; the stream is broken then.
    [[nodiscard]] auto write_now(std::string_view data) -> std::string_view;
    /// Sends all of it. @throws IoError, `timed_out` if the peer does not take it; the stream is broken then.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;

    /// Sends bytes of a file that the peer takes. @return as `Stream::send_file`. @throws as `write`.
    [[nodiscard]] auto send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t>;

    /// Says that there will be no more, drops what still comes, within bounds, and closes.
    [[nodiscard]] auto linger(Duration limit, std::size_t limit_bytes) -> Task<void>;
    /// Closes a stream on which everything has been said. Never throws.
    [[nodiscard]] auto close() -> Task<void>;
    void abort() noexcept;
    /// Whether the peer sees a reset, and no end, however this ends.
    void set_reset_on_close(bool is_reset) noexcept;

    [[nodiscard]] auto tls_info() -> std::optional<net::TlsInfo> { return net::tls_info(stream_); }
    [[nodiscard]] auto peer_address() const -> net::Address { return stream_.peer_address(); }

    /// Nothing more can be said here: the peer has gone or was dropped, or a write was left in the middle.
    [[nodiscard]] auto is_broken() const noexcept -> bool { return is_broken_ || is_writing_; }

    /// Gives the stream away. This one is broken then.
    [[nodiscard]] auto release() noexcept -> net::Stream;

private:
    class Watch;
    class Reading;

    void look_again();
    void flush_what_goes();
    [[nodiscard]] auto interrupt_watch() -> Task<void>;
    [[nodiscard]] auto discard(std::size_t limit_bytes) -> Task<bool>;
    void check(const char* operation) const;
    [[nodiscard]] auto judge() const -> ArrivalWatch::Judge;
    [[noreturn]] void give_up_slow_client();

    net::Stream stream_;
    Pace write_pace_;
    std::string held_;             ///< Kept back.
    std::optional<Handle> flush_;  ///< At the next turn.
    std::optional<TimerHandle> flush_again_;
    std::uint64_t received_ = 0;
    std::uint64_t written_ = 0;  ///< Of this response.
    Duration waited_{};          ///< For the peer to take it.
    Time filled_at_{};
    Watch* watch_ = nullptr;
    gyre::Event* watch_left_ = nullptr;  ///< Who waits until the watch has stepped aside.
    bool is_reading_ = false;            ///< In `fill`.
    bool is_lent_ = false;
    bool is_quick_ = true;
    bool goes_now_ = false;  ///< `write_now` has sent something before.
    bool is_broken_ = false;
    bool is_writing_ = false;  ///< Stays when a write is cancelled or fails.
};

}  // namespace gyre::http::internal

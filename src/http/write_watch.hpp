#pragma once

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/net/transport.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace gyre::http::internal {

/// Looks after a write that takes long, and cancels it if it stands still.
class WriteWatch {
public:
    /// @param look after `first`, and then after each time that it says; zero or less: the write is cancelled.
    WriteWatch(CancelScope& scope, Duration first, std::function<Duration()> look)
        : scope_(scope), look_(std::move(look)), timer_(after(first)) {}
    WriteWatch(const WriteWatch&) = delete;
    auto operator=(const WriteWatch&) -> WriteWatch& = delete;
    ~WriteWatch() { timer_.cancel(); }

private:
    [[nodiscard]] auto after(Duration time) -> TimerHandle {
        auto& loop = this_loop();
        const Time now = loop.now();
        return loop.call_at(now + std::min<Duration>(time, Time::max() - now), [this] { look(); });
    }
    void look() {
        const Duration next = look_();
        if (next <= Duration::zero()) {
            scope_.cancel("it stands still");
        } else {
            timer_ = after(next);
        }
    }

    CancelScope& scope_;
    std::function<Duration()> look_;
    TimerHandle timer_;
};

/// Looks after a write to a peer that may be slow, through a kernel that takes nothing for long if it has taken much before: what
/// counts is what arrives at the peer's machine.
class ArrivalWatch {
public:
    /// How long the write may go on, if so many bytes have arrived in so much time; zero or less: it is cancelled.
    using Judge = std::function<Duration(std::uint64_t bytes, Duration time)>;

    /// @param patience how long it may take before `judge` is asked. @param transport outlives this.
    ArrivalWatch(CancelScope& scope, const net::Transport& transport, Duration patience, Judge judge)
        : transport_(transport),
          judge_(std::move(judge)),
          left_(patience - until_first_look(patience)),
          watch_(scope, until_first_look(patience), [this] { return look(); }) {}
    ArrivalWatch(const ArrivalWatch&) = delete;
    auto operator=(const ArrivalWatch&) -> ArrivalWatch& = delete;
    ~ArrivalWatch() = default;

private:
    /// Most writes are over by then, and need no look at what has arrived, which is a system call.
    [[nodiscard]] static auto until_first_look(Duration patience) noexcept -> Duration {
        return std::min<Duration>(patience / 8, std::chrono::milliseconds(100));
    }
    [[nodiscard]] auto look() -> Duration {
        const Time now = this_loop().now();
        const auto before = std::exchange(arrived_, transport_.arrived());
        const Duration time = now - std::exchange(from_, now);
        if (left_ > Duration::zero()) return std::exchange(left_, Duration::zero());
        return judge_(before && arrived_ ? *arrived_ - *before : 0, time);
    }

    const net::Transport& transport_;
    Judge judge_;
    Duration left_;  ///< From the first look, where counting begins, to the end of the first patience.
    std::optional<std::uint64_t> arrived_;
    Time from_{};
    WriteWatch watch_;
};

}  // namespace gyre::http::internal

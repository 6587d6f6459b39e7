#pragma once

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/loop.hpp>

#include <functional>
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
        return this_loop().call_later(time, [this] { look(); });
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

}  // namespace gyre::http::internal

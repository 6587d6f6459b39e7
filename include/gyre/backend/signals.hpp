#pragma once

#include <csignal>
#include <initializer_list>

namespace gyre::backend {

/// Signals as a descriptor: they are blocked on the calling thread and read from it. Source: signalfd(2).
/// @return the descriptor, non-blocking and close-on-exec, or a negative errno.
[[nodiscard]] auto open_signals(std::initializer_list<int> signals, sigset_t& blocked_before) noexcept -> int;

/// The next signal that has come, or a negative errno; -EAGAIN if there is none.
[[nodiscard]] auto read_signal(int descriptor) noexcept -> int;

/// Closes the descriptor and restores the thread's mask.
void close_signals(int descriptor, const sigset_t& blocked_before) noexcept;

/// Blocks every signal on the calling thread while it lives: threads that are started meanwhile inherit that, so that
/// signals go to the program's own threads.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept;
    SignalsBlocked(const SignalsBlocked&) = delete;
    auto operator=(const SignalsBlocked&) -> SignalsBlocked& = delete;
    ~SignalsBlocked();

private:
    sigset_t before_{};
};

}  // namespace gyre::backend

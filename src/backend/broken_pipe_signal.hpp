#pragma once

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace gyre::backend {

/// A write to a pipe without a reader, or a sendfile to a peer that has gone, must not end the program, whatever its disposition
/// of SIGPIPE: while this lives the signal is blocked on this thread, which is where the kernel sends it, and one that came is
/// taken back.
class WithoutBrokenPipeSignal {
public:
    WithoutBrokenPipeSignal() noexcept {
        sigemptyset(&set_);
        sigaddset(&set_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &set_, &before_);
        was_blocked_ = sigismember(&before_, SIGPIPE) == 1;
        if (!was_blocked_) return;
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    }
    WithoutBrokenPipeSignal(const WithoutBrokenPipeSignal&) = delete;
    auto operator=(const WithoutBrokenPipeSignal&) -> WithoutBrokenPipeSignal& = delete;
    ~WithoutBrokenPipeSignal() {
        if (!was_blocked_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    /// It has failed with EPIPE, or ended short and may have met one: its signal is pending, if there is one.
    void take_back() noexcept {
        if (was_pending_) return;
        const timespec at_once{};
        while (::sigtimedwait(&set_, nullptr, &at_once) < 0 && errno == EINTR) {}
    }

private:
    sigset_t set_{};
    sigset_t before_{};
    bool was_blocked_ = false;
    bool was_pending_ = false;
};

}  // namespace gyre::backend

#include <gyre/backend/signals.hpp>

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace gyre::backend {

auto open_signals(std::initializer_list<int> signals, sigset_t& blocked_before) noexcept -> int {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) {
        if (sigaddset(&set, signal) != 0) return -errno;
    }
    const int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    if (const int error = pthread_sigmask(SIG_BLOCK, &set, &blocked_before); error != 0) {
        ::close(descriptor);
        return -error;
    }
    return descriptor;
}

auto read_signal(int descriptor) noexcept -> int {
    signalfd_siginfo info{};
    for (;;) {
        if (::read(descriptor, &info, sizeof info) == sizeof info) return static_cast<int>(info.ssi_signo);
        if (errno != EINTR) return -errno;
    }
}

void close_signals(int descriptor, const sigset_t& blocked_before) noexcept {
    ::close(descriptor);
    pthread_sigmask(SIG_SETMASK, &blocked_before, nullptr);
}

SignalsBlocked::SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace gyre::backend

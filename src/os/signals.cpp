#include <gyre/os/signals.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/backend/signals.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/readiness.hpp>

#include <cerrno>
#include <stdexcept>
#include <string>

namespace gyre {

struct SignalSet::State {
    int descriptor = -1;
    sigset_t blocked_before{};
};

SignalSet::SignalSet(std::initializer_list<int> signals) : state_(std::make_unique<State>()) {
    for (const int signal : signals) {
        if (signal == SIGKILL || signal == SIGSTOP) {
            throw std::invalid_argument("SignalSet: signal " + std::to_string(signal) + " cannot be received");
        }
    }
    state_->descriptor = backend::open_signals(signals, state_->blocked_before);
    if (state_->descriptor < 0) {
        throw IoError(std::error_code(-state_->descriptor, std::generic_category()), "receive signals", "");
    }
}

SignalSet::~SignalSet() {
    if (state_->descriptor >= 0) backend::close_signals(state_->descriptor, state_->blocked_before);
}

auto SignalSet::next() -> Task<int> {
    for (;;) {
        const int signal = backend::read_signal(state_->descriptor);
        if (signal > 0) co_return signal;
        if (signal != -EAGAIN) {
            throw IoError(std::error_code(-signal, std::generic_category()), "receive signals", "");
        }
        const std::int64_t ready = co_await internal::wait_readable(state_->descriptor);
        if (ready < 0)
            throw IoError(std::error_code(static_cast<int>(-ready), std::generic_category()), "receive signals", "");
    }
}

}  // namespace gyre

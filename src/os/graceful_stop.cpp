#include <gyre/os/graceful_stop.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/backend/signals.hpp>
#include <gyre/core/loop.hpp>

#include <cstring>
#include <span>
#include <string>

namespace gyre {

namespace {

auto reason_of(int signal) -> std::string {
    if (signal == SIGINT) return "interrupted (Ctrl-C)";
    const char* const name = ::sigabbrev_np(signal);
    return "stopped by " + (name == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string(name));
}

}  // namespace

void GracefulStop::watch(CancelScope& scope) {
    signal_ = 0;
    if (!this_loop().backend().has_processes()) return;
    std::vector<int> heard;
    for (const int signal : signals_) {
        if (!backend::is_signal_ignored(signal)) heard.push_back(signal);
    }
    if (heard.empty() && !signals_.empty()) return;  // all are ignored, and stay so
    handler_.emplace(on_signal(std::span<const int>(heard), [this, &scope](int signal) {
        signal_ = signal;
        scope.cancel(reason_of(signal));
        handler_.reset();  // last: this function goes with it
    }));
}

}  // namespace gyre

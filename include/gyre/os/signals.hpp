#pragma once

#include <gyre/core/task.hpp>

#include <initializer_list>
#include <memory>

namespace gyre {

/// Signals as something to wait for. While it lives they do nothing else to this thread; a program with other threads
/// makes it before it starts them, so that they inherit the mask.
///
/// Thread: its loop's. Source: signalfd(2), trio.open_signal_receiver.
class SignalSet {
public:
    /// @throws IoError for a number that is no signal; std::invalid_argument for SIGKILL and SIGSTOP, which nobody can
    ///         receive.
    SignalSet(std::initializer_list<int> signals);
    SignalSet(const SignalSet&) = delete;
    auto operator=(const SignalSet&) -> SignalSet& = delete;
    ~SignalSet();

    /// Waits for the next of the signals; the same one sent twice before it is read counts once.
    /// @return its number. On cancel: no signal is lost.
    [[nodiscard]] auto next() -> Task<int>;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace gyre

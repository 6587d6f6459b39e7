#pragma once

#include <gyre/core/task.hpp>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>

namespace gyre {

namespace internal {
struct SignalState;
}  // namespace internal

/// Signals as something to wait for. While it lives they do nothing else to the program.
///
/// Every set that has a signal gets it, on whatever loop or thread it is. A signal that comes again before it was read
/// counts once, and of several that have come the lowest number is given first. When the last set of a signal goes, the
/// signal does again what it did before.
/// Thread: its loop's. Source: trio.open_signal_receiver, curio.SignalEvent.
class SignalSet {
public:
    /// @throws std::invalid_argument for SIGKILL and SIGSTOP, which nobody can receive, for faults (SIGSEGV and the like),
    /// which cannot wait, for a number that is no signal, and for an empty set; IoError if the kernel refuses.
    SignalSet(std::initializer_list<int> signals);
    explicit SignalSet(std::span<const int> signals);
    SignalSet(const SignalSet&) = delete;
    auto operator=(const SignalSet&) -> SignalSet& = delete;
    /// Nobody may wait on it.
    ~SignalSet();

    /// Waits for the next of the signals. Several tasks may: each signal goes to one of them.
    /// @return its number. @throws IoError in simulation. On cancel: no signal is lost.
    [[nodiscard]] auto next() -> Task<int>;
    /// One that has come already, or empty. Never waits.
    [[nodiscard]] auto try_next() noexcept -> std::optional<int>;

private:
    std::unique_ptr<internal::SignalState> state_;
};

/// Calls a function whenever a signal has come, as long as it lives. Move-only.
/// Thread: its loop's; it goes before the loop does. Source: asyncio's add_signal_handler.
class [[nodiscard("it ends when it is dropped")]] SignalHandler {
public:
    explicit SignalHandler(std::unique_ptr<internal::SignalState> state) noexcept;
    SignalHandler(SignalHandler&& other) noexcept;
    auto operator=(SignalHandler&& other) noexcept -> SignalHandler&;
    ~SignalHandler();

private:
    std::unique_ptr<internal::SignalState> state_;
};

/// Calls `function` with the signal's number, as a callback of the loop that runs here and not as a signal handler: it may
/// do what any code may. It may drop its own `SignalHandler`. What it throws goes to the loop's exception handler.
/// @throws as SignalSet; IoError in simulation.
auto on_signal(std::span<const int> signals, std::function<void(int)> function) -> SignalHandler;
auto on_signal(int signal, std::function<void(int)> function) -> SignalHandler;

}  // namespace gyre

#pragma once

#include <csignal>
#include <cstdint>

namespace gyre::backend {

/// A set of signals as bits: signal 1 is bit 0.
using SignalBits = std::uint64_t;

[[nodiscard]] constexpr auto signal_bit(int signal) noexcept -> SignalBits {
    return signal >= 1 && signal <= 64 ? SignalBits{1} << static_cast<unsigned>(signal - 1) : 0;
}

/// What becomes of a receiver in a child that is forked.
enum class InChild : std::uint8_t {
    stays,  ///< Its signals are caught there as well.
    ends,   ///< Its thread is not there: without other receivers the child's signals do what they did before.
};

/// One receiver of signals, or none.
///
/// The signals are caught in the whole process, whichever thread the kernel gives them to, and told to every receiver that
/// has them. The first receiver of a signal changes its disposition, and the last one puts back what was there.
/// Thread: the one that opened it.
class SignalReceiver {
public:
    SignalReceiver() noexcept = default;
    SignalReceiver(const SignalReceiver&) = delete;
    auto operator=(const SignalReceiver&) -> SignalReceiver& = delete;
    ~SignalReceiver() { close(); }

    /// Begins to receive; a signal that this thread has blocked is let through. Source: sigaction(2).
    /// @return 0 or a negative errno; -EUSERS if there are too many receivers.
    [[nodiscard]] auto open(SignalBits signals, InChild in_child = InChild::stays) noexcept -> int;
    /// Ends it. What has come and was not taken is gone. Idempotent.
    void close() noexcept;

    /// Readable when a signal may have come.
    [[nodiscard]] auto descriptor() const noexcept -> int;
    /// A signal that has come, the lowest number first; -EAGAIN if there is none. One that came twice is given once.
    [[nodiscard]] auto take() noexcept -> int;

private:
    int slot_ = -1;
    sigset_t blocked_before_{};
};

/// Whether a signal is ignored now, as by nohup(1).
[[nodiscard]] auto is_signal_ignored(int signal) noexcept -> bool;

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

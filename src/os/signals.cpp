#include <gyre/os/signals.hpp>

#include "core/held.hpp"
#include "os/readiness_wait.hpp"

#include <gyre/backend/signals.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre {

namespace internal {

/// A receiver, and who is told of what it receives: tasks that wait, or a function.
struct SignalState {
    explicit SignalState(std::span<const int> signals);
    ~SignalState() { stop_calling(); }
    SignalState(const SignalState&) = delete;
    auto operator=(const SignalState&) -> SignalState& = delete;

    void call_on(EventLoop& where, std::function<void(int)> called);
    void stop_calling() noexcept {
        if (EventLoop* const watching = std::exchange(loop, nullptr)) {
            static_cast<void>(watching->remove_reader(receiver.descriptor()));
        }
    }

    backend::SignalReceiver receiver;
    ReadinessSource source;
    HeldMark mark;
    EventLoop* loop = nullptr;
    /// Shared with the call that runs, which may drop this.
    std::shared_ptr<std::function<void(int)>> function;
};

namespace {

auto bits_of(std::span<const int> signals) -> backend::SignalBits {
    if (signals.empty()) throw std::invalid_argument("SignalSet: it is empty, and would wait for ever");
    backend::SignalBits bits = 0;
    for (const int signal : signals) {
        const auto refuse = [signal](const char* why) {
            throw std::invalid_argument("SignalSet: signal " + std::to_string(signal) + " " + why);
        };
        if (backend::signal_bit(signal) == 0) refuse("does not exist");
        if (signal == SIGKILL || signal == SIGSTOP) refuse("cannot be received");
        if (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL) {
            refuse("is a fault of the program, which cannot wait");
        }
        bits |= backend::signal_bit(signal);
    }
    return bits;
}

[[noreturn]] void fail(std::int64_t result) {
    throw IoError(std::error_code(static_cast<int>(-result), std::generic_category()), "receive signals", "");
}

class SignalWait final : public ReadinessWait {
public:
    explicit SignalWait(SignalState& state) noexcept : ReadinessWait(state.source, POLLIN), state_(state) {}

private:
    auto attempt() noexcept -> std::int64_t override { return state_.receiver.take(); }
    SignalState& state_;
};

}  // namespace

SignalState::SignalState(std::span<const int> signals) : source(-1, WaitKind::signal, "signals") {
    if (const int error = receiver.open(bits_of(signals)); error < 0) fail(error);
    source.descriptor = receiver.descriptor();
    mark.begin(HeldKind::signals, source.name);
}

void SignalState::call_on(EventLoop& where, std::function<void(int)> called) {
    function = std::make_shared<std::function<void(int)>>(std::move(called));
    where.add_reader(receiver.descriptor(), [this] {
        const auto keep = function;  // the call may drop this handler: nothing of it is touched afterwards
        const int signal = receiver.take();
        if (signal > 0) (*keep)(signal);
    });
    loop = &where;
}

}  // namespace internal

SignalSet::SignalSet(std::initializer_list<int> signals) : SignalSet(std::span(signals.begin(), signals.size())) {}

SignalSet::SignalSet(std::span<const int> signals) : state_(std::make_unique<internal::SignalState>(signals)) {}

SignalSet::~SignalSet() = default;

auto SignalSet::next() -> Task<int> {
    const auto signal = co_await internal::SignalWait(*state_);
    if (signal < 0) internal::fail(signal);
    co_return static_cast<int>(signal);
}

auto SignalSet::try_next() noexcept -> std::optional<int> {
    const int signal = state_->receiver.take();
    return signal > 0 ? std::optional(signal) : std::nullopt;
}

SignalHandler::SignalHandler(std::unique_ptr<internal::SignalState> state) noexcept : state_(std::move(state)) {}
SignalHandler::SignalHandler(SignalHandler&& other) noexcept = default;
auto SignalHandler::operator=(SignalHandler&& other) noexcept -> SignalHandler& = default;
SignalHandler::~SignalHandler() = default;

auto on_signal(std::span<const int> signals, std::function<void(int)> function) -> SignalHandler {
    auto state = std::make_unique<internal::SignalState>(signals);
    state->call_on(this_loop(), std::move(function));
    return SignalHandler(std::move(state));
}

auto on_signal(int signal, std::function<void(int)> function) -> SignalHandler {
    return on_signal(std::span(&signal, 1), std::move(function));
}

}  // namespace gyre

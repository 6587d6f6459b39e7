#pragma once

#include <gyre/core/run.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/os/signals.hpp>

#include <csignal>
#include <functional>
#include <initializer_list>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {

/// Ends some work politely when the program is asked to stop.
///
/// The first of the signals cancels the work, which unwinds with its clean-ups; the cause names the signal. From then on
/// they do again what they did before: a second Ctrl-C ends a program at once whose clean-up hangs. Signals that are
/// ignored when the work begins (nohup, a job in the background of a script) stay ignored, be it all. In simulation no signals
/// come.
/// Thread: its loop's. Source: asyncio.Runner and its treatment of SIGINT.
class GracefulStop {
public:
    GracefulStop() : GracefulStop({SIGINT, SIGTERM}) {}
    /// @throws std::invalid_argument as SignalSet, when the work begins.
    GracefulStop(std::initializer_list<int> signals) : signals_(signals) {}
    GracefulStop(const GracefulStop&) = delete;
    auto operator=(const GracefulStop&) -> GracefulStop& = delete;
    ~GracefulStop() = default;

    /// Runs some work, once at a time. It and this object live until that has ended.
    /// @return as `move_on_after`: an optional of its value, or for work without a value a bool; empty or false if a signal
    /// stopped it. @throws what the work throws. On cancel: the work is cancelled.
    template<Work W>
    [[nodiscard]] auto run(W&& work) -> Task<internal::MaybeResult<internal::WorkResult<W>>> {
        return run_kept<std::decay_t<W>>(std::forward<W>(work));
    }

    /// The signal that stopped the work, or 0.
    [[nodiscard]] auto signal() const noexcept -> int { return signal_; }
    /// What a shell says of a program that a signal ended: 130 for SIGINT, 143 for SIGTERM; 0 if there was none.
    [[nodiscard]] auto exit_code() const noexcept -> int { return signal_ == 0 ? 0 : 128 + signal_; }

private:
    template<class W>
    auto run_kept(W work) -> Task<internal::MaybeResult<internal::WorkResult<W>>> {
        using Result = internal::WorkResult<W>;
        auto body = [this, &work](CancelScope& scope) -> Task<Result> {
            const Watching watching(*this, scope);
            co_return co_await internal::begin_work(work);
        };
        auto result = co_await cancel_scope(std::ref(body));
        co_return result;
    }

    /// The signals are watched as long as this lives.
    class Watching {
    public:
        Watching(GracefulStop& stop, CancelScope& scope) : stop_(stop) { stop.watch(scope); }
        Watching(const Watching&) = delete;
        auto operator=(const Watching&) -> Watching& = delete;
        ~Watching() { stop_.handler_.reset(); }

    private:
        GracefulStop& stop_;
    };
    void watch(CancelScope& scope);

    std::vector<int> signals_;
    std::optional<SignalHandler> handler_;
    int signal_ = 0;
};

/// Runs some work on a new loop as `run` does, until it has ended or the program is asked to stop.
/// @return the exit code for `main`: the work's own if it gives an int, else 0; 130 or 143 if SIGINT or SIGTERM stopped it.
/// @throws as `run`.
template<Work W>
    requires std::is_void_v<internal::WorkResult<W>> || std::is_same_v<internal::WorkResult<W>, int>
auto run_until_signal(W&& work, RunOptions options = {}) -> int {
    GracefulStop stop;
    const auto result = run(stop.run(std::forward<W>(work)), options);
    if constexpr (std::is_void_v<internal::WorkResult<W>>) {
        return result ? 0 : stop.exit_code();
    } else {
        return result ? *result : stop.exit_code();
    }
}

}  // namespace gyre

#pragma once

#include <gyre/backend/clock.hpp>
#include <gyre/core/cancel_cause.hpp>

#include <cstdint>
#include <source_location>
#include <string>

namespace gyre {

namespace internal {
class ScopeWait;
}  // namespace internal

/// A part of a task that can be cancelled, given other deadlines and shielded from elsewhere, while it runs.
///
/// The body of `cancel_scope`, `timeout` or `move_on_after` is given one if it has a parameter for it. To read how a scope
/// went after it is over, make it outside: `CancelScope scope; co_await scope.run(body);`, or hand it to the others as
/// `{.scope = &scope}`. It is used once, and outlives what runs in it. Whatever is set before it runs holds from its start.
/// Thread: its loop's. Source: trio.CancelScope.
class CancelScope {
public:
    CancelScope() noexcept = default;
    CancelScope(const CancelScope&) = delete;
    auto operator=(const CancelScope&) -> CancelScope& = delete;
    ~CancelScope() = default;

    /// Runs `body`, or `body(*this)`, inside this scope.
    /// @return as `move_on_after`: an optional, or for a body without a value a bool: empty, or false, if it was cancelled.
    /// @throws what the body throws; InvalidStateError if the scope runs or has run before.
    /// On cancel: the body is cancelled, unless the scope is shielded.
    template<class Body>
    [[nodiscard]] auto run(Body&& body, std::source_location where = std::source_location::current());

    /// Cancels everything inside. Each wait in it ends, now and later, until the scope is left. Not a suspension point;
    /// idempotent: the first reason is kept. Before the scope runs: its body ends at its first wait.
    void cancel(std::string reason = {}, std::source_location where = std::source_location::current());

    /// Whether it was cancelled itself: by `cancel`, or by its deadline. Stays as it is when the scope is over.
    [[nodiscard]] auto cancel_called() const noexcept -> bool;
    /// Whether it ended because of that: its own cancellation reached its body, and was taken back here. False as long as it
    /// runs, if the body ended all the same, and if a scope around it was cancelled as well, which counts more.
    [[nodiscard]] auto cancelled_caught() const noexcept -> bool { return caught_; }

    /// When it will be cancelled; `Time::max()` if never.
    [[nodiscard]] auto deadline() const noexcept -> Time;
    /// Sets another deadline, or none with `Time::max()`; one that has passed cancels soon. Once the scope was cancelled, no
    /// deadline calls that back.
    void set_deadline(Time deadline, std::source_location where = std::source_location::current());
    /// `set_deadline`, counted from now; before the scope runs, from its start. Zero or less: it is cancelled at once.
    void set_timeout(AnyDuration timeout, std::source_location where = std::source_location::current());

    /// Whether a cancellation from outside does not come in.
    [[nodiscard]] auto shielded() const noexcept -> bool;
    /// Switches the shield. Off while the outside is cancelled: that comes in at once. On: holds off what comes later; what
    /// has come in stays.
    void set_shield(bool on);

private:
    friend class internal::ScopeWait;
    /// @throws LoopError while it runs, if its loop runs on another thread.
    void check_thread(const char* operation) const;
    enum class Phase : std::uint8_t { unused, running, over };

    internal::ScopeWait* wait_ = nullptr;  ///< While it runs.
    Duration timeout_ = Duration::max();
    Time deadline_ = Time::max();
    internal::CausePointer cause_;  ///< Cancelled before it runs.
    std::source_location where_;    ///< Where its deadline was set.
    Phase phase_ = Phase::unused;
    bool shielded_ = false;
    bool called_ = false;
    bool caught_ = false;
};

}  // namespace gyre

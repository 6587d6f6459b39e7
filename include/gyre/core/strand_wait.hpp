#pragma once

#include <gyre/core/cancel_scope.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/task.hpp>

#include <optional>
#include <source_location>
#include <string>
#include <utility>

namespace gyre::internal {

/// A wait for one strand that runs in place of the awaiting frame: what scopes, `as_outcome` and `try_finally` are made of.
class StrandWait : public Wait, public Strand {
public:
    StrandWait(StrandWait&& other) noexcept : Wait(std::move(other)) {}
    auto operator=(StrandWait&&) -> StrandWait& = delete;

    void await_suspend(std::coroutine_handle<>) const noexcept {}

    void cancel() noexcept override {}  // `strand_inside` is asked
    [[nodiscard]] auto strand_inside() noexcept -> Strand* override { return this; }
    [[nodiscard]] auto in_place_of() const noexcept -> Frame* override { return frame_; }
    [[nodiscard]] auto strand_at(std::size_t index) const noexcept -> const Strand* override {
        return index == 0 ? this : nullptr;
    }
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;

protected:
    StrandWait() noexcept = default;
    ~StrandWait();

    /// Starts `task` as the strand, inside `scope`. @return true if it has ended.
    auto run(Frame& task, Scope& scope) noexcept -> bool;

    /// Takes the result out of the strand, which has ended.
    template<class T>
    auto take() -> T {
        return take_result<T>(*std::exchange(root, nullptr));
    }
};

/// How a scope starts.
struct ScopeSettings {
    Duration timeout = Duration::max();  ///< Counts from the start.
    Time deadline = Time::max();
    bool shielded = false;
    CancelScope* object = nullptr;  ///< The user's, if there is one: it is told when the scope opens and closes.
};

/// A wait for one strand inside a cancel scope of its own, possibly with a deadline.
class ScopeWait : public StrandWait, private Timer {
public:
    ScopeWait(ScopeWait&& other) noexcept
        : StrandWait(static_cast<StrandWait&&>(other)), settings_(other.settings_), where_(other.where_) {}
    auto operator=(ScopeWait&&) -> ScopeWait& = delete;

    void await_suspend(std::coroutine_handle<>) noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto strand_inside() noexcept -> Strand* override { return nullptr; }
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

    // For the `CancelScope` of the body, while it runs.
    [[nodiscard]] auto scope() noexcept -> Scope& { return *scope_; }
    [[nodiscard]] auto deadline() const noexcept -> Time { return settings_.deadline; }
    [[nodiscard]] auto shielded() const noexcept -> bool { return settings_.shielded; }
    void set_deadline(Time deadline, std::source_location where);
    void set_shield(bool on) noexcept;

protected:
    ScopeWait(const ScopeSettings& settings, std::source_location where) noexcept
        : settings_(settings), where_(where) {}
    ~ScopeWait();

    /// Opens the scope; the deadline counts from now. Throws before anything has started: for lack of memory, or
    /// InvalidStateError if the user's scope object was used before.
    void open();
    /// The body is given `object`.
    void give(CancelScope& object) noexcept { settings_.object = &object; }
    [[nodiscard]] auto object() const noexcept -> CancelScope* { return settings_.object; }
    /// Starts the body. @return true if it has ended.
    auto enter(Frame& body) noexcept -> bool;

    [[noreturn]] void throw_timeout() const;

    std::optional<InnerScope> scope_;

private:
    void fire() noexcept override;
    void disarm() noexcept;
    void close(bool caught) noexcept;
    [[nodiscard]] auto deadline_text() const -> std::string;

    ScopeSettings settings_;
    std::source_location where_;  ///< Where its deadline was set.
    bool expired_ = false;        ///< Its deadline cancelled it, and nobody before.
};

}  // namespace gyre::internal

#pragma once

#include <gyre/core/scheduler.hpp>
#include <gyre/core/task.hpp>

#include <optional>
#include <source_location>
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

/// A wait for one strand inside a cancel scope of its own, possibly with a deadline.
class ScopeWait : public StrandWait, private Timer {
public:
    ScopeWait(ScopeWait&& other) noexcept
        : StrandWait(static_cast<StrandWait&&>(other)),
          timeout_(other.timeout_),
          deadline_(other.deadline_),
          where_(other.where_),
          shielded_(other.shielded_) {}
    auto operator=(ScopeWait&&) -> ScopeWait& = delete;

    void await_suspend(std::coroutine_handle<>) noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto strand_inside() noexcept -> Strand* override { return nullptr; }
    auto ended() noexcept -> Next override;
    auto stopped() noexcept -> Next override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

protected:
    struct Shielded {};

    explicit ScopeWait(std::source_location where) noexcept : where_(where) {}
    ScopeWait(Duration timeout, std::source_location where) noexcept : timeout_(timeout), where_(where) {}
    ScopeWait(Time deadline, std::source_location where) noexcept : deadline_(deadline), where_(where) {}
    ScopeWait(Shielded, std::source_location where) noexcept : where_(where), shielded_(true) {}
    ~ScopeWait();

    /// Opens the scope; the deadline counts from now. May throw for lack of memory, before anything has started.
    void open();
    /// Starts the body. @return true if it has ended.
    auto enter(Frame& body) noexcept -> bool { return run(body, *scope_); }

    /// "deadline of 10 ms passed (set at main.cpp:20)"
    [[nodiscard]] auto deadline_text() const -> std::string;
    [[noreturn]] void throw_timeout() const;

    std::optional<Scope> scope_;

private:
    void fire() noexcept override;
    void disarm() noexcept;

    Duration timeout_ = Duration::max();
    Time deadline_ = Time::max();
    std::source_location where_;
    bool shielded_ = false;
};

}  // namespace gyre::internal

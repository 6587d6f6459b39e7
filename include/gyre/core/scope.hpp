#pragma once

#include <gyre/core/outcome.hpp>
#include <gyre/core/strand_wait.hpp>
#include <gyre/core/work.hpp>

#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace gyre {

/// A part of a task that can be cancelled from elsewhere; given to the body of `cancel_scope`.
///
/// Lives as long as that body runs. Thread: its loop's own.
class CancelScope {
public:
    explicit CancelScope(internal::Scope& scope) noexcept : scope_(&scope) {}

    /// Cancels everything inside. Each wait in it ends, now and later, until the scope is left. Not a suspension point;
    /// idempotent: the first reason is kept.
    void cancel(std::string reason = {}, std::source_location where = std::source_location::current());

    /// Whether `cancel` was called on this scope itself.
    [[nodiscard]] auto cancel_called() const noexcept -> bool { return scope_->asked; }

private:
    internal::Scope* scope_;
};

namespace internal {

/// What a scope gives that may be left early: `optional<T>`, or for work without a value `bool`.
template<class T>
using MaybeResult = std::conditional_t<std::is_void_v<T>, bool, std::optional<Regular<T>>>;

/// The result of a scope that may have been left early.
template<class T>
auto take_maybe(Frame* root) -> MaybeResult<T> {
    if constexpr (std::is_void_v<T>) {
        if (root == nullptr) return false;
        take_result<void>(*root);
        return true;
    } else if constexpr (std::is_reference_v<T>) {
        return root == nullptr ? MaybeResult<T>{} : MaybeResult<T>{std::addressof(take_result<T>(*root))};
    } else {
        if (root == nullptr) return std::nullopt;
        return std::optional<T>(take_result<T>(*root));
    }
}

/// A scope around some work, which it keeps.
template<class W>
class ScopeAwaiter : public ScopeWait {
public:
    using Result = WorkResult<W>;

    auto await_ready() -> bool {
        open();
        return enter(begin_work(work_).release());
    }

protected:
    template<class... Arguments>
    explicit ScopeAwaiter(W work, Arguments... arguments) : ScopeWait(arguments...), work_(std::move(work)) {}

    ~ScopeAwaiter() = default;
    ScopeAwaiter(ScopeAwaiter&&) noexcept = default;
    auto operator=(ScopeAwaiter&&) -> ScopeAwaiter& = delete;

    W work_;
};

template<class W>
class [[nodiscard("co_await it")]] TimeoutAwaiter final : public ScopeAwaiter<W> {
public:
    template<class When>
    TimeoutAwaiter(When when, W work, std::source_location where) : ScopeAwaiter<W>(std::move(work), when, where) {}
    auto await_resume() -> typename ScopeAwaiter<W>::Result {
        if (this->root == nullptr) this->throw_timeout();
        return this->template take<typename ScopeAwaiter<W>::Result>();
    }
};

template<class W>
class [[nodiscard("co_await it")]] MoveOnAwaiter final : public ScopeAwaiter<W> {
public:
    template<class When>
    MoveOnAwaiter(When when, W work, std::source_location where) : ScopeAwaiter<W>(std::move(work), when, where) {}
    auto await_resume() { return take_maybe<typename ScopeAwaiter<W>::Result>(std::exchange(this->root, nullptr)); }
};

template<class W>
class [[nodiscard("co_await it")]] ShieldAwaiter final : public ScopeAwaiter<W> {
public:
    ShieldAwaiter(W work, std::source_location where)
        : ScopeAwaiter<W>(std::move(work), typename ScopeAwaiter<W>::Shielded{}, where) {}
    auto await_resume() -> typename ScopeAwaiter<W>::Result {
        return this->template take<typename ScopeAwaiter<W>::Result>();
    }
};

template<class Body>
class [[nodiscard("co_await it")]] CancelScopeAwaiter final : public ScopeWait {
public:
    using Result = WorkResult<Body, CancelScope>;

    CancelScopeAwaiter(Body body, std::source_location where) : ScopeWait(where), body_(std::move(body)) {}

    auto await_ready() -> bool {
        open();
        handle_.emplace(*scope_);
        return enter(begin_work(body_, *handle_).release());
    }
    auto await_resume() -> MaybeResult<Result> { return take_maybe<Result>(std::exchange(root, nullptr)); }

private:
    Body body_;
    std::optional<CancelScope> handle_;
};

}  // namespace internal

/// Runs some work with a time limit, which counts from here. Zero or less: the work is cancelled at its first real wait.
/// @return what the work gives; if it ends just as the deadline passes, its result counts.
/// @throws TimeoutError if this deadline cancelled it; what the work throws.
/// On cancel: the work is cancelled. Source: asyncio.timeout, trio.fail_after.
template<Work W>
[[nodiscard]] auto timeout(Duration limit, W&& work, std::source_location where = std::source_location::current()) {
    return internal::TimeoutAwaiter<std::decay_t<W>>(limit, std::forward<W>(work), where);
}

/// `timeout` with a point in time. Source: asyncio.timeout_at.
template<Work W>
[[nodiscard]] auto timeout_at(Time deadline, W&& work, std::source_location where = std::source_location::current()) {
    return internal::TimeoutAwaiter<std::decay_t<W>>(deadline, std::forward<W>(work), where);
}

/// Runs some work with a time limit and goes on without it when the time is up.
/// @return an optional with the work's value, or for work without a value a bool: true if it ran to its end.
/// @throws what the work throws. On cancel: the work is cancelled. Source: trio.move_on_after.
template<Work W>
[[nodiscard]] auto move_on_after(Duration limit, W&& work, std::source_location where = std::source_location::current()) {
    return internal::MoveOnAwaiter<std::decay_t<W>>(limit, std::forward<W>(work), where);
}

/// `move_on_after` with a point in time. Source: trio.move_on_at.
template<Work W>
[[nodiscard]] auto move_on_at(Time deadline, W&& work, std::source_location where = std::source_location::current()) {
    return internal::MoveOnAwaiter<std::decay_t<W>>(deadline, std::forward<W>(work), where);
}

/// Runs some work that a cancellation from outside does not reach: the caller waits for its end and gets its value; its
/// next wait is cancelled. Source: trio's CancelScope(shield=True).
/// On cancel: nothing happens before the work has ended.
template<Work W>
[[nodiscard]] auto shield(W&& work, std::source_location where = std::source_location::current()) {
    return internal::ShieldAwaiter<std::decay_t<W>>(std::forward<W>(work), where);
}

/// Runs `body(scope)`, which anyone on the loop can cancel through `scope`.
/// @return as `move_on_after`: empty, or false, if it was cancelled. Source: trio.CancelScope.
template<class Body>
    requires Work<Body, CancelScope>
[[nodiscard]] auto cancel_scope(Body&& body, std::source_location where = std::source_location::current()) {
    return internal::CancelScopeAwaiter<std::decay_t<Body>>(std::forward<Body>(body), where);
}

}  // namespace gyre

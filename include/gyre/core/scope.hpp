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

/// How a scope behaves.
struct ScopeOptions {
    bool shield = false;           ///< A cancellation from outside does not come in, until `set_shield(false)`.
    CancelScope* scope = nullptr;  ///< An unused one that the work runs in: to change it meanwhile, or to read it afterwards.
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

/// Work that is given its scope.
template<class W>
concept ScopeBody = !Work<W> && Work<W, CancelScope>;

template<class W>
struct ScopedResult {
    using Type = WorkResult<W>;
};
template<ScopeBody W>
struct ScopedResult<W> {
    using Type = WorkResult<W, CancelScope>;
};

/// A scope around some work, which it keeps.
template<class W>
class ScopeAwaiter : public ScopeWait {
public:
    using Result = typename ScopedResult<W>::Type;

    auto await_ready() -> bool {
        if constexpr (ScopeBody<W>) {
            if (object() == nullptr) give(own_.emplace());
            open();
            return enter(begin_work(work_, *object()).release());
        } else {
            open();
            return enter(begin_work(work_).release());
        }
    }

protected:
    ScopeAwaiter(const ScopeSettings& settings, W work, std::source_location where)
        : ScopeWait(settings, where), work_(std::move(work)) {}
    ~ScopeAwaiter() = default;
    ScopeAwaiter(ScopeAwaiter&& other) noexcept(std::is_nothrow_move_constructible_v<W>)
        : ScopeWait(static_cast<ScopeWait&&>(other)), work_(std::move(other.work_)) {}
    auto operator=(ScopeAwaiter&&) -> ScopeAwaiter& = delete;

private:
    W work_;
    [[no_unique_address]] std::conditional_t<ScopeBody<W>, std::optional<CancelScope>, Nothing> own_;
};

template<class W>
class [[nodiscard("co_await it")]] TimeoutAwaiter final : public ScopeAwaiter<W> {
public:
    using typename ScopeAwaiter<W>::Result;
    TimeoutAwaiter(const ScopeSettings& settings, W work, std::source_location where)
        : ScopeAwaiter<W>(settings, std::move(work), where) {}
    auto await_resume() -> Result {
        if (this->root == nullptr) this->throw_timeout();
        return this->template take<Result>();
    }
};

template<class W>
class [[nodiscard("co_await it")]] MoveOnAwaiter final : public ScopeAwaiter<W> {
public:
    using typename ScopeAwaiter<W>::Result;
    MoveOnAwaiter(const ScopeSettings& settings, W work, std::source_location where)
        : ScopeAwaiter<W>(settings, std::move(work), where) {}
    auto await_resume() { return take_maybe<Result>(std::exchange(this->root, nullptr)); }
};

template<class W>
class [[nodiscard("co_await it")]] ShieldAwaiter final : public ScopeAwaiter<W> {
public:
    using typename ScopeAwaiter<W>::Result;
    ShieldAwaiter(const ScopeSettings& settings, W work, std::source_location where)
        : ScopeAwaiter<W>(settings, std::move(work), where) {}
    auto await_resume() -> Result { return this->template take<Result>(); }
};

template<class W>
concept ScopeWork = Work<std::decay_t<W>> || Work<std::decay_t<W>, CancelScope>;

/// A scope around some work, if it is some.
template<template<class> class Awaiter, class W>
[[nodiscard]] auto scope_around(const ScopeSettings& settings, W&& work, std::source_location where) {
    if constexpr (check_work<W, CancelScope>()) {
        return Awaiter<std::decay_t<W>>(settings, std::forward<W>(work), where);
    } else if constexpr (ScopeWork<W>) {
        return refused<Awaiter<std::decay_t<W>>>();
    } else {
        return refused<Task<typename RefusedResult<W>::Type>>();
    }
}

[[nodiscard]] inline auto settings_of(Duration limit, const ScopeOptions& options) noexcept -> ScopeSettings {
    return {.timeout = limit, .shielded = options.shield, .object = options.scope};
}
[[nodiscard]] inline auto settings_of(Time deadline, const ScopeOptions& options) noexcept -> ScopeSettings {
    return {.deadline = deadline, .shielded = options.shield, .object = options.scope};
}

}  // namespace internal

/// Runs some work with a time limit, which counts from here. Zero or less: the work is cancelled at its first real wait.
///
/// The work may take its scope, `[&](CancelScope& scope) -> Task<> {...}`, to move the deadline or switch a shield.
/// @return what the work gives; if it ends just as the deadline passes, its result counts.
/// @throws TimeoutError if this deadline cancelled it; CancelledError if `scope.cancel` did; what the work throws.
/// On cancel: the work is cancelled. Source: asyncio.timeout, trio.fail_after.
template<class W>
[[nodiscard]] auto timeout(AnyDuration limit, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::TimeoutAwaiter>(
        internal::settings_of(limit, {}), std::forward<W>(work), where);
}

/// `timeout` with options.
template<class W>
[[nodiscard]] auto timeout(
    AnyDuration limit, ScopeOptions options, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::TimeoutAwaiter>(
        internal::settings_of(limit, options), std::forward<W>(work), where);
}

/// `timeout` with a point in time. Source: asyncio.timeout_at.
template<class W>
[[nodiscard]] auto timeout_at(Time deadline, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::TimeoutAwaiter>(
        internal::settings_of(deadline, {}), std::forward<W>(work), where);
}

/// `timeout_at` with options.
template<class W>
[[nodiscard]] auto timeout_at(
    Time deadline, ScopeOptions options, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::TimeoutAwaiter>(
        internal::settings_of(deadline, options), std::forward<W>(work), where);
}

/// Runs some work with a time limit and goes on without it when the time is up. The work may take its scope.
/// @return an optional with the work's value, or for work without a value a bool: true if it ran to its end.
/// @throws what the work throws. On cancel: the work is cancelled. Source: trio.move_on_after.
template<class W>
[[nodiscard]] auto move_on_after(
    AnyDuration limit, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::MoveOnAwaiter>(
        internal::settings_of(limit, {}), std::forward<W>(work), where);
}

/// `move_on_after` with options.
template<class W>
[[nodiscard]] auto move_on_after(
    AnyDuration limit, ScopeOptions options, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::MoveOnAwaiter>(
        internal::settings_of(limit, options), std::forward<W>(work), where);
}

/// `move_on_after` with a point in time. Source: trio.move_on_at.
template<class W>
[[nodiscard]] auto move_on_at(Time deadline, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::MoveOnAwaiter>(
        internal::settings_of(deadline, {}), std::forward<W>(work), where);
}

/// `move_on_at` with options.
template<class W>
[[nodiscard]] auto move_on_at(
    Time deadline, ScopeOptions options, W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::MoveOnAwaiter>(
        internal::settings_of(deadline, options), std::forward<W>(work), where);
}

/// Runs some work that a cancellation from outside does not reach: the caller waits for its end and gets its value; its
/// next wait is cancelled. For a shield that can be switched off see `CancelScope::set_shield`.
/// Source: trio's CancelScope(shield=True). On cancel: nothing happens before the work has ended.
template<class W>
[[nodiscard]] auto shield(W&& work, std::source_location where = std::source_location::current()) {
    return internal::scope_around<internal::ShieldAwaiter>({.shielded = true}, std::forward<W>(work), where);
}

/// Runs `body(scope)`, which anyone on the loop can cancel through `scope`.
/// @return as `move_on_after`: empty, or false, if it was cancelled. Source: trio.CancelScope.
template<class Body>
    requires Work<Body, CancelScope>
[[nodiscard]] auto cancel_scope(Body&& body, std::source_location where = std::source_location::current()) {
    return internal::MoveOnAwaiter<std::decay_t<Body>>(
        internal::settings_of(Time::max(), {}), std::forward<Body>(body), where);
}

/// `cancel_scope` with options.
template<class Body>
    requires Work<Body, CancelScope>
[[nodiscard]] auto cancel_scope(
    ScopeOptions options, Body&& body, std::source_location where = std::source_location::current()) {
    return internal::MoveOnAwaiter<std::decay_t<Body>>(
        internal::settings_of(Time::max(), options), std::forward<Body>(body), where);
}

template<class Body>
auto CancelScope::run(Body&& body, std::source_location where) {
    static_assert(
        internal::ScopeWork<Body>, "CancelScope::run: give it work: an awaitable, or a callable that gives one");
    return internal::MoveOnAwaiter<std::decay_t<Body>>(
        internal::settings_of(Time::max(), {.scope = this}), std::forward<Body>(body), where);
}

}  // namespace gyre

#pragma once

#include <gyre/core/generator_state.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace gyre {

template<class T>
class AsyncGenerator;

namespace internal {

template<class T>
class GeneratorPromise final : public GeneratorFrame {
public:
    auto get_return_object() noexcept -> AsyncGenerator<T>;

    /// Gives one value. A temporary stays where it is until the generator goes on; a named one is copied.
    template<class U>
        requires std::convertible_to<U&&, T>
    auto yield_value(U&& value, std::source_location where = std::source_location::current()) {
        stand_at(where);
        if constexpr (std::is_reference_v<T>) {
            static_assert(std::is_convertible_v<std::remove_reference_t<U>*, std::remove_reference_t<T>*>,
                "co_yield: a generator of references needs an object of that very type");
            return CoYieldReference(*this, const_cast<void*>(static_cast<const void*>(std::addressof(value))));
        } else if constexpr (std::is_same_v<U, T>) {  // an rvalue: it lives in this frame as long as the wait lasts
            return CoYieldReference(*this, std::addressof(value));
        } else {
            return CoYieldCopy<T>(*this, std::forward<U>(value));
        }
    }
    /// Gives all values of another generator, which nobody has read from.
    auto yield_value(AsyncGenerator<T> elements, std::source_location where = std::source_location::current())
        -> DelegateAwaiter;
};

template<class T>
class [[nodiscard("co_await it")]] NextAwaiter final : public GeneratorWait {
public:
    using Value = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, std::optional<T>>;

    explicit NextAwaiter(GeneratorHolder& holder) noexcept : GeneratorWait(holder, false) {}
    auto await_resume() -> Value {
        using Stored = std::remove_reference_t<T>;
        auto* value = static_cast<Stored*>(take());
        if constexpr (std::is_reference_v<T>) {
            return value;
        } else {
            if (value == nullptr) return std::nullopt;
            return std::optional<T>(std::move(*value));
        }
    }
};

class [[nodiscard("co_await it")]] CloseAwaiter final : public GeneratorWait {
public:
    explicit CloseAwaiter(GeneratorHolder& holder) noexcept : GeneratorWait(holder, true) {}
    void await_resume() { static_cast<void>(take()); }
};

}  // namespace internal

/// A coroutine that gives many values, one at a time, and may wait in between: `co_yield value;`.
///
/// Lazy: it runs only inside `next`, as a part of the reader, up to its next `co_yield`. `co_yield other(...)` gives all values
/// of another generator of the same type. `co_yield` stands in the body itself: a timeout, a group or any other scope has a body
/// of its own, which is no generator, so that none is ever open across a `co_yield`. Clean-up that awaits is
/// `co_yield try_finally([&]() -> AsyncGenerator<T> {...}, cleanup)`.
///
/// Dropped half-read, it is ended from its `co_yield` outward: at once, or, where a `try_finally` is open, by the loop; then the
/// scope in which it was dropped ends only after the clean-up, whose errors go to the exception handler. `close` waits for it
/// and throws them. T may be a reference. Move-only. Thread: one loop. Source: Python's asynchronous generators, PEP 789.
template<class T>
class [[nodiscard("an AsyncGenerator does nothing until it is read")]] AsyncGenerator {
public:
    using promise_type = internal::GeneratorPromise<T>;
    using value_type = T;

    AsyncGenerator(AsyncGenerator&&) noexcept = default;
    auto operator=(AsyncGenerator&&) noexcept -> AsyncGenerator& = default;
    ~AsyncGenerator() = default;

    /// Waits for the next value.
    /// @return an optional, empty at the end; for a generator of references a pointer, null at the end, which is good until
    ///         the next call.
    /// @throws the error that left the generator, once; then it is at its end. InvalidStateError if two tasks read at once, or
    ///         it was moved from. CancelledError, each time, if the generator was unwound by the cancellation of an earlier `next`.
    /// On cancel: inside a wait of the generator, it is unwound; before it went on, it stays as it was.
    [[nodiscard]] auto next() noexcept { return internal::NextAwaiter<T>(holder_); }

    /// Ends it, and waits for its clean-ups. It is at its end afterwards; closing it again does nothing.
    /// @throws the error of a clean-up; InvalidStateError while a task reads. On cancel: the clean-ups are waited for.
    [[nodiscard]] auto close() noexcept { return internal::CloseAwaiter(holder_); }

    // For the rest of the library.
    [[nodiscard]] auto release() noexcept -> internal::GeneratorHolder { return std::move(holder_); }

private:
    friend promise_type;
    explicit AsyncGenerator(internal::Frame& first) noexcept : holder_(first) {}

    internal::GeneratorHolder holder_;
};

namespace internal {

template<class T>
auto GeneratorPromise<T>::get_return_object() noexcept -> AsyncGenerator<T> {
    static_assert(alignof(GeneratorPromise) <= 16, "the position of a promise in its frame is fixed");
    return AsyncGenerator<T>(*this);
}

template<class T>
auto GeneratorPromise<T>::yield_value(AsyncGenerator<T> elements, std::source_location where) -> DelegateAwaiter {
    stand_at(where);
    auto holder = elements.release();
    return DelegateAwaiter(*this, holder.release_unstarted());
}

template<class T>
inline constexpr bool is_generator = false;
template<class T>
inline constexpr bool is_generator<AsyncGenerator<T>> = true;

/// A callable that gives a generator.
template<class F>
concept GeneratorBody = std::invocable<std::decay_t<F>&> && is_generator<std::invoke_result_t<std::decay_t<F>&>>;

template<class T, class B, class C>
auto elements_finally(B body, C cleanup) -> AsyncGenerator<T> {
    auto elements = body();
    ElementsFinally<C> all(elements.release(), std::move(cleanup));
    co_await all;
}

}  // namespace internal

/// Gives the values of a generator, `body()`, and then runs `cleanup`, which may await: at its end, after an error, when the
/// generator is closed, dropped or cancelled. To be given on: `co_yield try_finally(...)`, or read itself.
/// The rules are those of `try_finally` for a task. Source: Python's try/finally around a yield.
template<internal::GeneratorBody B, Work C>
[[nodiscard]] auto try_finally(B&& body, C&& cleanup) {
    using T = typename std::invoke_result_t<std::decay_t<B>&>::value_type;
    return internal::elements_finally<T, std::decay_t<B>, std::decay_t<C>>(
        std::forward<B>(body), std::forward<C>(cleanup));
}

/// Calls `function(value)` for each value of a generator, and awaits what that gives, if it is work.
/// @throws what the generator or the function throws; the generator is closed then. On cancel: the same.
template<class T, class F>
    requires std::invocable<std::decay_t<F>&, T>
[[nodiscard]] auto for_each(AsyncGenerator<T> generator, F function) -> Task<> {
    while (auto value = co_await generator.next()) {
        if constexpr (Awaitable<std::invoke_result_t<F&, T>>) {
            auto work = function(static_cast<T&&>(*value));
            co_await std::move(work);
        } else {
            function(static_cast<T&&>(*value));
        }
    }
}

}  // namespace gyre

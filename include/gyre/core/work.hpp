#pragma once

#include <gyre/core/task.hpp>

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace gyre {

namespace internal {

template<class T>
struct AwaitedType;
template<class T>
    requires is_task<T>
struct AwaitedType<T> {
    using Type = typename T::value_type;
};
template<class T>
    requires std::is_base_of_v<Wait, T>
struct AwaitedType<T> {
    using Type = decltype(std::declval<T&>().await_resume());
};
template<class T>
    requires(!is_task<T> && !std::is_base_of_v<Wait, T> && HasCoAwait<T>)
struct AwaitedType<T> {
    using Given = decltype(std::declval<T>().operator co_await());
    template<class W>
    static auto type_of() {
        if constexpr (is_task<W>) {
            return std::type_identity<typename W::value_type>();
        } else {
            return std::type_identity<decltype(std::declval<W>().await_resume())>();
        }
    }
    using Type = typename decltype(type_of<Given>())::type;
};

}  // namespace internal

/// Something that `co_await` takes: a Task, a handle, a Future, or what a function of gyre returned.
template<class T>
concept Awaitable = requires { typename internal::AwaitedType<std::remove_cvref_t<T>>::Type; };

/// The type of `co_await value`.
template<Awaitable T>
using AwaitResult = typename internal::AwaitedType<std::remove_cvref_t<T>>::Type;

/// Where work is expected: an awaitable, or a callable that gives one. A callable is kept alive as long as its work runs.
template<class T, class... Arguments>
concept Work = Awaitable<T> || (std::invocable<std::decay_t<T>&, Arguments&...> &&
                                   Awaitable<std::invoke_result_t<std::decay_t<T>&, Arguments&...>>);

namespace internal {

/// Without a type for what is no work, so that overloads for ordinary functions can stand beside those for work.
template<class T, class... Arguments>
struct WorkType {};
template<class T, class... Arguments>
    requires(!Awaitable<T> && Work<T, Arguments...>)
struct WorkType<T, Arguments...> {
    using Type = AwaitResult<std::invoke_result_t<std::decay_t<T>&, Arguments&...>>;
};
template<Awaitable T, class... Arguments>
struct WorkType<T, Arguments...> {
    using Type = AwaitResult<T>;
};

/// The result of some work.
template<class T, class... Arguments>
using WorkResult = typename WorkType<T, Arguments...>::Type;

// Who gives the wrong thing as work is told so in one line, instead of in a list of the overloads that do not fit.

template<class T>
concept NoWork = !Work<T>;

template<class W, class... Arguments>
inline constexpr bool returns_no_awaitable = std::invocable<std::decay_t<W>&, Arguments&...>;
template<class W, class... Arguments>
    requires Work<W, Arguments...>
inline constexpr bool returns_no_awaitable<W, Arguments...> = false;

/// Stops the compiler where `W&&` is no work with any of the parameters, none or `Arguments`, or cannot be taken over.
/// @return whether it is fine.
template<class W, class... Arguments>
constexpr auto check_work() -> bool {
    constexpr bool is_work = Work<W> || Work<W, Arguments...>;
    constexpr bool is_function = returns_no_awaitable<W> || returns_no_awaitable<W, Arguments...>;
    constexpr bool can_be_taken = !is_work || std::constructible_from<std::decay_t<W>, W>;
    static_assert(can_be_taken,
        "this work has a name and cannot be copied: hand it over with std::move(task), since a Task runs once, for "
        "whoever "
        "takes it");
    static_assert(is_work || !is_function,
        "this function is no coroutine: work is an awaitable, or a function that returns one, such as a Task. An "
        "ordinary "
        "function runs on a thread: write to_thread(function), or spawn(function, {.executor = &pool})");
    static_assert(is_work || is_function,
        "this is no work: give an awaitable (a Task, a handle, what a function of gyre returned), or a function "
        "without "
        "parameters that returns one");
    return is_work && can_be_taken;
}

template<class W>
struct RefusedResult {
    using Type = void;
};
template<class W>
    requires std::invocable<std::decay_t<W>&>
struct RefusedResult<W> {
    using Type = std::invoke_result_t<std::decay_t<W>&>;
};
template<Work W>
struct RefusedResult<W> {
    using Type = WorkResult<W>;
};

/// What stands in place of a result where `check_work` has stopped the compiler, so that nothing follows from it. Never called.
template<class R>
[[noreturn]] auto refused() -> R {
    std::terminate();
}

template<Awaitable T>
auto await_as_task(T awaitable) -> Task<AwaitResult<T>> {
    co_return co_await std::move(awaitable);
}

/// The task that does the work; `work` stays where it is until the task has ended.
template<class T, class... Arguments>
auto begin_work(T& work, Arguments&... arguments) -> Task<WorkResult<T, Arguments...>> {
    if constexpr (is_task<T>) {
        return std::move(work);
    } else if constexpr (Awaitable<T>) {
        return await_as_task(std::move(work));
    } else {
        auto made = work(arguments...);
        if constexpr (is_task<decltype(made)>) {
            return made;
        } else {
            return await_as_task(std::move(made));
        }
    }
}

}  // namespace internal
}  // namespace gyre

#pragma once

#include <gyre/core/promise_base.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace gyre {

template<class T>
class Task;

namespace internal {

/// How a result of type T is kept in a frame: by value, as a pointer for references, boxed if it is over-aligned (the
/// position of every promise in its frame must be the same).
template<class T>
struct StoredResult {
    using Type = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*,
        std::conditional_t<(alignof(std::remove_reference_t<T>) > 16), std::unique_ptr<T>, T>>;
    template<class U>
    static auto store(void* place, U&& value) -> void {
        if constexpr (std::is_reference_v<T>) {
            ::new (place) Type(std::addressof(value));
        } else if constexpr (std::is_same_v<Type, T>) {
            ::new (place) T(std::forward<U>(value));
        } else {
            ::new (place) Type(std::make_unique<T>(std::forward<U>(value)));
        }
    }
    static auto take(Type& stored) -> T {
        if constexpr (std::is_same_v<Type, T>) {
            return std::move(stored);
        } else {
            return static_cast<T&&>(*stored);
        }
    }
};

template<class T>
class TaskPromise final : public PromiseBase {
public:
    TaskPromise() noexcept {}
    TaskPromise(const TaskPromise&) = delete;
    auto operator=(const TaskPromise&) -> TaskPromise& = delete;
    ~TaskPromise() {
        if (state == State::value) std::destroy_at(&value_);
    }

    auto get_return_object() noexcept -> Task<T>;

    template<class U = T>
        requires std::is_constructible_v<T, U>
    void return_value(U&& value) {
        StoredResult<T>::store(&value_, std::forward<U>(value));
        state = State::value;
    }
    void unhandled_exception() noexcept {
        // A destructor of a local may throw after co_return stored a value.
        if (state == State::value) std::destroy_at(&value_);
        fail();
    }

    /// The value, or throws the error. Once, when the frame is done.
    auto take() -> T {
        if (state == State::error) std::rethrow_exception(error());
        return StoredResult<T>::take(value_);
    }
    /// As it is kept. When the frame has ended with a value.
    [[nodiscard]] auto stored() noexcept -> typename StoredResult<T>::Type& { return value_; }

private:
    union {
        typename StoredResult<T>::Type value_;
    };
};

template<>
class TaskPromise<void> final : public PromiseBase {
public:
    TaskPromise() noexcept = default;

    auto get_return_object() noexcept -> Task<void>;
    void return_void() noexcept { state = State::value; }
    void unhandled_exception() noexcept { fail(); }
    void take() const {
        if (state == State::error) std::rethrow_exception(error());
    }
};

/// The promise of a frame that is known to belong to a `Task<T>`.
template<class T>
[[nodiscard]] auto promise_of(Frame& frame) noexcept -> TaskPromise<T>& {
    return static_cast<TaskPromise<T>&>(frame);
}

/// Destroys a frame at the end of a block.
class FrameGuard {
public:
    explicit FrameGuard(Frame& frame) noexcept : frame_(frame) {}
    FrameGuard(const FrameGuard&) = delete;
    auto operator=(const FrameGuard&) -> FrameGuard& = delete;
    ~FrameGuard() { frame_.destroy(); }

private:
    Frame& frame_;
};

/// Takes the result out of a frame that is done, and destroys the frame.
template<class T>
auto take_result(Frame& frame) -> T {
    FrameGuard guard(frame);
    return promise_of<T>(frame).take();
}

/// `co_await` of a child task: starts it in place.
template<class T>
class TaskAwaiter final : private ChildLink {
public:
    TaskAwaiter(Frame& parent, Frame& task) noexcept : parent_(parent) { child = &task; }
    TaskAwaiter(const TaskAwaiter&) = delete;
    auto operator=(const TaskAwaiter&) -> TaskAwaiter& = delete;
    ~TaskAwaiter() {
        if (child != nullptr) child->destroy();
    }

    auto await_ready() noexcept -> bool { return start_child(parent_, *this); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    auto await_resume() -> T { return take_result<T>(*std::exchange(child, nullptr)); }

private:
    Frame& parent_;
};

}  // namespace internal

/// A coroutine that gives a `T`: lazy, started by awaiting it or by handing it to `spawn`, `gather`, a group or a scope.
///
/// Move-only; destroying one that never started frees its arguments and does nothing else.
/// An exception that leaves the coroutine is thrown where it is awaited. When the scope around it is cancelled, the
/// frames from the innermost wait outward are destroyed, locals first, and no `catch` block runs.
/// Thread: made anywhere, awaited on one loop. Source: asyncio's coroutines, C++20 [dcl.fct.def.coroutine].
template<class T = void>
class [[nodiscard("a Task does nothing until it is awaited or spawned")]] Task {
public:
    using promise_type = internal::TaskPromise<T>;
    using value_type = T;

    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    auto operator=(Task&& other) noexcept -> Task& {
        std::swap(frame_, other.frame_);
        return *this;
    }
    Task(const Task&) = delete;
    auto operator=(const Task&) -> Task& = delete;
    ~Task() {
        if (frame_ != nullptr) internal::drop_unstarted(*frame_);
    }

    /// False once the task was moved from, awaited or spawned.
    [[nodiscard]] auto valid() const noexcept -> bool { return frame_ != nullptr; }

    /// Hands over the frame; for the library's own awaitables. @throws InvalidStateError if there is none.
    [[nodiscard]] auto release() -> internal::Frame& {
        if (frame_ == nullptr) internal::throw_empty_task();
        return *std::exchange(frame_, nullptr);
    }

private:
    friend promise_type;
    explicit Task(internal::Frame& frame) noexcept : frame_(&frame) {}

    internal::Frame* frame_;
};

namespace internal {

template<class T>
auto TaskPromise<T>::get_return_object() noexcept -> Task<T> {
    static_assert(alignof(TaskPromise) <= 16, "the position of a promise in its frame is fixed");
    return Task<T>(*this);
}

inline auto TaskPromise<void>::get_return_object() noexcept -> Task<void> { return Task<void>(*this); }

template<class T>
inline constexpr bool is_task = false;
template<class T>
inline constexpr bool is_task<Task<T>> = true;

template<class Awaitable>
auto PromiseBase::await_transform(Awaitable&& awaitable, std::source_location where) -> decltype(auto) {
    using Plain = std::remove_cvref_t<Awaitable>;
    stand_at(where);
    if constexpr (is_task<Plain>) {
        static_assert(!std::is_lvalue_reference_v<Awaitable>, "a Task is awaited once: co_await std::move(task)");
        return TaskAwaiter<typename Plain::value_type>(*this, awaitable.release());
    } else if constexpr (std::is_base_of_v<Wait, Plain>) {
        awaitable.attach(*this);
        return WaitReference<Plain>(awaitable);
    } else {
        static_assert(HasCoAwait<Awaitable>,
            "not awaitable in gyre: await a Task, a handle, a Future or another awaitable of gyre; callbacks and "
            "foreign awaitables are adapted with gyre::Promise");
        auto wait = static_cast<Awaitable&&>(awaitable).operator co_await();
        using Given = decltype(wait);
        if constexpr (is_task<Given>) {
            return TaskAwaiter<typename Given::value_type>(*this, wait.release());
        } else {
            wait.attach(*this);
            return wait;
        }
    }
}

}  // namespace internal
}  // namespace gyre

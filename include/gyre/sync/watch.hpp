#pragma once

#include <gyre/sync/passage.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gyre {

/// What a `Watch` has seen.
struct WatchStatistics {
    std::uint64_t change_count = 0;    ///< How often the value was set.
    std::size_t waiting_watchers = 0;  ///< Tasks that wait in `changed`.
};

namespace internal {

template<class T>
class WatchState final : public PassageCore {
public:
    WatchState(T&& initial, std::string_view called) : PassageCore(Form::watch, 1, called), value(std::move(initial)) {}

    void changed() noexcept {
        ++accepted;
        takers.finish_all(Ending::done);
    }

    T value;
};

/// How far one watcher has looked.
template<class T>
struct WatchCursor {
    explicit WatchCursor(std::shared_ptr<WatchState<T>> watched) noexcept
        : state(std::move(watched)), seen(state->accepted) {}

    std::shared_ptr<WatchState<T>> state;
    std::uint64_t seen;
};

template<class T>
class [[nodiscard("co_await it")]] ChangedWait final : public TransferWait {
public:
    explicit ChangedWait(std::shared_ptr<WatchCursor<T>> cursor) noexcept
        : TransferWait(*cursor->state, cursor->state->takers, 0), cursor_(std::move(cursor)) {}

    [[nodiscard]] auto await_ready() const -> bool {
        core_->require_loop(scheduler());
        return (cursor_->seen != core_->accepted || core_->give_closed) && !interrupted();
    }
    void await_suspend(std::coroutine_handle<>) noexcept { wait_in_line(); }
    auto await_resume() noexcept -> bool { return std::exchange(cursor_->seen, core_->accepted) != core_->accepted; }

private:
    std::shared_ptr<WatchCursor<T>> cursor_;
};

}  // namespace internal

/// Looks at the value of a `Watch`, and waits until it changes. Copies look on their own from then on.
///
/// Thread: one loop's. Source: tokio::sync::watch::Receiver.
template<class T>
class Watcher {
public:
    explicit Watcher(std::shared_ptr<internal::WatchState<T>> state)
        : cursor_(std::make_shared<internal::WatchCursor<T>>(std::move(state))) {}
    Watcher(const Watcher& other) : cursor_(std::make_shared<internal::WatchCursor<T>>(*other.cursor_)) {}
    Watcher(Watcher&&) noexcept = default;
    auto operator=(Watcher other) noexcept -> Watcher& {
        std::swap(cursor_, other.cursor_);
        return *this;
    }
    ~Watcher() = default;

    /// Waits until the value was set since this watcher last knew of it; passes at once if it was. Several changes in
    /// between are one. @return false when the `Watch` is closed and there is no change left to tell:
    /// `while (co_await watcher.changed())`. @throws InvalidStateError for a watch of another loop.
    /// On cancel: stops waiting; what it did not tell is told next time.
    [[nodiscard]] auto changed() const noexcept { return internal::ChangedWait<T>(cursor_); }
    /// Whether `changed` would tell a change at once.
    [[nodiscard]] auto has_changed() const noexcept -> bool { return cursor_->seen != cursor_->state->accepted; }
    /// The present value; the reference holds until the next suspension. The change still counts as not told.
    [[nodiscard]] auto borrow() const noexcept -> const T& { return cursor_->state->value; }
    /// The present value, which counts as told.
    [[nodiscard]] auto borrow_and_update() const noexcept -> const T& {
        cursor_->seen = cursor_->state->accepted;
        return borrow();
    }
    /// Whether the value will never change again.
    [[nodiscard]] auto is_closed() const noexcept -> bool { return cursor_->state->give_closed; }

private:
    std::shared_ptr<internal::WatchCursor<T>> cursor_;
};

/// The latest value of something, for many who want to know it when it changes: settings, states, health. Values in between
/// are not kept. Destroying it closes it.
///
/// Thread: one loop. Source: tokio::sync::watch.
template<class T>
class Watch {
public:
    /// @param initial the first value, which nobody is told of. @param name shown in dumps and errors.
    explicit Watch(T initial, std::string_view name = {})
        : state_(std::make_shared<internal::WatchState<T>>(std::move(initial), name)) {}
    Watch(const Watch&) = delete;
    auto operator=(const Watch&) -> Watch& = delete;
    ~Watch() { end(); }

    /// Sets the value and wakes all who wait, in the order in which they came, also if it is equal to the old one.
    /// @throws ChannelClosed after `close`.
    void set(T value) {
        require_open("set");
        state_->value = std::move(value);
        state_->changed();
    }
    /// Changes the value in place: `change(T&)`. If that returns a bool, false means that nothing changed and wakes nobody.
    /// If it throws, nobody is woken. @throws ChannelClosed after `close`; what `change` throws.
    template<std::invocable<T&> F>
    void update(F&& change) {
        require_open("update");
        if constexpr (std::is_same_v<std::invoke_result_t<F, T&>, bool>) {
            if (!std::invoke(std::forward<F>(change), state_->value)) return;
        } else {
            std::invoke(std::forward<F>(change), state_->value);
        }
        state_->changed();
    }
    /// The present value; the reference holds until the next suspension.
    [[nodiscard]] auto borrow() const noexcept -> const T& { return state_->value; }

    /// A new watcher, which knows the present value.
    [[nodiscard]] auto subscribe() const -> Watcher<T> { return Watcher<T>(state_); }

    /// The value stays as it is: who waits gets false. Idempotent.
    void close() {
        state_->require_loop_of_waiters();
        end();
    }
    [[nodiscard]] auto is_closed() const noexcept -> bool { return state_->give_closed; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_->name; }
    [[nodiscard]] auto statistics() const noexcept -> WatchStatistics {
        WatchStatistics figures;
        figures.change_count = state_->accepted;
        figures.waiting_watchers = state_->takers.count();
        return figures;
    }

private:
    void require_open(std::string_view operation) const {
        state_->require_loop_of_waiters();
        if (state_->give_closed) state_->throw_ended(internal::Ending::own_closed, operation);
    }
    void end() noexcept {
        state_->give_closed = true;
        state_->takers.finish_all(internal::Ending::other_closed);
    }

    std::shared_ptr<internal::WatchState<T>> state_;
};

}  // namespace gyre

#pragma once

#include <gyre/sync/shared_passage.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre {

namespace internal {

template<class T>
using SharedState = std::shared_ptr<SharedPassage<T>>;

template<class T>
class [[nodiscard("co_await it")]] SharedSendWait final : public SharedTaskWait {
public:
    SharedSendWait(SharedState<T> state, T&& item, std::uint64_t end)
        : SharedTaskWait(*state, state->givers, end, WaitKind::send),
          state_(std::move(state)),
          item_(store_item<T>(std::move(item))) {}

    [[nodiscard]] auto await_ready() -> bool {
        if (interrupted()) return false;
        place = &item_;
        prepare();
        return attempted(state_->attempt(item_, this));
    }
    void await_resume() const {
        if (ending != Ending::done) core_->throw_ended(ending, "send");
    }

private:
    SharedState<T> state_;
    StoredItem<T> item_;
};

template<class T>
class [[nodiscard("co_await it")]] SharedReceiveWait final : public SharedTaskWait {
public:
    SharedReceiveWait(SharedState<T> state, std::uint64_t end) noexcept
        : SharedTaskWait(*state, state->takers, end, WaitKind::receive), state_(std::move(state)) {}

    [[nodiscard]] auto await_ready() -> bool {
        if (interrupted()) return false;
        place = &slot_;
        prepare();
        return attempted(state_->attempt(slot_, this));
    }
    [[nodiscard]] auto await_resume() -> std::optional<T> {
        if (ending == Ending::own_closed) core_->throw_ended(ending, "receive");
        if (!slot_.has_value()) return std::nullopt;
        return std::optional<T>(std::move(item_in<T>(*slot_)));
    }

private:
    SharedState<T> state_;
    std::optional<StoredItem<T>> slot_;
};

/// What both ends have in common: which one it is, and whether it is closed. `close` may come from any thread.
template<class T>
class SharedEnd {
public:
    explicit SharedEnd(SharedState<T> state) : state_(std::move(state)) {}
    SharedEnd(SharedEnd&& other) noexcept : state_(other.state_), end_(other.take_end()) {}
    auto operator=(SharedEnd&& other) noexcept -> SharedEnd& {
        std::swap(state_, other.state_);
        end_.store(other.end_.exchange(end_.load()));
        return *this;
    }
    ~SharedEnd() = default;

    [[nodiscard]] auto end() const noexcept -> std::uint64_t { return end_.load(std::memory_order_relaxed); }
    [[nodiscard]] auto take_end() noexcept -> std::uint64_t { return end_.exchange(0, std::memory_order_relaxed); }
    /// Counts this end in `count`, and gives it its number.
    void open(std::size_t SharedCore::* count) {
        const std::lock_guard lock(state_->mutex);
        ++((*state_).*count);
        end_.store(++state_->last_end, std::memory_order_relaxed);
    }
    /// @throws ChannelClosed if it is closed. @return its number.
    [[nodiscard]] auto require_open(std::string_view operation) const -> std::uint64_t {
        const std::uint64_t number = end();
        if (number == 0) state_->throw_ended(Ending::own_closed, operation);
        return number;
    }
    [[nodiscard]] auto state() const noexcept -> const SharedState<T>& { return state_; }
    [[nodiscard]] auto statistics() const -> ChannelStatistics {
        const std::lock_guard lock(state_->mutex);
        ChannelStatistics figures;
        figures.buffered = state_->items.size();
        figures.peak_buffered = state_->peak;
        figures.capacity = state_->capacity;
        figures.open_senders = state_->senders;
        figures.open_receivers = state_->receivers;
        figures.waiting_senders = state_->givers.count();
        figures.waiting_receivers = state_->takers.count();
        figures.sent_count = state_->accepted;
        figures.received_count = state_->taken;
        return figures;
    }

private:
    SharedState<T> state_;
    std::atomic<std::uint64_t> end_{0};  ///< 0: closed. Written by whoever opens, closes or moves it.
};

}  // namespace internal

/// The sending end of a channel between loops and threads. Move-only; `clone` makes another one. Dropping it closes it.
///
/// Thread: any, and several at once, but for moving and destroying it. Source: curio.UniversalQueue, janus.
template<class T>
class SharedSender {
public:
    using value_type = T;

    explicit SharedSender(internal::SharedState<T> state) : end_(std::move(state)) {
        end_.open(&internal::SharedCore::senders);
    }
    SharedSender(SharedSender&&) noexcept = default;
    auto operator=(SharedSender&&) noexcept -> SharedSender& = default;
    ~SharedSender() { close(); }

    /// Sends `item` from a task, waiting until there is room, or at capacity 0 until somebody receives.
    /// @throws ChannelClosed if every receiver is closed, or this end is, also while it waits.
    /// On cancel: the item was not sent; it is destroyed with the wait.
    [[nodiscard]] auto send(T item) const {
        const std::uint64_t end = end_.require_open("send");
        return internal::SharedSendWait<T>(end_.state(), std::move(item), end);
    }
    /// Sends `item` from a thread without a loop, which blocks until there is room.
    /// @throws ChannelClosed as `send`; InvalidStateError where a loop runs on this thread.
    void send_blocking(T item) const {
        const std::uint64_t end = end_.require_open("send_blocking");
        end_.state()->require_no_loop("send_blocking");
        auto stored = internal::store_item<T>(std::move(item));
        internal::SharedThreadWait waiter(&stored, end);
        internal::Ending ending = end_.state()->attempt(stored, &waiter);
        if (ending == internal::Ending::none) {
            waiter.wait(end_.state()->mutex);
            ending = waiter.ending;
        }
        if (ending != internal::Ending::done) end_.state()->throw_ended(ending, "send_blocking");
    }
    /// Sends `item` if that needs no waiting. Never blocks. @return false if it does: an rvalue is as it was then, unless it
    /// travels boxed (see `channel`). @throws ChannelClosed.
    auto try_send(T&& item) const -> bool {
        static_cast<void>(end_.require_open("try_send"));
        if constexpr (internal::boxed_item<T>) {
            auto stored = internal::store_item<T>(std::move(item));
            return give_now(stored);
        } else {
            return give_now(item);
        }
    }
    auto try_send(const T& item) const -> bool
        requires std::copy_constructible<T>
    {
        return try_send(T(item));
    }

    /// Another sending end of the same channel. @throws ChannelClosed if this one is closed.
    [[nodiscard]] auto clone() const -> SharedSender {
        static_cast<void>(end_.require_open("clone"));
        return SharedSender(end_.state());
    }
    /// Closes this end; who waits in its `send` gets ChannelClosed. After the last sender, receivers get what is left and
    /// then empty. Idempotent.
    void close() noexcept {
        if (const std::uint64_t end = end_.take_end()) end_.state()->close_sender(end);
    }
    [[nodiscard]] auto is_closed() const noexcept -> bool { return end_.end() == 0; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return end_.state()->name; }
    [[nodiscard]] auto statistics() const -> ChannelStatistics { return end_.statistics(); }

private:
    auto give_now(internal::StoredItem<T>& stored) const -> bool {
        const internal::Ending ending = end_.state()->attempt(stored, nullptr);
        if (ending == internal::Ending::none) return false;
        if (ending != internal::Ending::done) end_.state()->throw_ended(ending, "try_send");
        return true;
    }

    internal::SharedEnd<T> end_;
};

/// The receiving end of a channel between loops and threads. Move-only; `clone` makes another one, and each item goes to one
/// of them. Dropping it closes it.
///
/// Thread: any, and several at once, but for moving and destroying it. Source: curio.UniversalQueue, janus.
template<class T>
class SharedReceiver {
public:
    using value_type = T;

    explicit SharedReceiver(internal::SharedState<T> state) : end_(std::move(state)) {
        end_.open(&internal::SharedCore::receivers);
    }
    SharedReceiver(SharedReceiver&&) noexcept = default;
    auto operator=(SharedReceiver&&) noexcept -> SharedReceiver& = default;
    ~SharedReceiver() { close(); }

    /// Receives the next item in a task, waiting for one. @return empty when every sender is closed and nothing is left.
    /// @throws ChannelClosed if this end is closed, also while it waits. On cancel: nothing was taken.
    [[nodiscard]] auto receive() const {
        const std::uint64_t end = end_.require_open("receive");
        return internal::SharedReceiveWait<T>(end_.state(), end);
    }
    /// As `receive`: the name that generators have.
    [[nodiscard]] auto next() const { return receive(); }
    /// Receives the next item in a thread without a loop, which blocks until there is one. @return as `receive`.
    /// @throws ChannelClosed as `receive`; InvalidStateError where a loop runs on this thread.
    [[nodiscard]] auto receive_blocking() const -> std::optional<T> {
        const std::uint64_t end = end_.require_open("receive_blocking");
        end_.state()->require_no_loop("receive_blocking");
        std::optional<internal::StoredItem<T>> slot;
        internal::SharedThreadWait waiter(&slot, end);
        internal::Ending ending = end_.state()->attempt(slot, &waiter);
        if (ending == internal::Ending::none) {
            waiter.wait(end_.state()->mutex);
            ending = waiter.ending;
        }
        if (ending == internal::Ending::own_closed) end_.state()->throw_ended(ending, "receive_blocking");
        return out_of(slot);
    }
    /// The next item if there is one now, else empty. Never blocks. @throws ChannelClosed if this end is closed.
    [[nodiscard]] auto try_receive() const -> std::optional<T> {
        static_cast<void>(end_.require_open("try_receive"));
        std::optional<internal::StoredItem<T>> slot;
        static_cast<void>(end_.state()->attempt(slot, nullptr));
        return out_of(slot);
    }

    /// Another receiving end of the same channel. @throws ChannelClosed if this one is closed.
    [[nodiscard]] auto clone() const -> SharedReceiver {
        static_cast<void>(end_.require_open("clone"));
        return SharedReceiver(end_.state());
    }
    /// Closes this end; who waits in its `receive` gets ChannelClosed. After the last receiver what is left is dropped, and
    /// senders get ChannelClosed. Idempotent.
    void close() noexcept {
        if (const std::uint64_t end = end_.take_end()) end_.state()->close_receiver(end);
    }
    [[nodiscard]] auto is_closed() const noexcept -> bool { return end_.end() == 0; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return end_.state()->name; }
    [[nodiscard]] auto statistics() const -> ChannelStatistics { return end_.statistics(); }

private:
    [[nodiscard]] static auto out_of(std::optional<internal::StoredItem<T>>& slot) -> std::optional<T> {
        if (!slot.has_value()) return std::nullopt;
        return std::optional<T>(std::move(internal::item_in<T>(*slot)));
    }

    internal::SharedEnd<T> end_;
};

/// The two ends of a new channel between loops and threads.
template<class T>
struct SharedChannelEnds {
    SharedChannelEnds(SharedSender<T> sending, SharedReceiver<T> receiving) noexcept
        : sender(std::move(sending)), receiver(std::move(receiving)) {}

    SharedSender<T> sender;
    SharedReceiver<T> receiver;
};

/// A channel between tasks of any loops and plain threads: the same ends for all of them, back-pressure both ways, fair in
/// the order of arrival whoever waits. Between tasks of one loop `channel` is several times cheaper.
/// A wait on it counts as one that another thread can end, because nobody can know who has the other end: in simulated time
/// a program that waits for itself through such a channel hangs, where one with a `channel` ends with DeadlockError.
/// @param capacity how many items it holds; 0: `send` waits for a receiver to take the item; `gyre::unbounded`: no limit.
/// @param name     shown in dumps and errors. Thread: any. Source: curio.UniversalQueue, janus.Queue.
template<class T>
[[nodiscard]] auto shared_channel(std::size_t capacity, std::string_view name = {}) -> SharedChannelEnds<T> {
    const auto state = std::make_shared<internal::SharedPassage<T>>(capacity, name);
    SharedSender<T> sender(state);
    SharedReceiver<T> receiver(state);
    return SharedChannelEnds<T>(std::move(sender), std::move(receiver));
}

}  // namespace gyre

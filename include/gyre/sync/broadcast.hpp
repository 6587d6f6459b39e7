#pragma once

#include <gyre/sync/passage.hpp>

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {

/// What a `Broadcast` does about a subscriber that is slower than the others.
enum class OnLag : std::uint8_t {
    report,  ///< Its oldest items are dropped; its next `receive` throws a LaggedError that counts them.
    wait,    ///< `send` waits for it.
};

/// How a `Broadcast` behaves.
struct BroadcastOptions {
    OnLag on_lag = OnLag::report;
    std::string_view name = {};  ///< Shown in dumps and errors.
};

/// What a `Broadcast` has seen and holds.
struct BroadcastStatistics {
    std::size_t buffered = 0;         ///< Items that some subscriber has not taken.
    std::size_t peak_buffered = 0;    ///< The most there ever were.
    std::size_t capacity = 0;         ///< How far a subscriber may be behind.
    std::size_t subscribers = 0;      ///< Open subscriptions.
    std::size_t waiting_senders = 0;  ///< Tasks that wait in `send`.
    std::size_t waiting_subscribers = 0;
    std::uint64_t sent_count = 0;    ///< Items sent since the beginning.
    std::uint64_t missed_count = 0;  ///< Items that slow subscribers were told they missed, summed over all.
};

namespace internal {

/// The last items, each with the number of subscribers that have not taken it.
template<class T>
class BroadcastState final : public PassageCore {
public:
    struct Entry {
        StoredItem<T> item;
        std::size_t readers;  ///< Who has still to take it.
    };

    BroadcastState(std::size_t room, OnLag lag, std::string_view called)
        : PassageCore(Form::broadcast, room, called), on_lag(lag) {}

    [[nodiscard]] auto tail() const noexcept -> std::uint64_t { return first + entries.size(); }

    /// Takes `item` if there is room, or if it makes some. `none`: a subscriber is in the way.
    [[nodiscard]] auto publish(StoredItem<T>& item) -> Ending {
        if (give_closed) return Ending::own_closed;
        if (subscribers != 0) {
            if (entries.size() >= capacity) {
                if (on_lag == OnLag::wait) return Ending::none;
                drop_first();
            }
            entries.push(Entry{std::move(item), subscribers});
            peak = std::max(peak, entries.size());
        }
        ++accepted;
        takers.finish_all(Ending::done);
        return Ending::done;
    }

    /// One subscriber has read, or will never read, the item at `index`.
    void release(std::size_t index) noexcept { --entries[index].readers; }
    /// What everybody has taken goes, and senders that waited for that come in.
    void advance();
    void drop_first() noexcept {
        entries.drop();
        ++first;
    }

    Ring<Entry> entries;
    std::uint64_t first = 0;  ///< The number of the oldest entry.
    std::uint64_t missed = 0;
    std::size_t subscribers = 0;
    OnLag on_lag;
};

/// Where one subscriber is.
template<class T>
class BroadcastCursor {
public:
    explicit BroadcastCursor(std::shared_ptr<BroadcastState<T>> state, std::uint64_t from) noexcept
        : state_(std::move(state)), next_(from) {
        ++state_->subscribers;
    }
    BroadcastCursor(const BroadcastCursor&) = delete;
    auto operator=(const BroadcastCursor&) -> BroadcastCursor& = delete;
    ~BroadcastCursor() = default;

    [[nodiscard]] auto state() const noexcept -> BroadcastState<T>& { return *state_; }
    [[nodiscard]] auto shared_state() const noexcept -> const std::shared_ptr<BroadcastState<T>>& { return state_; }
    [[nodiscard]] auto is_open() const noexcept -> bool { return open_; }
    [[nodiscard]] auto position() const noexcept -> std::uint64_t { return next_; }
    [[nodiscard]] auto has_next() const noexcept -> bool { return next_ < state_->tail(); }

    /// The next item, which must be there. @throws LaggedError if it was dropped; what T's copy throws, and then it is
    /// taken next time.
    auto take() -> T {
        if (next_ < state_->first) throw_lagged();
        const std::size_t index = next_ - state_->first;
        T copy = copy_at(index);
        ++next_;
        ++state_->taken;
        state_->release(index);
        state_->advance();
        return copy;
    }
    void close() noexcept {
        if (!std::exchange(open_, false)) return;
        --state_->subscribers;
        const std::uint64_t from = std::max(next_, state_->first);
        for (std::uint64_t number = from; number < state_->tail(); ++number) state_->release(number - state_->first);
        if (waiting != nullptr && waiting->linked()) state_->takers.finish(*waiting, Ending::own_closed);
        state_->advance();
    }

    TransferWait* waiting = nullptr;  ///< The task that receives with it.

private:
    /// The last reader takes the item itself.
    auto copy_at(std::size_t index) -> T {
        auto& entry = state_->entries[index];
        if (entry.readers == 1) return std::move(item_in<T>(entry.item));
        return item_in<T>(entry.item);
    }
    [[noreturn]] void throw_lagged() {
        const std::uint64_t missed = state_->first - next_;
        next_ = state_->first;
        state_->missed += missed;
        throw LaggedError(
            state_->title() + ": a subscriber was too slow and missed " + std::to_string(missed) + " items", missed);
    }

    std::shared_ptr<BroadcastState<T>> state_;
    std::uint64_t next_;
    bool open_ = true;
};

template<class T>
class [[nodiscard("co_await it")]] BroadcastSendWait final : public TransferWait {
public:
    BroadcastSendWait(std::shared_ptr<BroadcastState<T>> state, T&& item)
        : TransferWait(*state, state->givers, 0), state_(std::move(state)), item_(store_item<T>(std::move(item))) {}

    [[nodiscard]] auto await_ready() -> bool {
        core_->require_loop(scheduler());
        if (interrupted()) return false;
        ending_ = state_->publish(item_);
        return ending_ != Ending::none;
    }
    void await_suspend(std::coroutine_handle<>) noexcept { wait_in_line(); }
    void await_resume() const {
        if (ending_ != Ending::done) core_->throw_ended(ending_, "send");
    }
    [[nodiscard]] auto item() noexcept -> StoredItem<T>& { return item_; }

private:
    std::shared_ptr<BroadcastState<T>> state_;
    StoredItem<T> item_;
};

template<class T>
void BroadcastState<T>::advance() {
    while (entries.size() != 0 && entries[0].readers == 0) drop_first();
    while (givers.count() != 0 && (entries.size() < capacity || subscribers == 0)) {
        auto& giver = static_cast<BroadcastSendWait<T>&>(*givers.front());
        static_cast<void>(publish(giver.item()));
        givers.finish(giver, Ending::done);
    }
}

[[noreturn]] void throw_subscription_shared(const PassageCore& core);

template<class T>
class [[nodiscard("co_await it")]] BroadcastReceiveWait final : public TransferWait {
public:
    explicit BroadcastReceiveWait(std::shared_ptr<BroadcastCursor<T>> cursor) noexcept
        : TransferWait(cursor->state(), cursor->state().takers, 0), cursor_(std::move(cursor)) {}
    BroadcastReceiveWait(BroadcastReceiveWait&&) noexcept = default;
    auto operator=(BroadcastReceiveWait&&) -> BroadcastReceiveWait& = delete;
    ~BroadcastReceiveWait() { leave(); }

    [[nodiscard]] auto await_ready() -> bool {
        core_->require_loop(scheduler());
        if (cursor_->waiting != nullptr) throw_subscription_shared(*core_);
        if (interrupted()) return false;
        return !cursor_->is_open() || cursor_->has_next() || core_->give_closed;
    }
    void await_suspend(std::coroutine_handle<>) noexcept {
        cursor_->waiting = this;
        wait_in_line();
    }
    [[nodiscard]] auto await_resume() -> std::optional<T> {
        leave();
        if (!cursor_->is_open()) core_->throw_ended(Ending::own_closed, "receive");
        if (!cursor_->has_next()) return std::nullopt;
        return std::optional<T>(cursor_->take());
    }

private:
    void leave() noexcept {
        if (cursor_ != nullptr && cursor_->waiting == this) cursor_->waiting = nullptr;
    }

    std::shared_ptr<BroadcastCursor<T>> cursor_;
};

}  // namespace internal

/// One listener of a `Broadcast`: gets every item that is sent from when it was made. Move-only. Dropping it unsubscribes.
///
/// Thread: one loop's. Source: tokio::sync::broadcast::Receiver.
template<class T>
class Subscription {
public:
    explicit Subscription(std::shared_ptr<internal::BroadcastCursor<T>> cursor) noexcept : cursor_(std::move(cursor)) {}
    Subscription(Subscription&&) noexcept = default;
    auto operator=(Subscription&& other) noexcept -> Subscription& {
        std::swap(cursor_, other.cursor_);
        return *this;
    }
    ~Subscription() { close(); }

    /// Receives the next item, waiting for one. @return empty when the broadcast is closed and nothing is left.
    /// @throws LaggedError once if items were dropped because this one is slow: the next call gives the oldest that is left;
    /// ChannelClosed if this subscription is closed, also while it waits; InvalidStateError while another task receives
    /// with it, or for a broadcast of another loop; what T's copy throws, and the item is still there then.
    /// On cancel: nothing was taken.
    [[nodiscard]] auto receive() const noexcept { return internal::BroadcastReceiveWait<T>(cursor_); }
    /// As `receive`: the name that generators have.
    [[nodiscard]] auto next() const noexcept { return receive(); }
    /// The next item if there is one now, else empty. @throws LaggedError as `receive`; ChannelClosed.
    [[nodiscard]] auto try_receive() const -> std::optional<T> {
        cursor_->state().require_loop_of_waiters();
        if (!cursor_->is_open()) cursor_->state().throw_ended(internal::Ending::own_closed, "try_receive");
        if (!cursor_->has_next()) return std::nullopt;
        return std::optional<T>(cursor_->take());
    }
    /// Another subscription, which is where this one is. @throws ChannelClosed if this one is closed.
    [[nodiscard]] auto clone() const -> Subscription {
        auto& state = cursor_->state();
        if (!cursor_->is_open()) state.throw_ended(internal::Ending::own_closed, "clone");
        const std::uint64_t from = std::max(cursor_->position(), state.first);
        auto copy = std::make_shared<internal::BroadcastCursor<T>>(cursor_->shared_state(), cursor_->position());
        for (std::uint64_t number = from; number < state.tail(); ++number) {
            ++state.entries[number - state.first].readers;
        }
        return Subscription(std::move(copy));
    }
    /// Unsubscribes. A task that waits in `receive` gets ChannelClosed. Idempotent.
    void close() noexcept {
        if (cursor_ != nullptr) cursor_->close();
    }

private:
    std::shared_ptr<internal::BroadcastCursor<T>> cursor_;
};

/// Sends each item to every subscriber. T is copied, once for each subscriber but the last.
///
/// Items are kept once, whoever still needs them, and at most `capacity` of them: what happens to a subscriber that is
/// further behind, `OnLag` says. An item that is sent while nobody subscribes is gone. Destroying it closes it.
/// Thread: one loop. Source: tokio::sync::broadcast.
template<std::copy_constructible T>
class Broadcast {
public:
    /// @param capacity how far a subscriber may be behind, at least 1. @throws std::invalid_argument for 0.
    explicit Broadcast(std::size_t capacity, BroadcastOptions options = {})
        : state_(std::make_shared<internal::BroadcastState<T>>(checked(capacity), options.on_lag, options.name)) {}
    Broadcast(const Broadcast&) = delete;
    auto operator=(const Broadcast&) -> Broadcast& = delete;
    ~Broadcast() { end(); }

    /// Sends `item` to all who subscribe now. With `OnLag::wait` it waits until every one of them has room for it.
    /// @throws ChannelClosed after `close`, also if it comes while this waits; InvalidStateError for one of another loop.
    /// On cancel: nobody gets the item.
    [[nodiscard]] auto send(T item) { return internal::BroadcastSendWait<T>(state_, std::move(item)); }
    /// Sends `item` if that needs no waiting: with `OnLag::report`, always. @return whether it did. @throws ChannelClosed.
    auto try_send(T item) -> bool {
        state_->require_loop_of_waiters();
        auto stored = internal::store_item<T>(std::move(item));
        const internal::Ending ending = state_->publish(stored);
        if (ending == internal::Ending::own_closed) state_->throw_ended(ending, "try_send");
        return ending == internal::Ending::done;
    }
    /// A new subscription, which gets what is sent from now on.
    [[nodiscard]] auto subscribe() -> Subscription<T> {
        return Subscription<T>(std::make_shared<internal::BroadcastCursor<T>>(state_, state_->tail()));
    }
    /// Nothing more comes: subscribers get what is left and then empty; a `send` that waits gets ChannelClosed. Idempotent.
    void close() {
        state_->require_loop_of_waiters();
        end();
    }
    [[nodiscard]] auto is_closed() const noexcept -> bool { return state_->give_closed; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_->name; }
    [[nodiscard]] auto statistics() const noexcept -> BroadcastStatistics {
        BroadcastStatistics figures;
        figures.buffered = state_->entries.size();
        figures.peak_buffered = state_->peak;
        figures.capacity = state_->capacity;
        figures.subscribers = state_->subscribers;
        figures.waiting_senders = state_->givers.count();
        figures.waiting_subscribers = state_->takers.count();
        figures.sent_count = state_->accepted;
        figures.missed_count = state_->missed;
        return figures;
    }

private:
    [[nodiscard]] static auto checked(std::size_t capacity) -> std::size_t {
        if (capacity == 0) throw std::invalid_argument("Broadcast: its capacity is at least 1");
        return capacity;
    }
    void end() noexcept {
        state_->give_closed = true;
        state_->givers.finish_all(internal::Ending::own_closed);
        state_->takers.finish_all(internal::Ending::other_closed);
    }

    std::shared_ptr<internal::BroadcastState<T>> state_;
};

}  // namespace gyre

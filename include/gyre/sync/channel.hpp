#pragma once

#include <gyre/sync/channel_statistics.hpp>
#include <gyre/sync/passage.hpp>

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
class ChannelState;

/// Counts the ends and waits that keep a channel alive. Not atomic: a channel belongs to one loop.
template<class T>
class ChannelPointer {
public:
    explicit ChannelPointer(ChannelState<T>* state) noexcept : state_(state) { ++state_->references; }
    ChannelPointer(const ChannelPointer& other) noexcept : state_(other.state_) {
        if (state_ != nullptr) ++state_->references;
    }
    ChannelPointer(ChannelPointer&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    auto operator=(ChannelPointer other) noexcept -> ChannelPointer& {
        std::swap(state_, other.state_);
        return *this;
    }
    ~ChannelPointer() {
        if (state_ != nullptr && --state_->references == 0) [[unlikely]]
            destroy(state_);
    }
    auto operator*() const noexcept -> ChannelState<T>& { return *state_; }
    auto operator->() const noexcept -> ChannelState<T>* { return state_; }
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    // Each wait counts itself in and out: that is a step or two only where the end of the channel is not part of it.
    [[gnu::noinline]] static void destroy(ChannelState<T>* state) noexcept { delete state; }

    ChannelState<T>* state_;
};

template<class T>
class ChannelState final : public Passage<Ring<T>> {
public:
    ChannelState(std::size_t capacity, std::string_view name)
        : Passage<Ring<T>>(PassageCore::Form::channel, capacity, name, Ring<T>()) {}

    void close_sender(std::uint64_t end) noexcept {
        this->close_end(this->givers, end);
        if (--senders != 0) return;
        this->give_closed = true;
        this->takers.finish_all(Ending::other_closed);  // who waits has found it empty
    }
    void close_receiver(std::uint64_t end) noexcept {
        this->close_end(this->takers, end);
        if (--receivers != 0) return;
        this->give_closed = this->take_closed = true;
        this->givers.finish_all(Ending::other_closed);
        this->discard();
    }
    [[nodiscard]] auto statistics() const noexcept -> ChannelStatistics {
        ChannelStatistics figures;
        figures.buffered = this->items.size();
        figures.peak_buffered = this->peak;
        figures.capacity = this->capacity;
        figures.open_senders = senders;
        figures.open_receivers = receivers;
        figures.waiting_senders = this->givers.count();
        figures.waiting_receivers = this->takers.count();
        figures.sent_count = this->accepted;
        figures.received_count = this->taken;
        return figures;
    }

    std::size_t references = 0;
    std::size_t senders = 0;
    std::size_t receivers = 0;
    std::uint64_t last_end = 0;
};

/// A wait of a channel, which it keeps alive.
template<class T, class Base>
class [[nodiscard("co_await it")]] ChannelWait final : public Base {
public:
    template<class... Arguments>
    ChannelWait(const ChannelPointer<T>& state, Arguments&&... arguments)
        : Base(*state, std::forward<Arguments>(arguments)...), keep_(state) {}

private:
    ChannelPointer<T> keep_;
};

/// What both ends have in common: which one it is, and whether it is closed.
template<class T>
class ChannelEnd {
public:
    ChannelEnd(ChannelPointer<T> state, std::size_t ChannelState<T>::* count) noexcept
        : state_(std::move(state)), end_(++state_->last_end) {
        ++((*state_).*count);
    }
    ChannelEnd(ChannelEnd&& other) noexcept : state_(other.state_), end_(other.take_end()) {}
    auto operator=(ChannelEnd&& other) noexcept -> ChannelEnd& {
        std::swap(state_, other.state_);
        std::swap(end_, other.end_);
        return *this;
    }
    ~ChannelEnd() = default;

    [[nodiscard]] auto state() const noexcept -> const ChannelPointer<T>& { return state_; }
    auto operator->() const noexcept -> ChannelState<T>* { return &*state_; }
    /// Its number; 0: it is closed.
    [[nodiscard]] auto end() const noexcept -> std::uint64_t { return end_; }
    [[nodiscard]] auto take_end() noexcept -> std::uint64_t { return std::exchange(end_, 0); }
    /// @throws ChannelClosed if it is closed. @return its number.
    auto require_open(std::string_view operation) const -> std::uint64_t {
        if (end_ == 0) [[unlikely]]
            state_->throw_ended(Ending::own_closed, operation);
        return end_;
    }

private:
    ChannelPointer<T> state_;
    std::uint64_t end_;
};

}  // namespace internal

/// The sending end of a channel. Move-only; `clone` makes another one. Dropping it closes it.
///
/// Thread: one loop's. Source: trio.MemorySendChannel.
template<class T>
class Sender {
public:
    using value_type = T;

    explicit Sender(internal::ChannelPointer<T> state) noexcept
        : end_(std::move(state), &internal::ChannelState<T>::senders) {}
    Sender(Sender&&) noexcept = default;
    auto operator=(Sender&&) noexcept -> Sender& = default;
    ~Sender() { close_end(); }

    /// Sends `item`, waiting until there is room, or at capacity 0 until somebody receives.
    /// @throws ChannelClosed if every receiver is closed, or this end is, also while it waits; InvalidStateError for a
    /// channel of another loop. On cancel: the item was not sent; it is destroyed with the wait. To keep it, use `send_from`.
    [[nodiscard]] auto send(T item) const {
        require_open("send");
        return internal::ChannelWait<T, internal::GiveOwnedWait<internal::Ring<T>>>(
            end_.state(), std::move(item), end_.end());
    }
    /// As `send`, but moves out of `item` only when it is sent. `item` outlives the wait.
    /// On cancel, and on an error: `item` is as it was.
    [[nodiscard]] auto send_from(T& item) const
        requires(!internal::boxed_item<T>)
    {
        require_open("send_from");
        return internal::ChannelWait<T, internal::GiveBorrowedWait<internal::Ring<T>>>(end_.state(), item, end_.end());
    }
    /// Sends `item` if that needs no waiting. @return false if it does: an rvalue is as it was then. @throws ChannelClosed.
    auto try_send(T&& item) const -> bool {
        require_open("try_send");
        if (!has_room()) return false;
        auto stored = internal::store_item<T>(std::move(item));
        return end_->give(stored) == internal::Ending::done;
    }
    auto try_send(const T& item) const -> bool
        requires std::copy_constructible<T>
    {
        require_open("try_send");
        return has_room() && try_send(T(item));
    }

    /// Another sending end of the same channel. @throws ChannelClosed if this one is closed.
    [[nodiscard]] auto clone() const -> Sender {
        end_.require_open("clone");
        return Sender(end_.state());
    }
    /// Closes this end; tasks that wait in its `send` get ChannelClosed. After the last sender, receivers get what is left
    /// and then empty. Idempotent.
    void close() {
        end_->require_loop_of_waiters();
        close_end();
    }
    /// Whether this end is closed.
    [[nodiscard]] auto is_closed() const noexcept -> bool { return end_.end() == 0; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return end_->name; }
    [[nodiscard]] auto statistics() const noexcept -> ChannelStatistics { return end_->statistics(); }

private:
    void require_open(std::string_view operation) const {
        end_.require_open(operation);
        if (end_->take_closed) [[unlikely]]
            end_->throw_ended(internal::Ending::other_closed, operation);
    }
    [[nodiscard]] auto has_room() const -> bool {
        end_->require_loop_of_waiters();
        return end_->takers.count() != 0 || end_->items.size() < end_->capacity;
    }
    void close_end() noexcept {
        if (const std::uint64_t end = end_.take_end()) end_->close_sender(end);
    }

    internal::ChannelEnd<T> end_;
};

/// The receiving end of a channel. Move-only; `clone` makes another one, and each item goes to one of them.
/// Dropping it closes it.
///
/// Thread: one loop's. Source: trio.MemoryReceiveChannel.
template<class T>
class Receiver {
public:
    using value_type = T;

    explicit Receiver(internal::ChannelPointer<T> state) noexcept
        : end_(std::move(state), &internal::ChannelState<T>::receivers) {}
    Receiver(Receiver&&) noexcept = default;
    auto operator=(Receiver&&) noexcept -> Receiver& = default;
    ~Receiver() { close_end(); }

    /// Receives the next item, waiting for one. @return empty when every sender is closed and nothing is left:
    /// `while (auto item = co_await receiver.receive())` is the loop over a channel.
    /// @throws ChannelClosed if this end is closed, also while it waits; InvalidStateError for a channel of another loop.
    /// On cancel: nothing was taken.
    [[nodiscard]] auto receive() const {
        end_.require_open("receive");
        return internal::ChannelWait<T, internal::TakeWait<internal::Ring<T>>>(end_.state(), end_.end());
    }
    /// As `receive`: the name that generators have.
    [[nodiscard]] auto next() const { return receive(); }
    /// The next item if there is one now, else empty. @throws ChannelClosed if this end is closed.
    [[nodiscard]] auto try_receive() const -> std::optional<T> {
        end_.require_open("try_receive");
        end_->require_loop_of_waiters();
        std::optional<internal::StoredItem<T>> slot;
        if (end_->take(slot) != internal::Ending::done) return std::nullopt;
        return std::optional<T>(std::move(internal::item_in<T>(*slot)));
    }
    /// Whether nothing will ever come: every sender is closed, and nothing is left.
    [[nodiscard]] auto at_end() const noexcept -> bool { return end_->give_closed && end_->items.size() == 0; }

    /// Another receiving end of the same channel. @throws ChannelClosed if this one is closed.
    [[nodiscard]] auto clone() const -> Receiver {
        end_.require_open("clone");
        return Receiver(end_.state());
    }
    /// Closes this end; tasks that wait in its `receive` get ChannelClosed. After the last receiver what is left is dropped,
    /// and senders get ChannelClosed. Idempotent.
    void close() {
        end_->require_loop_of_waiters();
        close_end();
    }
    /// Whether this end is closed.
    [[nodiscard]] auto is_closed() const noexcept -> bool { return end_.end() == 0; }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return end_->name; }
    [[nodiscard]] auto statistics() const noexcept -> ChannelStatistics { return end_->statistics(); }

private:
    void close_end() noexcept {
        if (const std::uint64_t end = end_.take_end()) end_->close_receiver(end);
    }

    internal::ChannelEnd<T> end_;
};

/// The two ends of a new channel: `auto [sender, receiver] = gyre::channel<int>(2);`
template<class T>
struct ChannelEnds {
    ChannelEnds(Sender<T> sending, Receiver<T> receiving) noexcept
        : sender(std::move(sending)), receiver(std::move(receiving)) {}

    Sender<T> sender;
    Receiver<T> receiver;
};

/// A channel between tasks of one loop. Unlike a `Queue` it has two ends, which close: a task that leaves drops its end,
/// and the other side notices.
/// @param capacity how many items it holds; `send` waits when they are there. 0: `send` waits for a receiver to take the
/// item (rendezvous). `gyre::unbounded`: no limit. @param name shown in dumps and errors. Source: trio.open_memory_channel.
template<class T>
[[nodiscard]] auto channel(std::size_t capacity, std::string_view name = {}) -> ChannelEnds<T> {
    const internal::ChannelPointer<T> state(new internal::ChannelState<T>(capacity, name));
    Sender<T> sender(state);
    Receiver<T> receiver(state);
    return ChannelEnds<T>(std::move(sender), std::move(receiver));
}

}  // namespace gyre

#pragma once

#include <gyre/sync/passage.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace gyre {

/// What a queue has seen and holds.
struct QueueStatistics {
    std::size_t size = 0;               ///< Items inside now.
    std::size_t peak_size = 0;          ///< The most there ever were.
    std::size_t maxsize = 0;            ///< 0: unbounded.
    std::size_t waiting_getters = 0;    ///< Tasks that wait in `get`.
    std::size_t waiting_putters = 0;    ///< Tasks that wait in `put`.
    std::size_t waiting_joiners = 0;    ///< Tasks that wait in `join`.
    std::uint64_t unfinished = 0;       ///< Items put and not reported by `task_done`.
    std::uint64_t put_count = 0;        ///< Items put since the beginning.
    std::uint64_t got_count = 0;        ///< Items that somebody got.
    std::uint64_t discarded_count = 0;  ///< Items dropped by `shutdown(true)`.
    bool is_shut_down = false;
};

namespace internal {

/// A wait of a queue, which outlives it.
template<class Base>
class [[nodiscard("co_await it")]] QueueWait final : public Base {
public:
    using Base::Base;
};

}  // namespace internal

/// A queue between tasks of one loop: what `Queue`, `PriorityQueue` and `LifoQueue` have in common.
///
/// Putters and getters have their turn in the order in which they came, and nobody overtakes: an item goes straight from
/// `put` to the longest waiting getter, and a free place straight to the longest waiting putter. Items may be move-only.
/// Those whose move may throw, or that are aligned to more than 16 bytes, are kept in a box each; others cost no allocation
/// once the queue has grown as far as it is used. Outlives those who wait.
/// Thread: one loop, whose tasks alone may wait and wake; between loops and threads see `shared_channel`. Source: asyncio.Queue.
template<class Store>
class BasicQueue {
public:
    using value_type = typename Store::Item;

    /// @param maxsize how many items it holds at most; `put` waits when they are there. 0: unbounded.
    /// @param name    shown in dumps and errors.
    /// @throws std::invalid_argument for a negative `maxsize`.
    explicit BasicQueue(std::size_t maxsize = 0, std::string_view name = {}, Store store = Store())
        : passage_(internal::PassageCore::Form::queue, maxsize == 0 ? unbounded : maxsize, name, std::move(store)) {}
    BasicQueue(const BasicQueue&) = delete;
    auto operator=(const BasicQueue&) -> BasicQueue& = delete;
    ~BasicQueue() = default;

    /// Puts `item`, waiting for a place if the queue is full.
    /// @throws QueueShutDown if the queue is shut down, also while this waits; InvalidStateError for a queue of another loop.
    /// On cancel: the item was not put; it is destroyed with the wait. To keep it, use `put_from`.
    [[nodiscard]] auto put(value_type item) {
        return internal::QueueWait<internal::GiveOwnedWait<Store>>(passage_, std::move(item), 0);
    }
    /// As `put`, but moves out of `item` only when it has its place. `item` outlives the wait.
    /// On cancel, and on an error: `item` is as it was.
    [[nodiscard]] auto put_from(value_type& item) noexcept
        requires(!internal::boxed_item<value_type>)
    {
        return internal::QueueWait<internal::GiveBorrowedWait<Store>>(passage_, item, 0);
    }
    /// Puts `item` if there is a place now. @return false if not: an rvalue is as it was then. @throws QueueShutDown.
    auto try_put(value_type&& item) -> bool {
        require_open("try_put");
        if (full()) return false;
        auto stored = internal::store_item<value_type>(std::move(item));
        return passage_.give(stored) == internal::Ending::done;
    }
    auto try_put(const value_type& item) -> bool
        requires std::copy_constructible<value_type>
    {
        require_open("try_put");
        return !full() && try_put(value_type(item));
    }

    /// Gets the next item, waiting for one. @return empty when the queue is shut down and nothing is left:
    /// `while (auto item = co_await queue.get())` is the loop over a queue.
    /// @throws InvalidStateError for a queue of another loop.
    /// On cancel: nothing was taken.
    [[nodiscard]] auto get() noexcept { return internal::QueueWait<internal::TakeWait<Store>>(passage_, 0); }
    /// As `get`: the name that generators have.
    [[nodiscard]] auto next() noexcept { return get(); }
    /// The next item if there is one now, else empty.
    [[nodiscard]] auto try_get() -> std::optional<value_type> {
        passage_.require_loop_of_waiters();
        std::optional<typename Store::Stored> slot;
        if (passage_.take(slot) != internal::Ending::done) return std::nullopt;
        return std::optional<value_type>(std::move(internal::item_in<value_type>(*slot)));
    }

    /// Reports that the work on `count` items that came out of `get` is done; wakes `join` after the last.
    /// @throws InvalidStateError if more are reported than were put.
    void task_done(std::uint64_t count = 1) { passage_.report_done(count); }
    /// Waits until `task_done` was called for every item that was put; passes at once if that is so.
    /// On cancel: stops waiting.
    [[nodiscard]] auto join() noexcept { return internal::JoinItemsWait(passage_); }

    /// Ends the queue: `put` throws QueueShutDown from now on, also where it waits; `get` gives what is left, then empty.
    /// @param immediate drops what is left instead, and counts it as done. Idempotent. Source: Python 3.13.
    void shutdown(bool immediate = false) {
        passage_.require_loop_of_waiters();
        passage_.give_closed = true;
        passage_.givers.finish_all(internal::Ending::other_closed);
        if (immediate) {
            const std::uint64_t count = passage_.discard();
            discarded_ += count;
            passage_.report_done(std::min(count, passage_.unfinished()));
        }
        passage_.takers.finish_all(internal::Ending::other_closed);  // who waits has found it empty
    }
    [[nodiscard]] auto is_shut_down() const noexcept -> bool { return passage_.give_closed; }

    /// How many items are inside; those on their way to a getter are not.
    [[nodiscard]] auto size() const noexcept -> std::size_t { return passage_.items.size(); }
    [[nodiscard]] auto empty() const noexcept -> bool { return size() == 0; }
    /// Whether a `put` would wait.
    [[nodiscard]] auto full() const noexcept -> bool { return size() >= passage_.capacity; }
    /// 0: unbounded.
    [[nodiscard]] auto maxsize() const noexcept -> std::size_t {
        return passage_.capacity == unbounded ? 0 : passage_.capacity;
    }
    [[nodiscard]] auto name() const noexcept -> std::string_view { return passage_.name; }
    [[nodiscard]] auto statistics() const noexcept -> QueueStatistics {
        QueueStatistics figures;
        figures.size = size();
        figures.peak_size = passage_.peak;
        figures.maxsize = maxsize();
        figures.waiting_getters = passage_.takers.count();
        figures.waiting_putters = passage_.givers.count();
        figures.waiting_joiners = passage_.joiners.count();
        figures.unfinished = passage_.unfinished();
        figures.put_count = passage_.accepted;
        figures.got_count = passage_.taken;
        figures.discarded_count = discarded_;
        figures.is_shut_down = is_shut_down();
        return figures;
    }

private:
    void require_open(std::string_view operation) const {
        passage_.require_loop_of_waiters();
        if (passage_.give_closed) passage_.throw_ended(internal::Ending::other_closed, operation);
    }

    internal::Passage<Store> passage_;
    std::uint64_t discarded_ = 0;
};

/// First in, first out. Source: asyncio.Queue.
template<class T>
using Queue = BasicQueue<internal::Ring<T>>;

/// The smallest first, after `Compare`, which must not throw; equal ones in the order in which they came.
/// Source: asyncio.PriorityQueue, whose ties have no order.
template<class T, class Compare = std::less<T>>
using PriorityQueue = BasicQueue<internal::Heap<T, Compare>>;

/// Last in, first out. Source: asyncio.LifoQueue.
template<class T>
using LifoQueue = BasicQueue<internal::Stack<T>>;

}  // namespace gyre

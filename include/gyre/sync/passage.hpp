#pragma once

#include <gyre/core/counts.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/sync/item_store.hpp>
#include <gyre/sync/transfer_errors.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// What queues and channels are made of: a store of items, those who wait to give, and those who wait to take.
///
/// An item is handed over in the same step that wakes its receiver, straight into the waiting frame; so nothing is lost
/// if that one is cancelled afterwards, and nobody who comes later can overtake. Two things hold between any two steps:
/// who waits to take finds neither an item nor a giver, and who waits to give finds the store full.
namespace gyre::internal {

class TransferWait;

/// How a wait of a passage ended.
enum class Ending : std::uint8_t {
    none,          ///< It waits, or has not begun.
    done,          ///< The item is over.
    other_closed,  ///< Nothing can come, or go, any more.
    own_closed,    ///< The end that it waits on was closed.
};

/// Those who wait, in the order of arrival.
class WaitLine {
public:
    [[nodiscard]] auto count() const noexcept -> std::size_t { return count_; }
    [[nodiscard]] auto front() noexcept -> TransferWait* { return waits_.front(); }
    [[nodiscard]] auto after(TransferWait& wait) noexcept -> TransferWait*;
    void push(TransferWait& wait) noexcept;
    void remove(TransferWait& wait) noexcept;
    /// Ends the wait of one that is in line.
    void finish(TransferWait& wait, Ending ending) noexcept;
    /// Ends all of them.
    void finish_all(Ending ending) noexcept;

private:
    IntrusiveList<TransferWait> waits_;
    std::size_t count_ = 0;
};

/// The part of a passage that does not know its items.
class PassageCore {
public:
    enum class Form : std::uint8_t { queue, channel, broadcast, watch };

    /// @throws std::invalid_argument if `capacity` is negative.
    PassageCore(Form form, std::size_t capacity, std::string_view name)
        : capacity(require_count(form_text(form), name, "the capacity", capacity)), name(name), form_(form) {}
    PassageCore(const PassageCore&) = delete;
    auto operator=(const PassageCore&) -> PassageCore& = delete;

    /// @throws InvalidStateError if tasks of another loop have waited here.
    void require_loop(const Scheduler& scheduler) const {
        if (home_ != &scheduler) [[unlikely]]
            require_no_loop();
    }
    /// The same for the loop of this thread, if anybody waits who might be woken.
    void require_loop_of_waiters() const {
        if (takers.count() + givers.count() + joiners.count() != 0) require_loop_here();
    }
    /// A task waits: from now on the passage belongs to its loop.
    void bind(const Scheduler& scheduler) noexcept { home_ = &scheduler; }

    [[nodiscard]] auto take_kind() const noexcept -> WaitKind;
    [[nodiscard]] auto give_kind() const noexcept -> WaitKind;
    /// "put" or "send"
    [[nodiscard]] auto give_operation() const noexcept -> std::string_view;
    /// "queue 'jobs'", "channel"
    [[nodiscard]] auto title() const -> std::string;
    /// Throws what `ending` means for an `operation`: QueueShutDown or ChannelClosed.
    [[noreturn]] void throw_ended(Ending ending, std::string_view operation) const;
    /// Ends the waits of `line` that were begun on the end `end`.
    static void close_end(WaitLine& line, std::uint64_t end) noexcept;
    /// How many items were accepted and not reported done.
    [[nodiscard]] auto unfinished() const noexcept -> std::uint64_t { return accepted - reported_done; }
    /// `count` items are done. @throws InvalidStateError if there are not so many.
    void report_done(std::uint64_t count);

    WaitLine takers;
    WaitLine givers;
    WaitLine joiners;
    std::size_t capacity;
    std::size_t peak = 0;             ///< The most items that were in the store at once.
    std::uint64_t accepted = 0;       ///< Items given.
    std::uint64_t taken = 0;          ///< Items that somebody took.
    std::uint64_t reported_done = 0;  ///< By `task_done`, or discarded.
    std::string name;
    bool give_closed = false;  ///< Nothing can be given any more...
    bool take_closed = false;  ///< ... because nobody is left to take.

protected:
    ~PassageCore() = default;

private:
    [[nodiscard]] static auto form_text(Form form) noexcept -> std::string_view;
    void require_loop_here() const;
    void require_no_loop() const;
    [[noreturn]] void throw_wrong_loop() const;

    const Scheduler* home_ = nullptr;
    Form form_;
};

/// A wait in one of the lines of a passage.
class TransferWait : public Wait, public ListLink<TransferWait> {
public:
    TransferWait(TransferWait&&) noexcept = default;
    auto operator=(TransferWait&&) -> TransferWait& = delete;

    /// Hands the frame back; it is out of its line.
    void end(Ending how) noexcept {
        ending_ = how;
        scheduler().wake(*frame_);
    }
    [[nodiscard]] auto end_id() const noexcept -> std::uint64_t { return end_; }

    void cancel() noexcept final;
    [[nodiscard]] auto record() const noexcept -> WaitRecord final;

protected:
    TransferWait(PassageCore& core, WaitLine& line, std::uint64_t end) noexcept
        : core_(&core), line_(&line), end_(end) {}
    ~TransferWait() = default;

    void wait_in_line() noexcept {
        if (!begin()) return;
        core_->bind(scheduler());
        line_->push(*this);
    }

    PassageCore* core_;
    WaitLine* line_;
    std::uint64_t end_;  ///< Which end of a channel it waits on.
    Ending ending_ = Ending::none;
};

inline auto WaitLine::after(TransferWait& wait) noexcept -> TransferWait* { return waits_.after(wait); }
inline void WaitLine::push(TransferWait& wait) noexcept {
    waits_.push_back(wait);
    ++count_;
}
inline void WaitLine::remove(TransferWait& wait) noexcept {
    wait.unlink();
    --count_;
}
inline void WaitLine::finish(TransferWait& wait, Ending ending) noexcept {
    remove(wait);
    wait.end(ending);
}

/// Waits until every item that was given is reported done.
class [[nodiscard("co_await it")]] JoinItemsWait final : public TransferWait {
public:
    explicit JoinItemsWait(PassageCore& core) noexcept : TransferWait(core, core.joiners, 0) {}

    [[nodiscard]] auto await_ready() const -> bool {
        core_->require_loop(scheduler());
        return core_->unfinished() == 0 && !interrupted();
    }
    void await_suspend(std::coroutine_handle<>) noexcept { wait_in_line(); }
    void await_resume() const noexcept {}
};

template<class Store>
class Passage;

/// Waits until its item is given. Where the item is, the derived class knows.
template<class Store>
class GiveWait : public TransferWait {
public:
    using Stored = typename Store::Stored;

    GiveWait(GiveWait&&) noexcept = default;
    auto operator=(GiveWait&&) -> GiveWait& = delete;

    void await_suspend(std::coroutine_handle<>) noexcept { wait_in_line(); }
    void await_resume() const {
        if (ending_ != Ending::done) [[unlikely]]
            core_->throw_ended(ending_, core_->give_operation());
    }

    Stored* item = nullptr;  ///< Known when it waits.

protected:
    GiveWait(Passage<Store>& passage, std::uint64_t end) noexcept : TransferWait(passage, passage.givers, end) {}
    ~GiveWait() = default;

    [[nodiscard]] auto give_now(Stored& from) -> bool {
        core_->require_loop(scheduler());
        item = &from;
        if (interrupted()) return false;
        ending_ = static_cast<Passage<Store>*>(core_)->give(from);
        return ending_ != Ending::none;
    }
};

/// Gives an item of its own: if it is cancelled, the item goes with it.
template<class Store>
class GiveOwnedWait : public GiveWait<Store> {
public:
    using T = typename Store::Item;
    GiveOwnedWait(Passage<Store>& passage, T&& item, std::uint64_t end)
        : GiveWait<Store>(passage, end), own_(store_item<T>(std::move(item))) {}
    GiveOwnedWait(GiveOwnedWait&&) noexcept = default;
    auto operator=(GiveOwnedWait&&) -> GiveOwnedWait& = delete;

    [[nodiscard]] auto await_ready() -> bool { return this->give_now(own_); }

protected:
    ~GiveOwnedWait() = default;

private:
    typename Store::Stored own_;
};

/// Gives an item of the caller's, which stays the caller's until it is over.
template<class Store>
class GiveBorrowedWait : public GiveWait<Store> {
public:
    GiveBorrowedWait(Passage<Store>& passage, typename Store::Stored& item, std::uint64_t end) noexcept
        : GiveWait<Store>(passage, end), borrowed_(&item) {}
    GiveBorrowedWait(GiveBorrowedWait&&) noexcept = default;
    auto operator=(GiveBorrowedWait&&) -> GiveBorrowedWait& = delete;

    [[nodiscard]] auto await_ready() -> bool { return this->give_now(*borrowed_); }

protected:
    ~GiveBorrowedWait() = default;

private:
    typename Store::Stored* borrowed_;
};

/// Waits for an item.
template<class Store>
class TakeWait : public TransferWait {
public:
    using T = typename Store::Item;
    using Stored = typename Store::Stored;

    TakeWait(Passage<Store>& passage, std::uint64_t end) noexcept : TransferWait(passage, passage.takers, end) {}
    TakeWait(TakeWait&&) noexcept = default;
    auto operator=(TakeWait&&) -> TakeWait& = delete;

    [[nodiscard]] auto await_ready() -> bool {
        core_->require_loop(scheduler());
        if (interrupted()) return false;
        ending_ = static_cast<Passage<Store>*>(core_)->take(slot);
        return ending_ != Ending::none;
    }
    void await_suspend(std::coroutine_handle<>) noexcept { wait_in_line(); }
    [[nodiscard]] auto await_resume() -> std::optional<T> {
        if (ending_ == Ending::own_closed) [[unlikely]]
            core_->throw_ended(ending_, "receive");
        if (!slot.has_value()) return std::nullopt;
        return std::optional<T>(std::move(item_in<T>(*slot)));
    }

    std::optional<Stored> slot;

protected:
    ~TakeWait() = default;
};

/// The items, and the hand-over.
template<class Store>
class Passage : public PassageCore {
public:
    using Stored = typename Store::Stored;

    Passage(Form form, std::size_t capacity, std::string_view name, Store store)
        : PassageCore(form, capacity, name), items(std::move(store)) {}

    /// Moves `item` to the longest waiter, or into the store. `none`: there is no room, and `item` is as it was.
    [[nodiscard]] auto give(Stored& item) -> Ending {
        if (give_closed) [[unlikely]]
            return Ending::other_closed;
        TransferWait* first = takers.front();
        if (first == nullptr) return keep(item);
        auto& taker = static_cast<TakeWait<Store>&>(*first);
        taker.slot.emplace(std::move(item));
        ++accepted;
        ++taken;
        takers.finish(taker, Ending::done);
        return Ending::done;
    }

    /// Moves the next item into `slot`, and the longest waiting giver's into its place. `none`: there is nothing yet.
    [[nodiscard]] auto take(std::optional<Stored>& slot) noexcept -> Ending {
        if (items.size() != 0) {
            items.take(slot);
            ++taken;
            refill();
            return Ending::done;
        }
        if (TransferWait* first = givers.front()) {  // a rendezvous: there is no store
            auto& giver = static_cast<GiveWait<Store>&>(*first);
            slot.emplace(std::move(*giver.item));
            ++accepted;
            ++taken;
            givers.finish(giver, Ending::done);
            return Ending::done;
        }
        return give_closed ? Ending::other_closed : Ending::none;
    }

    /// Drops what is in the store. @return how many that were.
    auto discard() noexcept -> std::size_t {
        const std::size_t count = items.size();
        items.clear();
        return count;
    }

    Store items;

private:
    // By itself: what the hand-over to a waiter costs is not to depend on how the store grows.
    [[gnu::noinline]] auto keep(Stored& item) -> Ending {
        if (items.size() >= capacity) return Ending::none;
        items.push(std::move(item));
        ++accepted;
        if (items.size() > peak) peak = items.size();
        return Ending::done;
    }
    void refill() noexcept {
        TransferWait* first = givers.front();
        if (first == nullptr) return;
        auto& giver = static_cast<GiveWait<Store>&>(*first);
        items.push(std::move(*giver.item));  // where one was taken there is room
        ++accepted;
        givers.finish(giver, Ending::done);
    }
};

}  // namespace gyre::internal

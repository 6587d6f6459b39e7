#pragma once

#include <gyre/core/callback.hpp>
#include <gyre/core/counts.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/sync/channel_statistics.hpp>
#include <gyre/sync/item_store.hpp>
#include <gyre/sync/passage.hpp>

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What channels between loops and threads are made of: as `passage.hpp`, under a mutex.
///
/// Under the mutex an item moves straight into the frame, or the stack, of the one who waits; the wake-up follows by a post
/// to the waiter's loop. A waiter that was given something is out of its line, so that its cancellation comes too late, and
/// its frame stays until the post has come.
namespace gyre::internal {

/// A task of some loop, or a thread, that waits.
class SharedWaiter : public ListLink<SharedWaiter> {
public:
    SharedWaiter(SharedWaiter&&) noexcept = default;
    auto operator=(SharedWaiter&&) -> SharedWaiter& = delete;

    /// It is out of its line. Called with the mutex held, by any thread. @return true if `wake` is to be called without.
    virtual auto ended() noexcept -> bool = 0;
    /// Wakes it; it may be gone when this returns.
    virtual void wake() noexcept = 0;

    void* place = nullptr;  ///< The item of a giver, the optional of a taker.
    std::uint64_t end = 0;  ///< Which end of the channel it waits on.
    Ending ending = Ending::none;

protected:
    SharedWaiter() noexcept = default;
    ~SharedWaiter() = default;
};

/// Those who are woken when the mutex is released.
using SharedWoken = IntrusiveList<SharedWaiter>;

class SharedLine {
public:
    [[nodiscard]] auto count() const noexcept -> std::size_t { return count_; }
    [[nodiscard]] auto front() noexcept -> SharedWaiter* { return waiters_.front(); }
    void push(SharedWaiter& waiter) noexcept;
    void remove(SharedWaiter& waiter) noexcept;
    void finish(SharedWaiter& waiter, Ending ending, SharedWoken& woken) noexcept;
    void finish_all(Ending ending, SharedWoken& woken) noexcept;
    /// Ends the waits that were begun on the end `end`.
    void close_end(std::uint64_t end, SharedWoken& woken) noexcept;

private:
    IntrusiveList<SharedWaiter> waiters_;
    std::size_t count_ = 0;
};

/// The part that does not know its items. Everything under `mutex` but the capacity and the name.
class SharedCore {
public:
    SharedCore(std::size_t room, std::string_view called)
        : capacity(require_count("shared channel", called, "the capacity", room)), name(called) {}
    SharedCore(const SharedCore&) = delete;
    auto operator=(const SharedCore&) -> SharedCore& = delete;

    /// Throws what `ending` means for an `operation`.
    [[noreturn]] void throw_ended(Ending ending, std::string_view operation) const;
    /// @throws InvalidStateError on a thread where a loop runs: it would stand still.
    void require_no_loop(std::string_view operation) const;
    /// Wakes them, without the mutex.
    static void wake(SharedWoken& woken) noexcept;

    std::mutex mutex;
    SharedLine takers;
    SharedLine givers;
    const std::size_t capacity;
    const std::string name;
    std::size_t peak = 0;
    std::uint64_t accepted = 0;
    std::uint64_t taken = 0;
    std::size_t senders = 0;
    std::size_t receivers = 0;
    std::uint64_t last_end = 0;
    bool give_closed = false;  ///< One side is gone...
    bool take_closed = false;  ///< ... and it is the receiving one.

protected:
    ~SharedCore() = default;
};

/// The items, and the hand-over. Each function but `attempt_*` is called with the mutex held.
template<class T>
class SharedPassage final : public SharedCore {
public:
    using Stored = StoredItem<T>;
    using Slot = std::optional<Stored>;
    using SharedCore::SharedCore;

    [[nodiscard]] auto give(Stored& item, SharedWoken& woken) -> Ending {
        if (give_closed) return take_closed ? Ending::other_closed : Ending::own_closed;
        if (SharedWaiter* taker = takers.front()) {
            static_cast<Slot*>(taker->place)->emplace(std::move(item));
            ++accepted;
            ++taken;
            takers.finish(*taker, Ending::done, woken);
            return Ending::done;
        }
        if (items.size() >= capacity) return Ending::none;
        push(item);
        return Ending::done;
    }

    [[nodiscard]] auto take(Slot& slot, SharedWoken& woken) -> Ending {
        SharedWaiter* giver = givers.front();
        if (items.size() != 0) {
            items.take(slot);
            ++taken;
            if (giver != nullptr) {
                push(*static_cast<Stored*>(giver->place));  // where one was taken there is room
                givers.finish(*giver, Ending::done, woken);
            }
            return Ending::done;
        }
        if (giver != nullptr) {
            slot.emplace(std::move(*static_cast<Stored*>(giver->place)));
            ++accepted;
            ++taken;
            givers.finish(*giver, Ending::done, woken);
            return Ending::done;
        }
        return give_closed ? Ending::other_closed : Ending::none;
    }

    /// Gives, or puts `waiter` in line. @return what `give` does.
    auto attempt(Stored& item, SharedWaiter* waiter) -> Ending {
        return attempt_on(givers, waiter, [&](SharedWoken& woken) { return give(item, woken); });
    }
    /// Takes, or puts `waiter` in line. @return what `take` does.
    auto attempt(Slot& slot, SharedWaiter* waiter) -> Ending {
        return attempt_on(takers, waiter, [&](SharedWoken& woken) { return take(slot, woken); });
    }

    void close_sender(std::uint64_t end) noexcept {
        SharedWoken woken;
        {
            const std::lock_guard lock(mutex);
            givers.close_end(end, woken);
            if (--senders == 0) {
                give_closed = true;
                takers.finish_all(Ending::other_closed, woken);
            }
        }
        wake(woken);
    }
    void close_receiver(std::uint64_t end) noexcept {
        SharedWoken woken;
        std::optional<Ring<T>> dropped;  // what items do when they are destroyed is not done under the mutex
        {
            const std::lock_guard lock(mutex);
            takers.close_end(end, woken);
            if (--receivers == 0) {
                give_closed = take_closed = true;
                givers.finish_all(Ending::other_closed, woken);
                dropped.emplace(std::move(items));
            }
        }
        wake(woken);
    }

    Ring<T> items;

private:
    template<class Try>
    auto attempt_on(SharedLine& line, SharedWaiter* waiter, Try&& attempt) -> Ending {
        SharedWoken woken;
        Ending ending = Ending::none;
        {
            const std::lock_guard lock(mutex);
            ending = attempt(woken);
            if (ending == Ending::none && waiter != nullptr) line.push(*waiter);
        }
        wake(woken);
        return ending;
    }
    void push(Stored& item) {
        items.push(std::move(item));
        ++accepted;
        if (items.size() > peak) peak = items.size();
    }
};

/// A task that waits.
class SharedTaskWait : public Wait, public SharedWaiter {
public:
    SharedTaskWait(SharedTaskWait&& other) noexcept
        : Wait(static_cast<Wait&&>(other)),
          SharedWaiter(static_cast<SharedWaiter&&>(other)),
          core_(other.core_),
          line_(other.line_),
          kind_(other.kind_) {
        end = other.end;
    }
    auto operator=(SharedTaskWait&&) -> SharedTaskWait& = delete;

    // What could not be done at once is in line already: nobody can resume the frame before this thread is in its loop.
    void await_suspend(std::coroutine_handle<>) noexcept { static_cast<void>(begin()); }
    void cancel() noexcept final;
    [[nodiscard]] auto record() const noexcept -> WaitRecord final { return {kind_, core_, core_->name}; }
    auto ended() noexcept -> bool final { return true; }
    void wake() noexcept final;

protected:
    SharedTaskWait(SharedCore& core, SharedLine& line, std::uint64_t on_end, WaitKind kind) noexcept
        : core_(&core), line_(&line), kind_(kind) {
        end = on_end;
    }
    ~SharedTaskWait() = default;

    /// Before it may get in line.
    void prepare() noexcept { arrival_.emplace(*this); }
    /// @param now what the attempt gave. @return whether it need not wait.
    [[nodiscard]] auto attempted(Ending now) noexcept -> bool;

    SharedCore* core_;

private:
    /// Lives in the frame, so that a wake-up from another thread allocates nothing.
    class Arrival final : public Callback {
    public:
        explicit Arrival(SharedTaskWait& wait) noexcept : wait_(wait) {}
        void call() override;
        void drop() noexcept override {}

    private:
        SharedTaskWait& wait_;
    };

    SharedLine* line_;
    WaitKind kind_;
    std::optional<Arrival> arrival_;
};

/// A plain thread that waits.
class SharedThreadWait final : public SharedWaiter {
public:
    SharedThreadWait(void* item_place, std::uint64_t on_end) noexcept {
        place = item_place;
        end = on_end;
    }
    // Told under the mutex: without it, the thread could be gone before it is told.
    auto ended() noexcept -> bool override {
        told_.notify_one();
        return false;
    }
    void wake() noexcept override {}
    void wait(std::mutex& mutex);

private:
    std::condition_variable told_;
};

}  // namespace gyre::internal

#pragma once

#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {

/// What a readers-writer lock looks like from outside.
struct RwLockStatistics {
    std::size_t readers = 0;  ///< How many hold it for reading.
    bool writing = false;     ///< Whether one holds it for writing.
    std::string writer;       ///< The task that does: its name, or where it was spawned.
    std::size_t waiting_readers = 0;
    std::size_t waiting_writers = 0;
};

class ReadGuard;

namespace internal {

/// What an `RwLock` and its guards share.
class RwLockState {
public:
    enum class Side : bool { read, write };

    explicit RwLockState(std::string_view name) : waiters_("readers-writer lock", name) {}
    RwLockState(const RwLockState&) = delete;
    auto operator=(const RwLockState&) -> RwLockState& = delete;
    ~RwLockState();

    [[nodiscard]] auto waiters() noexcept -> WaitList& { return waiters_; }
    [[nodiscard]] auto waiters() const noexcept -> const WaitList& { return waiters_; }
    [[nodiscard]] auto readers() const noexcept -> std::size_t { return readers_; }
    [[nodiscard]] auto writing() const noexcept -> bool { return writing_; }
    [[nodiscard]] auto writer() const noexcept -> TaskNode* { return writer_; }
    [[nodiscard]] auto record(Side side) const noexcept -> WaitRecord {
        return {.kind = WaitKind::lock,
            .object = this,
            .name = waiters_.name(),
            .owner = writer_,
            .waiting = waiters_.size(),
            .used = readers_,
            .action = side == Side::read ? "read" : "write"};
    }
    [[nodiscard]] auto waiting_writers() const noexcept -> std::size_t { return waiting_writers_; }

    /// Takes a side if it is free and nobody was here before. @throws InvalidStateError, DeadlockError.
    [[nodiscard]] auto take(Side side, const Frame& frame) -> bool;
    [[nodiscard]] auto try_take(Side side, const char* operation) -> bool;
    void free(Side side) noexcept;
    /// Someone who waits for `side` has joined the list.
    void joined(Side side) noexcept { waiting_writers_ += side == Side::write ? 1 : 0; }
    /// Someone who waited for `side` has left it: those behind may go now.
    void left(Side side) noexcept;

    void add_reader(ReadGuard& guard) noexcept;
    /// The task that has begun to read and still does, for readers of marks: number 0, 1 and so on; null past the last.
    [[nodiscard]] auto reader_at(std::size_t index) const noexcept -> const TaskNode*;

private:
    [[nodiscard]] auto open_for(Side side) const noexcept -> bool {
        return !writing_ && (side == Side::read || readers_ == 0);
    }
    void enter(Side side, TaskNode* task) noexcept;
    void grant() noexcept;

    WaitList waiters_;
    TaskNode* writer_ = nullptr;
    std::size_t readers_ = 0;
    std::size_t waiting_writers_ = 0;
    bool writing_ = false;
    IntrusiveList<ReadGuard> guards_;
};

template<RwLockState::Side Side>
class RwLockWait;

}  // namespace internal

/// Holds an `RwLock` for reading, and gives it up at its end. Move-only. Thread: the loop's.
class [[nodiscard("the lock is given up at once")]] ReadGuard : public internal::ListLink<ReadGuard> {
public:
    /// @param reader the task that reads, by whose name it goes in dumps; null: none.
    ReadGuard(internal::RwLockState& held, internal::TaskNode* reader) noexcept : lock_(&held), reader_(reader) {
        lock_->add_reader(*this);
    }
    ReadGuard(ReadGuard&& other) noexcept : internal::ListLink<ReadGuard>() { take_from(other); }
    auto operator=(ReadGuard&& other) noexcept -> ReadGuard& {
        ReadGuard old(std::move(*this));
        take_from(other);
        return *this;
    }
    ~ReadGuard() { release(); }

    /// Gives it up before the end. Idempotent.
    void release() noexcept {
        if (lock_ == nullptr) return;
        unlink();
        reader_ = internal::TaskMark();
        std::exchange(lock_, nullptr)->free(internal::RwLockState::Side::read);
    }
    /// Whether it holds the lock.
    explicit operator bool() const noexcept { return lock_ != nullptr; }

    // For the rest of the library.
    [[nodiscard]] auto reader() const noexcept -> const internal::TaskNode* { return reader_.get(); }

private:
    void take_from(ReadGuard& other) noexcept {
        if (other.lock_ == nullptr) return;
        reader_ = std::move(other.reader_);
        other.unlink();
        lock_ = std::exchange(other.lock_, nullptr);
        lock_->add_reader(*this);
    }

    internal::RwLockState* lock_ = nullptr;
    internal::TaskMark reader_;  ///< May have ended: the guard outlives it.
};

inline void internal::RwLockState::add_reader(ReadGuard& guard) noexcept { guards_.push_back(guard); }

/// Holds an `RwLock` for writing, and gives it up at its end. Move-only. Thread: the loop's.
class [[nodiscard("the lock is given up at once")]] WriteGuard {
public:
    explicit WriteGuard(internal::RwLockState& held) noexcept : lock_(&held) {}
    WriteGuard(WriteGuard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    auto operator=(WriteGuard&& other) noexcept -> WriteGuard& {
        WriteGuard old(std::move(*this));
        lock_ = std::exchange(other.lock_, nullptr);
        return *this;
    }
    ~WriteGuard() { release(); }

    /// Gives it up before the end. Idempotent.
    void release() noexcept {
        if (lock_ != nullptr) std::exchange(lock_, nullptr)->free(internal::RwLockState::Side::write);
    }
    /// Whether it holds the lock.
    explicit operator bool() const noexcept { return lock_ != nullptr; }

private:
    internal::RwLockState* lock_;
};

/// Many readers or one writer, of the tasks of one loop.
///
/// Fair: in the order of arrival, where readers that come one after the other go together. A reader that comes while a writer
/// waits, waits behind it, so that no writer starves. Not recursive, on neither side, and a reader cannot become a writer
/// while it reads: give up the read guard, acquire the other, and look again.
/// Outlives its guards and those who wait. Thread: that of the loop that uses it first, whose tasks alone may use it.
class RwLock {
public:
    /// @param name shown in dumps and errors.
    explicit RwLock(std::string_view name = {}) : state_(name) {}

    /// Waits until nobody writes and no writer waits before it. @return a guard that gives the lock up.
    /// @throws DeadlockError if the task holds the lock for writing, or as `Lock::acquire`; InvalidStateError on another loop than the one that
    ///         used it first.
    /// On cancel: stops waiting. A lock that was handed over already is held.
    [[nodiscard]] auto read() noexcept -> internal::RwLockWait<internal::RwLockState::Side::read>;
    /// Waits until nobody reads or writes. What it returns and throws, and what a cancellation does, is as with `read`.
    [[nodiscard]] auto write() noexcept -> internal::RwLockWait<internal::RwLockState::Side::write>;

    /// The lock if it can be had now. @throws InvalidStateError as `read`, LoopError outside of a loop.
    [[nodiscard]] auto try_read() -> std::optional<ReadGuard>;
    [[nodiscard]] auto try_write() -> std::optional<WriteGuard>;

    [[nodiscard]] auto name() const noexcept -> std::string_view { return state_.waiters().name(); }
    [[nodiscard]] auto statistics() const -> RwLockStatistics;

private:
    internal::RwLockState state_;
};

namespace internal {

/// What `RwLockState` knows of those who wait.
class SidedWait : public ListedWait {
public:
    SidedWait(SidedWait&& other) noexcept
        : ListedWait(static_cast<ListedWait&&>(other)), side(other.side), lock_(other.lock_) {}
    auto operator=(SidedWait&&) -> SidedWait& = delete;

    [[nodiscard]] auto await_ready() const -> bool { return lock_->take(side, *frame_); }
    void await_suspend(std::coroutine_handle<>) noexcept {
        if (enlist()) lock_->joined(side);
    }
    void cancel() noexcept override {
        ListedWait::cancel();
        lock_->left(side);
    }
    [[nodiscard]] auto record() const noexcept -> WaitRecord override { return lock_->record(side); }
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const TaskNode* override {
        return lock_->reader_at(index);
    }

    const RwLockState::Side side;

protected:
    SidedWait(RwLockState& lock, RwLockState::Side wanted) noexcept
        : ListedWait(lock.waiters()), side(wanted), lock_(&lock) {}
    ~SidedWait() = default;

    RwLockState* lock_;
};

template<RwLockState::Side Side>
class [[nodiscard("co_await it")]] RwLockWait final : public SidedWait {
public:
    explicit RwLockWait(RwLockState& lock) noexcept : SidedWait(lock, Side) {}
    [[nodiscard]] auto await_resume() const noexcept {
        if constexpr (Side == RwLockState::Side::read) {
            return ReadGuard(*lock_, task());
        } else {
            return WriteGuard(*lock_);
        }
    }
};

}  // namespace internal

inline auto RwLock::read() noexcept -> internal::RwLockWait<internal::RwLockState::Side::read> {
    return internal::RwLockWait<internal::RwLockState::Side::read>(state_);
}

inline auto RwLock::write() noexcept -> internal::RwLockWait<internal::RwLockState::Side::write> {
    return internal::RwLockWait<internal::RwLockState::Side::write>(state_);
}

}  // namespace gyre

#pragma once

#include "obs/task_tape.hpp"

#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/scheduler.hpp>
#include <gyre/core/task_node.hpp>
#include <gyre/obs/figures.hpp>
#include <gyre/obs/snapshot.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

namespace gyre::obs {

/// The numbers of a loop as they stood: read without memory.
struct LoopHead {
    std::size_t loop = 0;
    std::string_view backend;
    Timing timing = Timing::off;
    std::size_t task_count = 0;
    std::size_t ready = 0;
    std::size_t timers = 0;
    std::size_t in_flight = 0;
    std::size_t unreceived_errors = 0;
    std::uint64_t turns = 0;
    std::uint64_t slices = 0;
    CancelCounts cancelled{};
    bool measures = false;
    internal::LoopHistograms histograms;
    std::size_t expected_posts = 0;
    std::uint32_t timers_armed = 0;
    std::uint32_t timers_fired = 0;
    std::uint64_t never_started = 0;
    std::uint64_t beat = 0;
    Time now{};  ///< When it was read.
    Time turn_began{};

    void read(EventLoop& loop) noexcept;
};

/// Where the thread of a loop stands while it is read.
enum class ReadAt : std::uint8_t {
    rest,      ///< Where it called the reader: all links are as they should be.
    anywhere,  ///< Where a signal came.
};

/// Reads the tasks of a loop as they stand, in one go or in several steps between which the loop runs. It takes no memory but its
/// tape's, and follows only what is whole at every instruction of the loop's thread, so that a signal handler there may use it:
/// lists are linked such that they can always be walked forwards, and whatever is freed was unlinked before.
class TaskReader {
public:
    /// Thread: the loop's.
    TaskReader(EventLoop& loop, TaskTape& tape, std::size_t most_tasks, ReadAt at) noexcept;

    /// Reads until all has been read, the loop's clock has reached `until`, or so many have been. @return whether there is no more.
    [[nodiscard]] auto read(Time until, std::size_t most = std::numeric_limits<std::size_t>::max()) -> bool;
    /// Whether every task has been read.
    [[nodiscard]] auto is_complete() const noexcept -> bool { return task_ == nullptr; }

    /// The loop runs on, and keeps the place. One reader at a time may do so.
    void pause() noexcept;
    void resume() noexcept;

private:
    enum class Part : std::uint8_t { whole, head };

    [[nodiscard]] auto write_next() -> bool;
    void write(const internal::TaskNode& task, internal::TaskOwner& owner, Part part) noexcept;
    void write_strand(const internal::Strand& strand, const internal::Scope& around, int depth) noexcept;
    void write_wait(const internal::Wait& wait, const internal::Scope& around, int depth) noexcept;
    [[nodiscard]] auto write_scope(const internal::Strand& strand, const internal::Scope& around) noexcept
        -> const internal::Scope&;
    void write_cause(const CancelCause& cause) noexcept;
    void write_record(const WaitRecord& record) noexcept;
    void write_holders(const internal::Wait& wait, const void* object) noexcept;
    void forget_holders() noexcept { holders_known_.fill(nullptr); }
    void step() noexcept;

    EventLoop& loop_;
    TaskTape& tape_;
    std::size_t left_;
    ReadAt at_;
    bool found_ready_ = false;              ///< A part of the task that is read now.
    internal::TaskNode* task_ = nullptr;    ///< The next one.
    internal::TaskOwner* owner_ = nullptr;  ///< Its.
    /// Objects whose holders are on the tape, each at a place of its own: many may wait for one.
    std::array<const void*, 64> holders_known_{};
};

/// What was read of one loop.
struct RawSnapshot {
    RawSnapshot() = default;
    explicit RawSnapshot(std::size_t fixed_bytes) : tape(fixed_bytes) {}

    /// Reads all but the tasks. Thread: the loop's.
    void begin(EventLoop& loop, ReadAt at);

    LoopHead head;
    TaskTape tape;  ///< Of the sockets, and of the tasks.
    std::size_t sockets = 0;
    Snapshot rest;  ///< What takes memory to read, and is empty where a signal came.
    bool is_complete = false;
    std::size_t steps = 1;  ///< Between which the loop went on.
};

/// All that stands on a loop, in one go. Thread: the loop's.
[[nodiscard]] auto read_raw(EventLoop& loop, std::size_t most_tasks) -> RawSnapshot;

/// The tasks of a loop whose thread is in the middle of something, as a signal handler on that thread can read them.
class TaskLook {
public:
    /// Takes the memory that reading needs.
    /// @param longest that the thread may stand still for it; what was not read by then is left out.
    /// @throws std::bad_alloc.
    TaskLook(EventLoop& loop, std::size_t most_tasks, Duration longest = std::chrono::milliseconds(20));

    /// Interrupts the thread. @return false if it did not answer, or its turn was over; then there is nothing to take.
    [[nodiscard]] auto look(backend::ThreadProbe& probe) -> bool;
    /// What was read, with how long the turn lasts and the stack of the thread.
    [[nodiscard]] auto take(const SnapshotOptions& options) const -> Snapshot;
    [[nodiscard]] auto figures() const -> LoopFigures;

private:
    static void read(void* self) noexcept;

    EventLoop& loop_;
    std::size_t most_tasks_;
    Duration longest_;
    std::uint64_t beat_;
    bool found_ = false;
    RawSnapshot raw_;
    backend::ThreadSample sample_;
};

/// The head alone as figures.
[[nodiscard]] auto figures_of(const LoopHead& head) -> LoopFigures;

/// Makes of it what people and programs read. Thread: any.
[[nodiscard]] auto decode(const RawSnapshot& raw, const SnapshotOptions& options) -> Snapshot;

}  // namespace gyre::obs

#pragma once

#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/obs/figures.hpp>
#include <gyre/obs/snapshot.hpp>
#include <gyre/sync/lock.hpp>

#include <span>
#include <vector>

namespace gyre::obs {

/// The loops of a program, as another loop on a thread of its own asks them. Each is asked by a post and has 100 ms to answer; of
/// one that does not, what its thread can tell is told. Thread: the loop's that asks.
class ProgramLoops {
public:
    /// @param loops live longer than this. @throws std::system_error if threads cannot be looked at.
    explicit ProgramLoops(std::span<EventLoop* const> loops);

    [[nodiscard]] auto loops() const noexcept -> std::span<EventLoop* const> { return loops_; }
    /// What the tasks of each loop do. @throws nothing for a loop that is closed or does not answer. On cancel: nobody is asked.
    [[nodiscard]] auto snapshots(SnapshotOptions options = {}) -> Task<std::vector<Snapshot>>;
    /// The numbers of each.
    [[nodiscard]] auto figures() -> Task<std::vector<LoopFigures>>;

private:
    [[nodiscard]] auto snapshot_of(EventLoop& loop, SnapshotOptions options) -> Task<Snapshot>;
    [[nodiscard]] auto figures_of(EventLoop& loop) -> Task<LoopFigures>;

    std::span<EventLoop* const> loops_;
    backend::ThreadProbe probe_;
    Lock one_at_a_time_{"snapshots"};  ///< A loop keeps the place of one reader.
};

}  // namespace gyre::obs

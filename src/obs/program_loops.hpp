#pragma once

#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/obs/figures.hpp>
#include <gyre/obs/snapshot.hpp>

#include <optional>
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
    /// The same of those alone that answer, a place for each loop: nobody's thread is interrupted.
    [[nodiscard]] auto answers(SnapshotOptions options = {}) -> Task<std::vector<std::optional<Snapshot>>>;
    /// The numbers of each.
    [[nodiscard]] auto figures() -> Task<std::vector<LoopFigures>>;

private:
    [[nodiscard]] auto answer_of(EventLoop& loop, SnapshotOptions options) -> Task<std::optional<Snapshot>>;
    [[nodiscard]] auto snapshot_of(EventLoop& loop, SnapshotOptions options) -> Task<Snapshot>;
    [[nodiscard]] auto figures_of(EventLoop& loop) -> Task<LoopFigures>;

    std::span<EventLoop* const> loops_;
    backend::ThreadProbe probe_;
};

/// The numbers of all loops of the run that this thread's loop belongs to, as that one asks. Those of one that does not answer
/// within 100 ms are not read: nobody's thread is interrupted. @throws LoopError if no loop runs here. On cancel: nobody is asked.
[[nodiscard]] auto figures_of_run() -> Task<std::vector<LoopFigures>>;

}  // namespace gyre::obs

#pragma once

#include <gyre/core/io_kind.hpp>
#include <gyre/core/scheduler.hpp>

#include <cstdint>

namespace gyre::internal {

/// Follows one operation from where its task suspends to where it goes on, for the loop's figures and its recorder. Operations
/// that end at once make nobody wait, and are not counted. Dated by the loop's last stamp: to the turn.
class IoMark {
public:
    /// Its task is about to be suspended. @param descriptor -1: none.
    void begin(const Scheduler& scheduler, const Frame& frame, IoKind kind, int descriptor) noexcept {
#ifndef GYRE_NO_MARKS
        began_ = scheduler.stamp;
#endif
        kind_ = kind;
        if (scheduler.tape != nullptr) [[unlikely]]
            note_begin(scheduler, frame, descriptor);
    }
    /// The operation has ended.
    void end(const Scheduler& scheduler, const Frame& frame, std::int64_t result) const noexcept {
        if (scheduler.tape != nullptr) [[unlikely]]
            note_end(scheduler, frame, result);
    }
    /// Its task has its turn.
    void resume(const Scheduler& scheduler) const noexcept {
        if (began_ == Time::min() || scheduler.histograms == nullptr) return;
        scheduler.histograms->io[static_cast<std::size_t>(kind_)].record(scheduler.stamp - began_);
    }

private:
    void note_begin(const Scheduler& scheduler, const Frame& frame, int descriptor) const noexcept;
    void note_end(const Scheduler& scheduler, const Frame& frame, std::int64_t result) const noexcept;

    Time began_ = Time::min();  ///< That: it has not.
    IoKind kind_ = IoKind::other;
};

}  // namespace gyre::internal

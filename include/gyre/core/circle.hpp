#pragma once

#include <gyre/core/wait_record.hpp>

/// Circles of tasks that wait for each other: found when a task is about to wait for another one that waits already.
namespace gyre::internal {

class Frame;
class Strand;
class TaskNode;

/// The frame that cannot go on before `strand` does, since nothing else runs for it: a scope's, the reader of a generator, that of
/// a `gather` or `race` whose other branches have ended. Null: there is none, or something runs beside the strand.
[[nodiscard]] auto frame_behind(const Strand& strand) noexcept -> const Frame*;

/// `frame` is about to wait, as `wait` says, for what only `owner` can give. If `owner` waits for the task of `frame`, over
/// however many others, none of them can ever go on: that is raised here, or reported, as `RunOptions::on_deadlock` says.
///
/// Only what is certain counts: each of them has one thing alone to wait for, and no time limit ends it.
/// @throws DeadlockError, which names them all, with `OnDeadlock::raise`.
void refuse_circle(const Frame& frame, const WaitRecord& wait, const TaskNode& owner);

}  // namespace gyre::internal

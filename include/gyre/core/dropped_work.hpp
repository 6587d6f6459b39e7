#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scheduler.hpp>

namespace gyre::internal {

/// Keeps a scope open for work that was dropped in it before its end, and that still has to clean up: a half-read
/// generator or `as_completed`. A destructor cannot wait, so the scope in which it ran does.
class DroppedWork : public ListLink<DroppedWork> {
public:
    DroppedWork() noexcept = default;
    DroppedWork(const DroppedWork&) = delete;
    auto operator=(const DroppedWork&) -> DroppedWork& = delete;

    /// It was dropped now: where code runs, or a frame is unwound; outside of both the loop waits for it when it closes.
    void begin_cleaning(Scheduler& scheduler) noexcept;
    /// It has ended.
    void end_cleaning(Scheduler& scheduler) noexcept;
    /// What waits for it; null for the loop.
    [[nodiscard]] auto waiting_scope() const noexcept -> Scope* { return scope_; }

protected:
    ~DroppedWork() = default;

private:
    Scope* scope_ = nullptr;
};

}  // namespace gyre::internal

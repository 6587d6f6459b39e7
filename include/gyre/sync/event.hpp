#pragma once

#include <gyre/sync/wait_list.hpp>

#include <coroutine>
#include <cstddef>
#include <string_view>

namespace gyre {

namespace internal {
class EventWait;
}  // namespace internal

/// What an event looks like from outside.
struct EventStatistics {
    bool set = false;
    std::size_t waiting = 0;  ///< How many tasks wait for it.
};

/// A flag that tasks of one loop wait for.
///
/// `set` wakes all who wait, in the order in which they came, and lets later ones through until `clear`.
/// Outlives those who wait. Thread: that of the loop that waits for it first, whose tasks alone may wait and set.
/// Source: asyncio.Event.
class Event {
public:
    /// @param name shown in dumps.
    explicit Event(std::string_view name = {}) : waiters_("event", name) {}

    /// Wakes everyone; a waiter that is cancelled afterwards has its wake-up all the same. Idempotent.
    /// @throws InvalidStateError if somebody waits on a loop that does not run on this thread: `post` it there.
    void set();
    /// Later waiters wait again. @throws InvalidStateError as `set`.
    void clear();
    [[nodiscard]] auto is_set() const noexcept -> bool { return set_; }

    /// Waits until the event is set; passes at once if it is.
    /// @throws InvalidStateError on another loop than the one that waited first.
    /// On cancel: stops waiting; the event is as it was.
    [[nodiscard]] auto wait() noexcept -> internal::EventWait;

    [[nodiscard]] auto name() const noexcept -> std::string_view { return waiters_.name(); }
    /// How many tasks wait.
    [[nodiscard]] auto waiter_count() const noexcept -> std::size_t { return waiters_.size(); }
    [[nodiscard]] auto statistics() const noexcept -> EventStatistics { return {set_, waiters_.size()}; }

private:
    friend class internal::EventWait;

    internal::WaitList waiters_;
    bool set_ = false;
};

namespace internal {

class [[nodiscard("co_await it")]] EventWait final : public ListedWait {
public:
    explicit EventWait(Event& event) noexcept : ListedWait(event.waiters_), event_(&event) {}

    [[nodiscard]] auto await_ready() const -> bool {
        list_->use_on(scheduler(), "wait");
        return event_->set_ && !interrupted();
    }
    void await_suspend(std::coroutine_handle<>) noexcept { enlist(); }
    void await_resume() const noexcept {}

    [[nodiscard]] auto record() const noexcept -> WaitRecord override {
        return {.kind = WaitKind::event, .object = event_, .name = list_->name(), .waiting = list_->size()};
    }

private:
    Event* event_;
};

}  // namespace internal

inline auto Event::wait() noexcept -> internal::EventWait { return internal::EventWait(*this); }

}  // namespace gyre
